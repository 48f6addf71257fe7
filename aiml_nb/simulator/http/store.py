"""Stored completions, as the openai client's own tests need them: unknown ones exist, too."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..model.engine import simulate
from ..model.plan import Arrival
from ..settings import Settings
from .openai_format import Label, write_completion
from .refusals import Refusal

# Bounds the memory of a long-lived server.
_MAX_STORED = 1000

_PAGE_SIZE = 20

_Json = dict[str, Any]


class Store:
    """Stored completions by id, in memory, the latest 1,000."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._completions: dict[str, _Json] = {}
        self._messages: dict[str, list[_Json]] = {}

    def keep(
        self, completion: _Json, messages: Sequence[Mapping[str, Any]], metadata: _Json
    ) -> None:
        """Store a completion and the messages it answers."""
        name = completion["id"]
        self._completions[name] = {**completion, "metadata": metadata}
        self._messages[name] = [
            {"refusal": None, **message, "id": f"{name}-{index}"}
            for index, message in enumerate(messages)
        ]
        # Dictionaries keep the order of insertion: the oldest goes first.
        while len(self._completions) > _MAX_STORED:
            self._remove(next(iter(self._completions)))

    def find(self, name: str) -> _Json:
        """Return a stored completion; one that was never stored is generated."""
        return self._completions.get(name) or self._generate(name)

    def change(self, name: str, metadata: Any) -> _Json:
        """Replace the metadata of a stored completion."""
        if not isinstance(metadata, dict | None):
            raise Refusal(400, "metadata must be an object.", param="metadata")
        changed = self.find(name) | {"metadata": metadata or {}}
        if name in self._completions:
            self._completions[name] = changed
        return changed

    def delete(self, name: str) -> _Json:
        """Delete a stored completion."""
        self._remove(name)
        return {"id": name, "object": "chat.completion.deleted", "deleted": True}

    def list_completions(self, query: Mapping[str, str]) -> _Json:
        """List the stored completions that the query asks for."""
        wanted = {
            name[9:-1]: value for name, value in query.items() if name.startswith("metadata[")
        }
        found = [
            each
            for each in self._completions.values()
            if query.get("model") in (None, each["model"])
            and wanted.items() <= each["metadata"].items()
        ]
        return self._page(found, query)

    def list_messages(self, name: str, query: Mapping[str, str]) -> _Json:
        """List the messages that a stored completion answers."""
        return self._page(self._messages.get(name, []), query)

    def _page(self, items: list[_Json], query: Mapping[str, str]) -> _Json:
        if query.get("order") == "desc":
            items = items[::-1]
        names = [item["id"] for item in items]
        start = names.index(query["after"]) + 1 if query.get("after") in names else 0
        given = query.get("limit", "")
        limit = int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else 0
        data = items[start : start + (limit or _PAGE_SIZE)]
        return {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": start + len(data) < len(items),
        }

    def _generate(self, name: str) -> _Json:
        (plan,) = simulate([Arrival(0.0, name)], Settings(seed=self._settings.seed))
        made_up: _Json = json.loads(write_completion(plan, Label(name, 0, "made-up")))
        return made_up

    def _remove(self, name: str) -> None:
        self._completions.pop(name, None)
        self._messages.pop(name, None)

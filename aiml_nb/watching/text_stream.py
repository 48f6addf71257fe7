"""The text of a stream of any API but the chat API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..replies.parse import EventParser, parse_json
from .kinds import Json, Kind


class TextStream:
    """What has come of such a stream; `texts` is what was said in it, `is_done` that it is over."""

    __slots__ = ("_delta", "_events", "_kind", "_told", "is_done", "texts")

    def __init__(self, kind: Kind, delta: Callable[[Json], tuple[str, Json]]) -> None:
        self._kind, self._delta = kind, delta
        self._events = EventParser()
        self._told: dict[str, Any] = {}
        self.texts: list[str] = []
        self.is_done = False

    def feed(self, data: bytes) -> None:
        """Read some more bytes."""
        for event in self._events.feed(data):
            if event.startswith(b"[DONE]"):
                self.is_done = True
                return
            try:
                told = parse_json(event)
            except ValueError:
                continue
            if isinstance(told, dict):
                text, rest = self._delta(told)
                if text:
                    self.texts.append(text)
                for name, value in rest.items():
                    old = self._told.get(name)
                    is_merged = isinstance(old, dict) and isinstance(value, dict)
                    self._told[name] = {**old, **value} if is_merged else value  # type: ignore[dict-item]

    def build(self) -> Json | None:
        """Return the reply in the shape of a completion, as far as it has come."""
        body = self._kind.complete(self._told) if self._told or self.texts else None
        if body is not None and self.texts and body.get("choices"):
            body["choices"][0]["message"]["content"] = "".join(self.texts)
        return body

"""Assemble the streams of each API into the shape of an unstreamed reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..apis import Api, Json
from .assembly import Assembly
from .parse import shorten
from .response_events import ResponseAssembly


class AnyAssembly(Protocol):
    """A streamed answer, as far as it has arrived: see `Assembly`."""

    has_content: bool

    @property
    def n_choices(self) -> int:
        """How many choices have begun."""

    def is_complete(self, expected: int) -> bool:
        """Say whether all that is expected has come."""

    def add(self, chunk: object) -> str | None:
        """Add an event; return a description of what cannot be read."""

    def build(self) -> dict[str, Any] | None:
        """Return the answer so far; None if nothing arrived."""


def assembly_of(api: Api) -> AnyAssembly:
    """Return an empty assembly for a stream of `api`."""
    made: Callable[[], AnyAssembly] | None = _BY_NAME.get(api.name)
    return made() if made else EventAssembly(api)


class TextAssembly(Assembly):
    """A stream of the completions API: chunks as of the chat API, with plain texts."""

    __slots__ = ()

    def add(self, chunk: object) -> str | None:
        """Add a chunk; see `Assembly.add`."""
        if isinstance(chunk, dict) and isinstance(chunk.get("choices"), list):
            chunk = {**chunk, "choices": [_as_delta(each) for each in chunk["choices"]]}
        return super().add(chunk)

    def build(self) -> dict[str, Any] | None:
        """Return the answer so far; see `Assembly.build`."""
        body = super().build()
        if body is not None:
            body["choices"] = [_as_text(each) for each in body["choices"]]
        return body


def _as_delta(choice: Any) -> Any:
    if not isinstance(choice, dict) or "text" not in choice:
        return choice
    others = {name: each for name, each in choice.items() if name != "text"}
    return {**others, "delta": {"content": choice["text"]}}


def _as_text(choice: dict[str, Any]) -> dict[str, Any]:
    others = {name: each for name, each in choice.items() if name != "message"}
    return {"text": choice["message"].get("content") or "", **others}


class EventAssembly:
    """A stream of events that tell a text and, bit by bit, the other members of a reply."""

    __slots__ = ("_api", "_told", "has_content", "texts")
    n_choices = 1

    def __init__(self, api: Api) -> None:
        self._api = api
        self._told: dict[str, Any] = {}
        self.texts: list[str] = []
        self.has_content = False

    def is_complete(self, expected: int) -> bool:
        """Say no: these events do not tell, so that what follows them counts."""
        return False

    def add(self, chunk: object) -> str | None:
        """Add an event; see `Assembly.add`."""
        if not isinstance(chunk, dict):
            return f"is {shorten(chunk)}" if chunk else None
        text, rest = self._api.delta(chunk) if self._api.delta else ("", chunk)
        if text:
            self.texts.append(text)
            self.has_content = True
        self._merge(rest)
        return None

    def build(self) -> dict[str, Any] | None:
        """Return a completion with the text so far; see `Assembly.build`."""
        body = self._api.complete(self._told) if self._told or self.texts else None
        if body is not None and self.texts and body.get("choices"):
            body["choices"][0]["message"]["content"] = "".join(self.texts)
        return None if body is None else dict(body)

    def _merge(self, rest: Json) -> None:
        for name, value in rest.items():
            old = self._told.get(name)
            is_merged = isinstance(old, dict) and isinstance(value, dict)
            self._told[name] = {**old, **value} if is_merged else value  # type: ignore[dict-item]


_BY_NAME: dict[str, Callable[[], AnyAssembly]] = {
    "chat": Assembly,
    "completions": TextAssembly,
    "responses": ResponseAssembly,
}

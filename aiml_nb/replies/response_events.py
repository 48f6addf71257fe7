"""Assemble the events of a streamed response into the shape of an unstreamed one.

The last event holds the whole response. Of a stream that breaks off, what has come is put together
from the items of its output and the pieces of their texts.
"""

from __future__ import annotations

from typing import Any

from .parse import shorten

_LAST_EVENTS = frozenset({"response.completed", "response.incomplete", "response.failed"})
# The events that add to a text: the member of an item it belongs to, and the type of its parts.
_DELTAS = {
    "response.output_text.delta": ("content", "output_text"),
    "response.refusal.delta": ("content", "refusal"),
    "response.reasoning_text.delta": ("content", "reasoning_text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_text"),
    "response.function_call_arguments.delta": ("arguments", ""),
    "response.custom_tool_call_input.delta": ("input", ""),
}
_ITEM_TYPES = {"reasoning_text": "reasoning", "summary_text": "reasoning", "": "function_call"}


class ResponseAssembly:
    """A streamed response, as far as it has arrived: an `assembly.Assembly` for its events."""

    __slots__ = ("_body", "_is_over", "_items", "_pieces", "has_content")

    def __init__(self) -> None:
        self._body: dict[str, Any] = {}
        self._items: dict[int, dict[str, Any]] = {}
        # By the place of an item in the output, the event, and the place of its part.
        self._pieces: dict[tuple[int, str, int], list[str]] = {}
        self._is_over = False
        self.has_content = False

    @property
    def n_choices(self) -> int:
        """Always one: the API has no others."""
        return 1

    def is_complete(self, expected: int) -> bool:
        """Say whether the last event has come."""
        return self._is_over

    def add(self, chunk: object) -> str | None:
        """Add an event; return a description of what cannot be read."""
        if not isinstance(chunk, dict):
            return f"is {shorten(chunk)}" if chunk else None
        kind, delta = chunk.get("type"), chunk.get("delta")
        if kind in _DELTAS:
            if isinstance(delta, str) and delta:
                part = _place(chunk, "content_index") or _place(chunk, "summary_index")
                key = (_place(chunk, "output_index"), str(kind), part)
                self._pieces.setdefault(key, []).append(delta)
                self.has_content = True
        elif isinstance(chunk.get("response"), dict):
            self._body |= chunk["response"]
            if isinstance(usage := chunk.get("meta"), dict):
                self._body["meta"] = usage
            self._is_over = self._is_over or kind in _LAST_EVENTS
        elif isinstance(chunk.get("item"), dict):
            self._items[_place(chunk, "output_index")] = chunk["item"]
        return None

    def build(self) -> dict[str, Any] | None:
        """Return the response so far; None if nothing arrived."""
        if not (self._body or self._items or self._pieces):
            return None
        if self._is_over and self._body.get("output"):
            return self._body
        for (at, kind, part), pieces in sorted(self._pieces.items()):
            self._add_text(at, kind, part, "".join(pieces))
        output = [self._items[at] for at in sorted(self._items)]
        return {"object": "response", **self._body, "output": output}

    def _add_text(self, at: int, kind: str, part: int, text: str) -> None:
        """Put a text into its item, unless the item came as a whole after it."""
        member, type_ = _DELTAS[kind]
        item = self._items.get(at)
        if item is None:
            item = self._items[at] = {"type": _ITEM_TYPES.get(type_, "message")}
        if not type_:
            item[member] = item.get(member) or text
            return
        parts = item.get(member)
        if not isinstance(parts, list):
            parts = item[member] = []
        if len(parts) <= part:
            name = "refusal" if type_ == "refusal" else "text"
            parts.append({"type": type_, name: text})


def _place(event: dict[str, Any], name: str) -> int:
    place = event.get(name)
    return place if type(place) is int and 0 <= place < 2**16 else 0

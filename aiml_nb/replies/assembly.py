"""Assemble the chunks of a streamed answer into the shape of an unstreamed one.

Choices are told apart by their ``index``, tool calls by index and id (`deltas`), other objects in
lists by an index if they have one. In a message texts are concatenated and lists extended;
elsewhere the last non-empty value wins. Unknown members are kept in the same way, so that nothing a
provider adds is lost.
"""

from __future__ import annotations

from typing import Any

from .deltas import add_to_message, close, find_growing
from .parse import shorten

# Members of a delta with content: the first of them is the first token. Providers name reasoning
# differently.
_CONTENT = (
    *("content", "reasoning_content", "reasoning", "refusal", "tool_calls"),
    *("thinking", "reasoning_details", "function_call", "audio"),
)
# Top-level members that keep the value of the first chunk.
_FIRST = frozenset({"id", "created", "object"})


class Assembly:
    """A streamed answer, as far as it has arrived.

    Attributes
    ----------
    has_content
        True once a chunk with content has arrived.
    """

    __slots__ = ("_body", "_choices", "_finished", "has_content")

    def __init__(self) -> None:
        self._body: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._finished = 0
        self.has_content = False

    @property
    def n_choices(self) -> int:
        """How many choices have begun."""
        return len(self._choices)

    def is_complete(self, expected: int) -> bool:
        """Say whether all choices, and as many as are expected, have a finish_reason."""
        return self._finished == len(self._choices) >= expected

    def add(self, chunk: object) -> str | None:
        """Add a chunk as far as it can be read; return a description of what cannot.

        Empty values, such as ``null`` for choices or a delta, are no error.
        """
        if not isinstance(chunk, dict):
            return f"is {shorten(chunk)}" if chunk else None
        body = self._body
        for name, value in chunk.items():
            old = body.get(name)
            # Most members repeat in every chunk, and the JSON parser's string cache then returns
            # the same object: an identity check is enough, and fast.
            is_new = value is not old or name not in body
            if is_new and name != "choices" and not (old and name in _FIRST):
                _merge(body, name, value, grows=False)
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            return f"has no choices but {shorten(choices)}" if choices else None
        problem = None
        for position, choice in enumerate(choices):
            problem = self._add_choice(position, choice) or problem
        return problem

    def find_growing(self, chunk: dict[str, Any]) -> list[str] | None:
        """Return where the text of a chunk was added, if that is all that the chunk has changed.

        Another chunk that differs in its text alone can then be added by appending this text.
        """
        choice = chunk["choices"][0]
        if not self.has_content or len(chunk["choices"]) > 1 or not isinstance(choice, dict):
            return None  # before any content, a text may be the first token
        delta, index = choice.get("delta"), choice.get("index")
        if not isinstance(delta, dict) or type(index) is not int:
            return None
        others = {**choice, "delta": None, "index": None}, {**delta, "content": None, "role": None}
        if any(value is not None for each in others for value in each.values()):
            return None
        assembled = self._choices[index]
        return find_growing(assembled["message"]) if assembled["finish_reason"] is None else None

    def build(self) -> dict[str, Any] | None:
        """Return the answer, None if nothing arrived; to be called once, after the last `add`."""
        if not self._body and not self._choices:
            return None
        kind = self._body.get("object")
        if isinstance(kind, str):
            self._body["object"] = kind.removesuffix(".chunk")
        for choice in self._choices.values():
            close(choice["message"])
        self._body["choices"] = [self._choices[index] for index in sorted(self._choices)]
        return self._body

    def _add_choice(self, position: int, choice: object) -> str | None:
        if not isinstance(choice, dict):
            return f"has a choice that is {shorten(choice)}" if choice else None
        index = choice.get("index")
        if type(index) is not int:
            index = position
        assembled = self._choices.get(index)
        if assembled is None:
            assembled = {"index": index, "message": {}, "finish_reason": None}
            self._choices[index] = assembled
        is_over = assembled["finish_reason"] is not None
        for name, value in choice.items():
            if name in ("delta", "index", "message"):
                continue
            if value is None:
                assembled.setdefault(name, None)
            elif name != "finish_reason":
                _merge(assembled, name, value, grows=True)
            elif isinstance(value, str) and value not in ("", "null") and not is_over:
                self._finished += 1
                assembled[name] = value
        return self._add_delta(assembled["message"], choice, is_over=is_over)

    def _add_delta(
        self, message: dict[str, Any], choice: dict[str, Any], *, is_over: bool
    ) -> str | None:
        delta = choice.get("delta")
        if not delta and not message.get("content"):
            delta = choice.get("message")  # some servers send the whole message in the last chunk
        if not isinstance(delta, dict):
            return f"has no delta but {shorten(delta)}" if delta else None
        if is_over and not isinstance(delta.get("content", ""), str):
            delta = {name: value for name, value in delta.items() if name != "content"}
        if not self.has_content and any(map(delta.get, _CONTENT)):
            self.has_content = True
        return add_to_message(message, delta)


def _merge(into: dict[str, Any], name: str, value: Any, *, grows: bool) -> None:
    """Merge a new value of `name`: objects member by member; lists are extended if `grows`."""
    old = into.get(name)
    if isinstance(old, dict):
        if isinstance(value, dict):
            for key, each in value.items():
                _merge(old, key, each, grows=grows)
    elif grows and isinstance(old, list):
        if isinstance(value, list):
            old += value
    elif value or not old:
        into[name] = value

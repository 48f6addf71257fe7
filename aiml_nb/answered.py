"""What a record reads from the body of its reply: its properties, and columns of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .apis import CHAT, api_named
from .apis.binary import blobs_in, vectors_in
from .completion import (
    EMPTY,
    choices_of,
    first_choice,
    message_of,
    plain_text_of,
    reasoning_of,
    tool_calls_of,
)

if TYPE_CHECKING:
    import numpy as np


class Answered:
    """The properties of a `records.Call` that are read from its body."""

    __slots__ = ()
    api: str
    body: dict[str, Any] | None

    @property
    def completion(self) -> dict[str, Any]:
        """The reply as a chat completion, whatever API it is of; without choices if wordless."""
        body = self.body or EMPTY
        return body if self.api == CHAT.name else dict(api_named(self.api).complete(body) or EMPTY)

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Every choice of the answer, as the server sent it; empty if there is none."""
        return choices_of(self.completion)

    @property
    def message(self) -> dict[str, Any]:
        """The whole message of the first choice; empty if there is none."""
        return message_of(first_choice(self.completion))

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """The tool calls of the first choice; empty if there are none."""
        return tool_calls_of(self.message)

    @property
    def reasoning(self) -> str:
        """The reasoning of the first choice, whatever its name; empty if it is not sent."""
        return reasoning_of(self.message)

    @property
    def vectors(self) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        """The embeddings of the reply, an array each; empty if there are none."""
        return vectors_in(self.body or EMPTY)

    @property
    def media(self) -> list[bytes]:
        """The pictures or the sound of the reply, as the bytes of files; empty if none."""
        return blobs_in(self.body or EMPTY)

    @property
    def n_choices(self) -> int:
        """The number of choices in the answer."""
        return len(self.choices)


def columns_of(call: Answered) -> dict[str, Any]:
    """Return the columns of a table that are read from the body; None for missing values."""
    if call.body is None or plain_text_of(call.body) is not None:  # fast path: text alone
        n_choices = None if call.body is None else 1
        return {"tool_calls": None, "reasoning": None, "n_choices": n_choices}
    completion = call.completion
    message = message_of(first_choice(completion))
    function = message.get("function_call")  # the API before `tools`
    older = [{"type": "function", "function": function}] if function else None
    return {
        "tool_calls": tool_calls_of(message) or older,
        "reasoning": reasoning_of(message) or None,
        "n_choices": len(choices_of(completion)) if "choices" in completion else None,
    }


def numbers_of(call: Answered) -> dict[str, Any]:
    """Return what a table tells of a reply that is no text: ``{"n_vectors": 1}``; mostly empty."""
    return {} if call.body is None else api_named(call.api).columns(call.body)

"""An answer as it comes in, whole or in pieces, and what it turned out to be.

Read from the JSON itself: building the client's models of it took a third of the time of a call.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ..error_bodies import page_text
from ..failures import BadResponseError, find_error
from ..records import Call, Outcome

# What a piece of a stream may hold for somebody to read; reasoning has two names.
_CONTENT = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls")


class Answer:
    """What has come so far of one attempt's answer.

    Parameters
    ----------
    clock
        Tells the seconds since the run's origin.
    """

    __slots__ = (
        "_clock",
        "_pieces",
        "finish_reason",
        "first_token",
        "is_whole",
        "meta",
        "model",
        "refusal",
        "request_id",
        "usage",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pieces: list[str] = []
        self.first_token: float | None = None
        self.finish_reason: str | None = None
        self.is_whole = False
        self.model: str | None = None
        self.refusal = False
        self.request_id: str | None = None
        self.usage: Any = None
        self.meta: Any = None

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def add_body(self, body: bytes) -> None:
        """Take an answer that came whole.

        Raises
        ------
        BadResponseError
            If it is no chat completion.
        """
        try:
            completion = json.loads(body)
        except (ValueError, RecursionError):
            words = page_text(body.decode(errors="replace")) or "nothing"
            raise BadResponseError(f"the reply is no JSON but: {words}") from None
        for choice in self._read_choices(completion, is_piece=False):
            message = _get(choice, "message")
            if not isinstance(message, dict):
                raise BadResponseError(f"the reply's choice has no message: {_shorten(choice)}")
            self._add_content(message, choice)

    def begin_stream(self, headers: Mapping[str, str]) -> None:
        """Take the head of a reply that was asked for as a stream.

        Some servers answer with JSON all the same, and proxies with a page: `is_whole` then.
        """
        self.request_id = headers.get("x-request-id")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.is_whole = kind in {"application/json", "text/html"}

    def add_unasked_body(self, body: bytes) -> None:
        """Take a whole body that came in place of a stream, as one piece: as `add_body`."""
        came = self._clock()
        self.add_body(body)
        self.first_token = came  # an error is no token

    def add_chunk(self, chunk: object) -> None:
        """Take one piece of a streamed answer; an empty one is no first token.

        Raises
        ------
        BadResponseError
            If it is not shaped like a piece of a chat completion.
        """
        for choice in self._read_choices(chunk, is_piece=True):
            delta = _get(choice, "delta")
            if not isinstance(delta, dict):
                raise BadResponseError(f"a piece of the stream has no delta: {_shorten(choice)}")
            if self.first_token is None and any(map(delta.get, _CONTENT)):
                self.first_token = self._clock()
            self._add_content(delta, choice)

    def fill(self, call: Call) -> None:
        """Write what came into the record of the call."""
        call.text = self.text
        call.first_token = self.first_token
        call.finish_reason = self.finish_reason
        call.model = self.model
        if self.usage is not None:
            call.input_tokens = _whole(_get(self.usage, "prompt_tokens"))
            call.output_tokens = _whole(_get(self.usage, "completion_tokens"))
            details = _get(self.usage, "completion_tokens_details")
            call.reasoning_tokens = _whole(_get(details, "reasoning_tokens"))
        call.cost = _read_cost(self.meta)

    def judge(self) -> tuple[Outcome, str | None]:
        """Return the outcome of an answer that came to its end, and why if it is not ``ok``."""
        if self.refusal or self.finish_reason == "content_filter":
            return "refused", "the model declined to answer"
        if self.finish_reason is None:
            return "incomplete", "the answer ended without a finish_reason"
        if self.finish_reason == "length":
            return "incomplete", "the answer reached max_tokens (finish_reason 'length')"
        return "ok", None

    def _read_choices(self, reply: object, *, is_piece: bool) -> list[Any]:
        """Take what stands beside the choices, and return the first of them, if there is one."""
        choices = _get(reply, "choices")
        error = None if choices else find_error(reply, is_piece=is_piece)
        if error or not (isinstance(reply, dict) and isinstance(choices, list)):
            what = "a piece of the stream is" if is_piece else "the reply is no chat completion but"
            raise error or BadResponseError(f"{what} {_shorten(reply)}")
        self.model = _text(reply.get("model")) or self.model
        self.usage = reply.get("usage") or self.usage
        self.meta = reply.get("meta") or self.meta  # AIML API puts the cost there
        return choices[:1]

    def _add_content(self, content: dict[str, Any], choice: dict[str, Any]) -> None:
        text = content.get("content")
        if isinstance(text, str):
            self._pieces.append(text)
        refusal = content.get("refusal")
        if isinstance(refusal, str) and refusal:
            self.refusal = True
            self._pieces.append(refusal)
        self.finish_reason = _text(choice.get("finish_reason")) or self.finish_reason


def _get(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _read_cost(meta: Any) -> float | None:
    spent = _get(_get(meta, "usage"), "usd_spent")
    if isinstance(spent, bool) or not isinstance(spent, int | float) or not math.isfinite(spent):
        return None
    return float(spent)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shorten(value: object) -> str:
    """Show what came; it is cut for good only after the key has been taken out."""
    return repr(value)[:2000]

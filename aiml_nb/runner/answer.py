"""An answer as it comes in, whole or in pieces, and what it turned out to be."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..failures import BadResponseError
from ..records import Call, Outcome

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk


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

    def add_completion(self, completion: ChatCompletion) -> None:
        """Take an answer that came whole.

        Raises
        ------
        BadResponseError
            If it is not shaped like a chat completion: the client passes on what it gets.
        """
        choices = getattr(completion, "choices", None)
        if not isinstance(choices, list):
            raise BadResponseError(f"the reply is no chat completion but {_shorten(completion)}")
        self.request_id = self.request_id or _text(getattr(completion, "_request_id", None))
        self._add_head(completion)
        for choice in choices[:1]:
            message = getattr(choice, "message", None)
            if message is None:
                raise BadResponseError(f"the reply's choice has no message: {_shorten(choice)}")
            self._add_content(message, choice)

    def begin_stream(self, headers: Mapping[str, str]) -> None:
        """Take the head of a reply that was asked for as a stream.

        Some servers answer with JSON all the same, and proxies with a page: `is_whole` then.
        """
        self.request_id = headers.get("x-request-id")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.is_whole = kind in {"application/json", "text/html"}

    def add_body(self, body: bytes) -> None:
        """Take a whole body that came in place of a stream, as one piece.

        Raises
        ------
        BadResponseError
            If it is no chat completion.
        """
        from openai.types.chat import ChatCompletion

        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise BadResponseError(f"a stream was asked for, not {_shorten(body)}") from None
        if not isinstance(data, dict):
            raise BadResponseError(f"a stream was asked for, not {_shorten(data)}")
        self.first_token = self._clock()
        self.add_completion(ChatCompletion.construct(**data))

    def add_chunk(self, chunk: ChatCompletionChunk) -> None:
        """Take one piece of a streamed answer; an empty one is no first token.

        Raises
        ------
        BadResponseError
            If it is not shaped like a piece of a chat completion.
        """
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list):
            raise BadResponseError(f"a piece of the stream is {_shorten(chunk)}")
        self._add_head(chunk)
        for choice in choices[:1]:
            delta = getattr(choice, "delta", None)
            if delta is None:
                raise BadResponseError(f"a piece of the stream has no delta: {_shorten(choice)}")
            if self.first_token is None and _has_content(delta):
                self.first_token = self._clock()
            self._add_content(delta, choice)

    def fill(self, call: Call) -> None:
        """Write what came into the record of the call."""
        call.text = self.text
        call.first_token = self.first_token
        call.finish_reason = self.finish_reason
        call.model = self.model
        if self.usage is not None:
            call.input_tokens = _whole(getattr(self.usage, "prompt_tokens", None))
            call.output_tokens = _whole(getattr(self.usage, "completion_tokens", None))
            details = getattr(self.usage, "completion_tokens_details", None)
            call.reasoning_tokens = _whole(getattr(details, "reasoning_tokens", None))
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

    def _add_head(self, reply: ChatCompletion | ChatCompletionChunk) -> None:
        self.model = _text(getattr(reply, "model", None)) or self.model
        self.usage = getattr(reply, "usage", None) or self.usage
        extra = reply.model_extra
        if extra and "meta" in extra:  # AIML API puts the cost there
            self.meta = extra["meta"]

    def _add_content(self, content: Any, choice: Any) -> None:
        text = getattr(content, "content", None)
        if isinstance(text, str):
            self._pieces.append(text)
        refusal = getattr(content, "refusal", None)
        if isinstance(refusal, str) and refusal:
            self.refusal = True
            self._pieces.append(refusal)
        self.finish_reason = _text(getattr(choice, "finish_reason", None)) or self.finish_reason


def _has_content(delta: Any) -> bool:
    """Say whether a delta holds anything to read: text, a refusal, or open reasoning."""
    if delta.content or getattr(delta, "refusal", None) or getattr(delta, "tool_calls", None):
        return True
    extra = delta.model_extra
    return bool(extra and (extra.get("reasoning_content") or extra.get("reasoning")))


def _read_cost(meta: Any) -> float | None:
    usage = meta.get("usage") if isinstance(meta, dict) else None
    spent = usage.get("usd_spent") if isinstance(usage, dict) else None
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

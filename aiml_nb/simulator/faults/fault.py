"""`Fault`: how one answer differs from a regular one; open this to add a kind of fault."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Position: TypeAlias = int | str
"""A position in some bytes: an offset, a negative offset from the end, or a share (`50%`)."""

CallForm: TypeAlias = Literal["interleaved", "whole", "same-index", "no-index"]
"""The fragments of all calls in turn; each call in one event, perhaps all with index 0; or with
an id but no index."""

_SHARE = re.compile(r"(\d{1,3})%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one answer differs from a regular one; the default of a field changes nothing.

    Parameters
    ----------
    name, argument
        Its name in the log, and the argument after the colon.
    status, headers, body, seconds
        The answer sent instead. Headers replace the regular ones of the same name; an empty value
        removes one. In headers and body ``{argument}``, ``{key}`` (the client's), ``{url}`` (of the
        request) and ``{date}`` (`seconds` from now, as an HTTP date) are replaced.
    message, code, param
        Of an error body in the format of the profile.
    times, pace
        How many times the body is sent, and the seconds between.
    compressed
        The body is sent with gzip, whatever the client accepts.
    text, finish_reason, says_null, refuses
        Another text of the answer, another finish_reason, ``null`` for its text, or its text as a
        refusal.
    choice_error
        The message of an error in each choice, beside its text.
    in_parts
        The text is a list of parts; two of them in an unstreamed answer.
    calls
        How tool calls are streamed, if not as OpenAI does.
    without
        What is omitted: events of a stream (``finish``, ``done``), the ``delta`` of the finish
        event, the ``choices`` beside the usage, the ``message`` of a choice or its ``content``.
    insert, place
        Bytes inserted into a stream: after its ``first`` token, at its ``end`` (after all choices
        have ended), or after ``done``.
    form, framing
        What is sent whatever was requested: one JSON body or a stream; with its length or in
        chunks.
    shorten
        Only so much of the body is sent, but it ends regularly.
    head
        Sent instead of a status line and headers; no body follows.
    cut, then
        Where the reply stops, and whether the connection is then closed, reset or left hanging.
    split
        Where the reply is split into two writes.
    trickle
        Single bytes are sent, `pace` seconds apart, from the head or from the body on.
    delay
        Seconds before the answer begins.
    linger
        Seconds between the end of the reply and the end of the connection.
    hangs_up
        The connection is kept, and ended at the next request, as `then` says.
    """

    name: str = ""
    argument: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | bytes | None = None
    seconds: float = 0.0
    message: str | None = None
    code: str | None = None
    param: str | None = None
    times: int = 1
    pace: float = 0.0
    compressed: bool = False
    text: str | None = None
    finish_reason: str | None = None
    says_null: bool = False
    refuses: bool = False
    choice_error: str | None = None
    in_parts: bool = False
    calls: CallForm | None = None
    without: tuple[str, ...] = ()
    insert: bytes = b""
    place: Literal["first", "end", "done"] = "first"
    form: Literal["json", "stream"] | None = None
    framing: Literal["length", "chunked"] | None = None
    shorten: Position | None = None
    head: bytes | None = None
    cut: Position | None = None
    then: Literal["close", "reset", "stall"] = "close"
    split: Position | None = None
    trickle: Literal["head", "body"] | None = None
    delay: float = 0.0
    linger: float = 0.0
    hangs_up: bool = False

    @property
    def has_answer(self) -> bool:
        """Whether the model generates an answer, even if it is corrupted afterwards."""
        sends = self.cut != 0 and self.head is None
        return sends and self.status == 200 and self.body is None

    @property
    def has_status(self) -> bool:
        """Whether the client may receive a status line."""
        return self.head is None and self.cut != 0

    @property
    def ends_unanswered(self) -> bool:
        """Whether the connection ends before any byte of a reply."""
        return self.cut in (0, "0%") and self.then != "stall"

    @property
    def is_endless(self) -> bool:
        """Whether it lasts until the client disconnects."""
        return self.cut == 0 and self.then == "stall"

    @property
    def is_sent_as_usual(self) -> bool:
        """Whether its answer is sent like any other, and only the next request meets the fault."""
        changed = (self.shorten, self.head, self.cut, self.split, self.trickle, self.framing)
        plain = changed == (None,) * 6 and not (self.compressed or self.headers or self.form)
        return self.hangs_up and plain and self.has_answer and not (self.without or self.insert)

    @property
    def is_proper(self) -> bool:
        """Whether it is a regular HTTP reply with status, headers and body, sent by aiohttp."""
        changed = (self.shorten, self.head, self.cut, self.split, self.trickle, self.framing)
        plain = changed == (None,) * 6 and not self.compressed and self.times == 1
        return plain and not self.has_answer and not any(not value for _, value in self.headers)


GOOD = Fault()
"""No fault."""


def is_position(value: object) -> bool:
    """Say whether a value is a `Position`."""
    if isinstance(value, str):
        share = _SHARE.fullmatch(value)
        return share is not None and int(share[1]) <= 100
    return isinstance(value, int) and not isinstance(value, bool)


def find_position(position: Position, *, size: int) -> int:
    """Return the offset of a position in `size` bytes."""
    if isinstance(position, str):
        place = size * int(position.removesuffix("%")) // 100
    else:
        place = position if position >= 0 else size + position
    return max(0, min(size, place))

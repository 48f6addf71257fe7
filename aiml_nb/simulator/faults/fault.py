"""One fault: how an answer differs from a good one."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Position: TypeAlias = int | str
"""A place in some bytes: their number, the number from the end (negative), or a share (`50%`)."""

CallForm: TypeAlias = Literal["interleaved", "whole", "same-index", "no-index"]
"""Piece by piece of all calls in turn; each call in one event, perhaps all with index 0; or with
an id only."""

_SHARE = re.compile(r"(\d{1,3})%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one answer differs from a good one; a field left alone changes nothing.

    Parameters
    ----------
    name, argument
        What the log calls it, and what was given after the colon.
    status, headers, body, seconds
        The answer sent instead. Headers replace the usual ones of the same name; an empty one is
        left out. In headers and body ``{argument}``, ``{key}`` (the caller's), ``{url}`` (the
        address asked) and ``{date}`` (`seconds` from now, as HTTP writes it) are filled in.
    message, code, param
        Of an error body in the shape of the profile.
    times, pace
        The body is sent so often, with so many seconds between.
    compressed
        The body is sent with gzip, whatever the client accepts.
    text, finish_reason, says_null, refuses
        Another text of the answer, another reason of its end, ``null`` for its text, or its text
        as a refusal.
    choice_error
        The message of an error in each choice, beside its text.
    in_parts
        The text is a list of parts, two of them where it comes whole.
    calls
        How calls of tools are streamed, if not as OpenAI does.
    without
        What is left out: events of a stream (``finish``, ``done``), the ``delta`` of that finish,
        the ``choices`` beside the usage, the ``message`` of a choice or the ``content`` of that.
    insert, place
        Bytes put into a stream: after its ``first`` token, at its ``end`` (after all choices have
        ended), or after it is ``done``.
    form, framing
        What is sent whatever was asked for: one JSON body or a stream; with its length or in
        chunks.
    shorten
        Only so much of the body is sent, and ended properly.
    head
        Sent instead of a status line and headers; no body follows.
    cut, then
        Where the reply stops, and whether it is then closed, reset or left hanging.
    split
        Where the reply is sent in two pieces.
    trickle
        From the head or the body on, single bytes are sent, `pace` apart.
    delay
        Seconds before the answer begins.
    linger
        Seconds between the end of the reply and that of its connection.
    hangs_up
        The connection is kept, and the next request on it ends it, as `then` says.
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
        """Whether the model answers, however that is then corrupted; else nothing is served."""
        sends = self.cut != 0 and self.head is None
        return sends and self.status == 200 and self.body is None

    @property
    def has_status(self) -> bool:
        """Whether the client may get to see a status."""
        return self.head is None and self.cut != 0

    @property
    def ends_unanswered(self) -> bool:
        """Whether the connection ends before any byte of a reply."""
        return self.cut in (0, "0%") and self.then != "stall"

    @property
    def is_endless(self) -> bool:
        """Whether it lasts until the client leaves."""
        return self.cut == 0 and self.then == "stall"

    @property
    def is_sent_as_usual(self) -> bool:
        """Whether its answer goes over the wire like any other, and only what follows is not."""
        changed = (self.shorten, self.head, self.cut, self.split, self.trickle, self.framing)
        plain = changed == (None,) * 6 and not (self.compressed or self.headers or self.form)
        return self.hangs_up and plain and self.has_answer and not (self.without or self.insert)

    @property
    def is_proper(self) -> bool:
        """Whether it is an HTTP answer like any other, made of status, headers and body."""
        changed = (self.shorten, self.head, self.cut, self.split, self.trickle, self.framing)
        plain = changed == (None,) * 6 and not self.compressed and self.times == 1
        return plain and not self.has_answer and not any(not value for _, value in self.headers)


GOOD = Fault()
"""The fault of all being well."""


def is_position(value: object) -> bool:
    """Say whether a value names a place in some bytes."""
    if isinstance(value, str):
        share = _SHARE.fullmatch(value)
        return share is not None and int(share[1]) <= 100
    return isinstance(value, int) and not isinstance(value, bool)


def find_position(position: Position, *, size: int) -> int:
    """Give the place that `position` names in `size` bytes."""
    if isinstance(position, str):
        place = size * int(position.removesuffix("%")) // 100
    else:
        place = position if position >= 0 else size + position
    return max(0, min(size, place))

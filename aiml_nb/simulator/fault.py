"""One fault: how an answer differs from a good one."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Position: TypeAlias = int | str
"""A place in some bytes: their number, the number from the end (negative), or a share (`50%`)."""

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
    message, code
        Of an error body in the shape of the profile.
    times, pace
        The body is sent so often, with so many seconds between.
    compressed
        The body is sent with gzip, whatever the client accepts.
    text, finish_reason, says_null, refuses
        Another text of the answer, another reason of its end, ``null`` for its text, or its text
        as a refusal.
    without, insert
        Events of a stream that are left out (``finish``, ``done``); bytes put after its first
        token.
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
    """

    name: str = ""
    argument: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | bytes | None = None
    seconds: float = 0.0
    message: str | None = None
    code: str | None = None
    times: int = 1
    pace: float = 0.0
    compressed: bool = False
    text: str | None = None
    finish_reason: Literal["stop", "length", "content_filter"] | None = None
    says_null: bool = False
    refuses: bool = False
    without: tuple[str, ...] = ()
    insert: bytes = b""
    form: Literal["json", "stream"] | None = None
    framing: Literal["length", "chunked"] | None = None
    shorten: Position | None = None
    head: bytes | None = None
    cut: Position | None = None
    then: Literal["close", "reset", "stall"] = "close"
    split: Position | None = None
    trickle: Literal["head", "body"] | None = None
    delay: float = 0.0

    @property
    def has_answer(self) -> bool:
        """Whether the model answers, however that is then spoiled; else nothing is served."""
        sends = self.cut != 0 and self.head is None
        return sends and self.status == 200 and self.body is None

    @property
    def has_status(self) -> bool:
        """Whether the client may get to see a status."""
        return self.head is None and self.cut != 0

    @property
    def is_endless(self) -> bool:
        """Whether it lasts until the client leaves."""
        return self.cut == 0 and self.then == "stall"

    @property
    def is_proper(self) -> bool:
        """Whether it is an HTTP answer like any other, made of status, headers and body."""
        changed = (self.shorten, self.head, self.cut, self.split, self.trickle, self.framing)
        plain = changed == (None,) * 6 and not self.compressed and self.times == 1
        return plain and not self.has_answer and not any(not value for _, value in self.headers)


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

"""Calls that nobody has looked at yet: what they are is written into them when somebody does.

To read a reply, and to look for keys in it, takes longer than all else that is done for a call; and
each takes three times as long between two steps of the code that is watched as many do in a row. So
while something is watched little more than stamps and references is kept.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol, SupportsIndex

from ..records import Call

MAX_UNREAD = 100  # replies, which take a few milliseconds to read
MAX_UNREAD_BYTES = 4 * 2**20
lock = threading.RLock()  # a garbage collection may end a stream in the middle of a reading


class Writer(Protocol):
    """Who knows what a call is."""

    def show(self) -> None:
        """Write all that is known into the calls, with `become`; do nothing the next time."""


_writers: dict[int, Writer] = {}  # of calls that have not been read
_ended: list[Writer] = []  # of these, where nothing more will come
_size = 0  # bytes that `_ended` holds


class UnreadCall(Call):
    """A call none of whose fields is there; a look at any of them makes it a plain `Call`."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        read(self)
        return getattr(self, name)

    def __repr__(self) -> str:
        read(self)
        return repr(self)

    def __eq__(self, other: object) -> bool:
        read(self)
        if isinstance(other, Call):
            read(other)
        return self == other

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        read(self)
        return self.__reduce_ex__(protocol)


def make_unread(writer: Writer) -> Call:
    """Return a call whose fields `writer` knows."""
    call = UnreadCall.__new__(UnreadCall)
    _writers[id(call)] = writer
    return call


def become(call: Call, fields: dict[str, Any]) -> None:
    """Give an unread call its fields: each at once its last value, others may be looking."""
    Call.__init__(call, **fields)
    call.__class__ = Call
    _writers.pop(id(call), None)


def read(call: Call) -> None:
    """Have a call's fields written, if they are not."""
    if type(call) is not UnreadCall:
        return
    with lock:
        writer = _writers.get(id(call))
        if writer is not None:
            writer.show()
        if type(call) is UnreadCall:  # it was made by nobody who knows it
            call.__class__ = Call  # type: ignore[assignment]


def put_off(writer: Writer, size: int) -> None:
    """Leave calls that are over for later; once there are enough, all are read in a row."""
    global _size
    with lock:
        _ended.append(writer)
        _size += size
        if len(_ended) >= MAX_UNREAD or _size >= MAX_UNREAD_BYTES:
            read_ended()


def read_ended() -> None:
    """Read all calls that are over."""
    global _size
    with lock:
        due, _size = _ended[:], 0
        _ended.clear()
        for each in due:
            each.show()

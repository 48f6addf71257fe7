"""What both clients hold a server to: the size of a head and of a body, bodies that are plain."""

from __future__ import annotations

import codecs
import errno
import os
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Protocol

import httpx2

# An answer is asked for plain: what is packed takes time, and may be a thousand times as long.
PLAIN_REPLY = {"Accept-Encoding": "identity"}
# A whole reply, or one event of a stream, may have this many bytes. The longest real answers are
# below 1 MB; what is read counts several times over in memory.
MAX_BYTES = 8 * 2**20
# All events of a stream together: those of the longest real answers have some 40 MiB.
MAX_STREAM_BYTES = 8 * MAX_BYTES
# The status line and the headers of a reply together: where the blocking client's parser ends.
MAX_HEAD_BYTES = 100 * 2**10
# Seconds for which an idle connection is kept.
KEEP_ALIVE = 5.0
# A timer that rings later than this, in seconds, tells that the process was stopped, as by a closed
# laptop, or that something blocked it. What came meanwhile is read first, in this time.
STOPPED_AFTER = 0.25
READ_GRACE = 0.5


class ReplyTooLargeError(Exception):
    """A reply, or one event of a stream, is larger than `MAX_BYTES`."""


class HeadTooLargeError(Exception):
    """The head of a reply is larger than `MAX_HEAD_BYTES`."""

    def __init__(self) -> None:
        super().__init__(f"the head of the reply has more than {MAX_HEAD_BYTES // 2**10} KiB")


class EncodedReplyError(Exception):
    """A reply is packed, although it was asked for plain, so that it cannot be read."""


class DeadlineError(TimeoutError):
    """The whole exchange took longer than its timeout."""


class CountsReconnects(Protocol):
    """What is told of a request that was sent again: a `records.Attempt`."""

    reconnects: int


# The attempt that this task or thread is about. A request on a connection that was used before and
# dies without a byte of an answer has met a server that was closing it: it is sent once more, on a
# new connection, and that is all that is to be known of it.
current_attempt: ContextVar[CountsReconnects | None] = ContextVar("current_attempt", default=None)


def note_reconnect() -> None:
    """Count a request that is sent again."""
    attempt = current_attempt.get()
    if attempt is not None:
        attempt.reconnects += 1


def check_head_size(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise HeadTooLargeError if headers that have come are more than a reply may have."""
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEAD_BYTES:
        raise HeadTooLargeError


def fix_charset(response: httpx2.Response) -> None:
    """Have an error's body read as UTF-8 where its label names nothing to read text by.

    Such as ``charset=hex``: the client would raise whatever the codec does, and lose the status.
    """
    if response.status_code < 300:
        return
    try:
        decoder = codecs.getincrementaldecoder(response.charset_encoding or "utf-8")("replace")
        is_text = isinstance(decoder.decode(b"probe", True), str)
    except Exception:  # noqa: BLE001  each codec fails in its own way
        is_text = False
    if not is_text:
        response.encoding = "utf-8"


def describe_os_error(error: BaseException) -> str:
    """Return the system's own words for why there is no connection."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    number: Any = getattr(cause, "errno", None)
    known = number in errno.errorcode
    return (os.strerror(number) if known else getattr(cause, "strerror", "") or str(cause)).lower()


class SizeLimit:
    """Counts bytes: of the whole body, or of a stream and of its current line."""

    __slots__ = ("_all", "_by_event", "_bytes")

    def __init__(self, *, by_event: bool) -> None:
        self._by_event = by_event
        self._all = self._bytes = 0

    def count(self, piece: bytes) -> None:
        """Add `piece`; raise ReplyTooLargeError if that is too much."""
        line_end = piece.rfind(b"\n") if self._by_event else -1
        self._bytes = self._bytes + len(piece) if line_end < 0 else len(piece) - line_end - 1
        self._all += len(piece)
        if self._bytes > MAX_BYTES or self._all > MAX_STREAM_BYTES:
            most = MAX_BYTES if self._bytes > MAX_BYTES else MAX_STREAM_BYTES
            raise ReplyTooLargeError(f"the reply has more than {most // 2**20} MiB")

"""The limits that both clients enforce: sizes of head and body, no compression, deadlines."""

from __future__ import annotations

import codecs
import errno
import os
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Protocol

import httpx2

# Replies are requested uncompressed: decompression takes time, and may expand a thousandfold.
PLAIN_REPLY = {"Accept-Encoding": "identity"}
# The most bytes of a whole reply, or of one event. The longest real answers are below 1 MB, and a
# reply takes a multiple of its size in memory.
MAX_BYTES = 8 * 2**20
# The most bytes of a stream: those of the longest real answers have some 40 MiB.
MAX_STREAM_BYTES = 8 * MAX_BYTES
# The most bytes of status line and headers: the limit of the blocking client's parser.
MAX_HEAD_BYTES = 100 * 2**10
# Seconds for which an idle connection is kept.
KEEP_ALIVE = 5.0
# A timer that fires this many seconds late shows that the process was stopped (a closed laptop), or
# blocked. The reply may be waiting in the socket, so there is some more time to read it.
STOPPED_AFTER = 0.25
READ_GRACE = 0.5


class ReplyTooLargeError(Exception):
    """A reply, or one event of a stream, is larger than `MAX_BYTES`."""


class HeadTooLargeError(Exception):
    """The head of a reply is larger than `MAX_HEAD_BYTES`."""

    def __init__(self) -> None:
        super().__init__(f"the head of the reply has more than {MAX_HEAD_BYTES // 2**10} KiB")


class EncodedReplyError(Exception):
    """A reply is compressed in a way that cannot be read."""


class DeadlineError(TimeoutError):
    """The whole exchange took longer than its timeout."""


class CountsReconnects(Protocol):
    """Counts the requests that were sent again: a `records.Attempt`."""

    reconnects: int


# The attempt that this task or thread makes. If a reused connection is closed without a byte of a
# reply, the server was closing it as idle, and the request is sent once more; the attempt only
# counts it.
current_attempt: ContextVar[CountsReconnects | None] = ContextVar("current_attempt", default=None)


def note_reconnect() -> None:
    """Count a request that is sent again."""
    attempt = current_attempt.get()
    if attempt is not None:
        attempt.reconnects += 1


def check_head_size(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise HeadTooLargeError if the headers are larger than `MAX_HEAD_BYTES`."""
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEAD_BYTES:
        raise HeadTooLargeError


def fix_charset(response: httpx2.Response) -> None:
    """Read an error's body as UTF-8 if its charset is not a text encoding.

    With ``charset=hex``, for one, the client would raise the codec's exception and lose the status.
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
    """Return the system's message for a failed connection."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    number: Any = getattr(cause, "errno", None)
    known = number in errno.errorcode
    return (os.strerror(number) if known else getattr(cause, "strerror", "") or str(cause)).lower()


class SizeLimit:
    """Counts the bytes of a body, or of a stream and of its current line."""

    __slots__ = ("_all", "_by_event", "_bytes")

    def __init__(self, *, by_event: bool) -> None:
        self._by_event = by_event
        self._all = self._bytes = 0

    def count(self, piece: bytes) -> None:
        """Add a chunk; raise ReplyTooLargeError above the limit."""
        line_end = piece.rfind(b"\n") if self._by_event else -1
        self._bytes = self._bytes + len(piece) if line_end < 0 else len(piece) - line_end - 1
        self._all += len(piece)
        if self._bytes > MAX_BYTES or self._all > MAX_STREAM_BYTES:
            most = MAX_BYTES if self._bytes > MAX_BYTES else MAX_STREAM_BYTES
            raise ReplyTooLargeError(f"the reply has more than {most // 2**20} MiB")

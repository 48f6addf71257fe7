"""The body of a reply that comes in pieces: a stream of events, or something else in its place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..endpoint.bad_replies import BadResponseError, find_error
from ..endpoint.error_bodies import page_text
from ..endpoint.transport import MAX_BYTES, ReplyTooLargeError
from .assembly import Assembly
from .parse import Events, is_stream, parse_json, without_margin

_DONE = b"[DONE]"
_ENOUGH = 8  # bytes to know a stream by


class Incoming:
    """What has come of a body.

    Parameters
    ----------
    clock
        Tells the seconds since the run's origin; or nothing.
    n
        How many choices were asked for.

    Attributes
    ----------
    first_token
        When something came that somebody can read.
    """

    __slots__ = (
        "_answer",
        "_clock",
        "_events",
        "_is_done",
        "_is_stream",
        "_n",
        "_problem",
        "_unread",
        "first_token",
    )

    def __init__(self, clock: Callable[[], float | None], n: object) -> None:
        self._clock = clock
        self._n = n if type(n) is int else 1
        self._unread = bytearray()  # what is not known to be a stream, or is none
        self._events: Events | None = None
        self._answer = Assembly()
        self._problem: str | None = None
        self._is_stream: bool | None = None
        self._is_done = False
        self.first_token: float | None = None

    @property
    def is_complete(self) -> bool:
        """True if the answer has come to its end, whatever else may come."""
        return self._problem is None and self._answer.is_complete(self._n)

    def feed(self, data: bytes) -> bool:
        """Take some more bytes; return True if the stream says that no more will come.

        Raises
        ------
        ErrorReplyError
            If the stream says that something went wrong before the answer was complete.
        ReplyTooLargeError
            If it is not a stream, and too large.
        """
        if self._events is None:
            if not self._recognize(data):
                return False
            data, self._events = bytes(self._unread), Events()
        for event in self._events.feed(data):
            if event.startswith(_DONE):
                self._is_done = True
                return True
            self._take(event)
        return False

    def end(self) -> bytes | None:
        """Take the end of the body; return all of it if it was no stream.

        Raises
        ------
        BadResponseError
            If something in the stream cannot be read that may have been a part of the answer.
        """
        if self._events is None:
            return None if self._is_stream is None else bytes(self._unread)
        for event in self._events.end():  # one without an empty line after it may be cut off
            with suppress(ValueError):
                parse_json(event)
                self._take(event)
        if self._problem:
            raise BadResponseError(self._problem)
        return None

    def find_lack(self) -> str | None:
        """Say which choices never came, if the stream was cut off between two of them."""
        came = self._answer.n_choices
        if self._is_done or not 0 < came < self._n:
            return None
        return f"{came} of {self._n} choices came before the stream ended"

    def build(self) -> dict[str, Any] | None:
        """Return the answer as far as it came, in the shape of a whole one; None if none came."""
        return self._answer.build()

    def _recognize(self, data: bytes) -> bool:
        """Say whether what has come is a stream; keep what has come until that is known."""
        self._unread += data
        if self._is_stream is None:
            self._unread = bytearray(without_margin(bytes(self._unread)))
            self._is_stream = is_stream(bytes(self._unread[:_ENOUGH]))
        if len(self._unread) > MAX_BYTES:
            raise ReplyTooLargeError(f"the reply has more than {MAX_BYTES // 2**20} MiB")
        return bool(self._is_stream)

    def _take(self, event: bytes) -> None:
        """Take one event; what comes after a complete answer does not spoil it."""
        if not event or event.isspace():
            return
        was_complete, piece = self.is_complete, None
        try:
            piece = parse_json(event)
            problem = self._answer.add(piece)
        except ValueError:
            problem = f"is not JSON but: {page_text(event.decode(errors='replace'))}"
        if self.first_token is None and self._answer.has_content:
            self.first_token = self._clock()
        if was_complete:
            return
        is_plain = isinstance(piece, dict) and piece.get("choices") and not piece.get("error")
        error = None if is_plain else find_error(piece, is_piece=True)
        if error:
            self._problem = "is an error"
            raise error
        if problem and self._problem is None:
            self._problem = f"a piece of the stream {problem}"

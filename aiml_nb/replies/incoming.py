"""Read the body of a reply as it arrives: a stream of events, or a plain body in its place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..endpoint.bad_replies import BadResponseError, find_error
from ..endpoint.error_bodies import page_text
from ..endpoint.transport import MAX_BYTES, ReplyTooLargeError
from .assemblies import AnyAssembly
from .assembly import Assembly
from .parse import EventParser, is_stream, parse_json, strip_prefix
from .repeated import RepeatedChunk

_DONE = b"[DONE]"
_SNIFF_BYTES = 8  # enough to tell a stream from JSON or HTML: the longest field is "event:"


class Incoming:
    """The body of a reply, as far as it has arrived.

    Parameters
    ----------
    clock
        Returns the seconds since the run's origin, or None for no time stamp.
    n
        How many choices were requested.
    assembly
        Puts the events together; None for those of the chat API.
    on_first_token
        Called with `first_token` once it is known.

    Attributes
    ----------
    first_token
        When the first chunk with content arrived.
    """

    __slots__ = (
        "_assembly",
        "_buffer",
        "_clock",
        "_events",
        "_is_done",
        "_is_stream",
        "_n",
        "_on_first_token",
        "_problem",
        "_repeated",
        "first_token",
    )

    def __init__(
        self,
        clock: Callable[[], float | None],
        n: object,
        assembly: AnyAssembly | None = None,
        *,
        on_first_token: Callable[[float], None] | None = None,
    ) -> None:
        self._clock, self._on_first_token = clock, on_first_token
        self._n = n if type(n) is int else 1
        self._buffer = bytearray()  # the body until it is known to be a stream, or if it is none
        self._events: EventParser | None = None
        self._assembly = assembly or Assembly()
        chat = self._assembly if type(self._assembly) is Assembly else None
        self._repeated = RepeatedChunk(chat) if chat else None
        self._problem: str | None = None
        self._is_stream: bool | None = None
        self._is_done = False
        self.first_token: float | None = None

    @property
    def is_complete(self) -> bool:
        """True if the answer is complete, whatever may follow it."""
        return self._problem is None and self._assembly.is_complete(self._n)

    def feed(self, data: bytes) -> bool:
        """Read some more bytes; return True at the stream's ``[DONE]``.

        Raises
        ------
        ErrorReplyError
            If the stream reports an error before the answer is complete.
        ReplyTooLargeError
            If it is not a stream, and too large.
        """
        if self._events is None:
            if not self._detect_stream(data):
                return False
            data, self._events = bytes(self._buffer), EventParser()
        # Several events may arrive in one read, and one event in several.
        for event in self._events.feed(data):
            if event.startswith(_DONE):
                self._is_done = True
                return True
            self._add_event(event)
        return False

    def end(self) -> bytes | None:
        """Note the end of the body; return the whole body if it was not a stream.

        Raises
        ------
        BadResponseError
            If something unreadable in the stream may have been a part of the answer.
        """
        if self._events is None:
            return None if self._is_stream is None else bytes(self._buffer)
        # An event without the empty line after it may be cut off, so it counts only if it parses.
        for event in self._events.end():
            with suppress(ValueError):
                parse_json(event)
                self._add_event(event)
        if self._problem:
            raise BadResponseError(self._problem)
        return None

    def find_missing_choices(self) -> str | None:
        """Say how many choices are missing, if the stream was cut off between two of them."""
        arrived = self._assembly.n_choices
        if self._is_done or not 0 < arrived < self._n:
            return None
        return f"{arrived} of {self._n} choices came before the stream ended"

    def build(self) -> dict[str, Any] | None:
        """Return the answer so far, in the shape of an unstreamed one; None if there is none."""
        return self._assembly.build()

    def _detect_stream(self, data: bytes) -> bool:
        """Say whether the body is a stream; buffer it until its first bytes tell."""
        self._buffer += data
        if self._is_stream is None:
            self._buffer = bytearray(strip_prefix(bytes(self._buffer)))
            self._is_stream = is_stream(bytes(self._buffer[:_SNIFF_BYTES]))
        if len(self._buffer) > MAX_BYTES:
            raise ReplyTooLargeError(f"the reply has more than {MAX_BYTES // 2**20} MiB")
        return bool(self._is_stream)

    def _add_event(self, event: bytes) -> None:
        """Add one event; errors after a complete answer are ignored."""
        if self._repeated is not None and self._repeated.add(event):
            return
        if not event or event.isspace():
            return
        was_complete, chunk = self.is_complete, None
        try:
            chunk = parse_json(event)
            problem = self._assembly.add(chunk)
        except ValueError:
            problem = f"is not JSON but: {page_text(event.decode(errors='replace'))}"
        if self.first_token is None and self._assembly.has_content:
            self.first_token = self._clock()
            if self._on_first_token and self.first_token is not None:
                self._on_first_token(self.first_token)
        if was_complete:
            return
        # A chunk with choices is a chunk, even if it has an empty error member.
        is_plain = isinstance(chunk, dict) and chunk.get("choices") and not chunk.get("error")
        error = None if is_plain else find_error(chunk, in_stream=True)
        if error:
            self._problem = "is an error"
            raise error
        if self._repeated is not None and chunk and is_plain and not problem:
            self._repeated.learn(event, chunk)
        # Not raised yet: the rest of the stream may still tell a more exact error.
        if problem and self._problem is None:
            self._problem = f"a piece of the stream {problem}"

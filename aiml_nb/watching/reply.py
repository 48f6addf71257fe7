"""One reply, read beside the code that it was meant for: its text, its tokens, how it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any

from ..completion import choices_of, is_in_parts, message_of
from ..replies.incoming import Incoming
from ..replies.outcome import Verdict
from ..replies.parse import EventParser, is_stream, parse_json
from .kinds import CHAT_KIND, Json, Kind

_MAX_BYTES = 32 * 2**20  # of a reply that is not a stream; what is larger is not read
_SNIFF_BYTES = 16  # bytes to know a stream by


class ReplyReader:
    """What has come of one reply.

    Parameters
    ----------
    kind
        The kind of call.
    clock
        Tells the time, in seconds.
    n
        How many choices were asked for.

    Attributes
    ----------
    first_token
        When the first text came, by the clock; None for a reply that came as a whole.
    is_done
        A stream has said that no more will come.
    body
        The reply's JSON in the shape of a completion, once `end` or `leave` was called.
    raw
        The bytes that `body` was read from, if they hold each of its texts in one piece.
    """

    __slots__ = (
        "_clock",
        "_incoming",
        "_kind",
        "_stream",
        "_whole",
        "body",
        "first_token",
        "is_done",
        "raw",
    )

    def __init__(self, kind: Kind, clock: Callable[[], float], *, n: object = 1) -> None:
        self._kind, self._clock = kind, clock
        self._whole: bytearray | None = bytearray()
        self._incoming = Incoming(clock, n) if kind is CHAT_KIND else None
        self._stream: _TextStream | None = None
        self.first_token: float | None = None
        self.is_done = False
        self.body: Json | None = None
        self.raw: bytes | None = None

    def feed(self, data: bytes) -> bool:
        """Take some more bytes; return True once a stream has said that no more will come.

        Raises
        ------
        ErrorReplyError
            If a stream of the chat API says that something went wrong.
        """
        if self._incoming is not None:
            self.is_done = self._incoming.feed(data) or self.is_done
            self.first_token = self._incoming.first_token
        elif self._stream is not None:
            self._feed_stream(self._stream, data)
        elif self._whole is not None:
            self._whole += data
            if len(self._whole) > _MAX_BYTES:
                self._whole = None
            elif (delta := self._kind.delta) and self._begins_stream():
                self._stream = _TextStream(self._kind, delta)
                self._feed_stream(self._stream, bytes(self._whole))
        return self.is_done

    def end(self) -> Verdict:
        """Take the end of the reply and say what it turned out to be.

        Raises
        ------
        BadResponseError
            If a stream cannot be read.
        """
        if self._incoming is not None:
            whole = self._incoming.end()
            self.body = self._incoming.build() if whole is None else self._read(whole)
        elif self._stream is not None:
            self.body = self._stream.build()
        elif self._whole:
            self.body = self._read(bytes(self._whole))
        return self._kind.judge(self.body)

    def leave(self) -> None:
        """Build what has come of a reply that nobody will read to its end."""
        if self._incoming is not None:
            self.body = self._incoming.build()
        elif self._stream is not None:
            self.body = self._stream.build()

    def so_far(self) -> Json | None:
        """Return what has come so far of a stream; more may come."""
        with suppress(RuntimeError):  # something comes at this moment, in another thread
            if self._incoming is not None:
                return deepcopy(self._incoming).build()
            if self._stream is not None:
                return self._stream.build()
        return None

    def read_whole(self, data: bytes) -> Verdict:
        """Take a reply that has come as a whole."""
        self.body = self._read(data)
        messages = map(message_of, choices_of(self.body))
        if self._kind is CHAT_KIND and not any(map(is_in_parts, messages)):
            self.raw = data
        return self._kind.judge(self.body)

    def _begins_stream(self) -> bool:
        whole = self._whole or b""
        return len(whole) >= _SNIFF_BYTES and bool(is_stream(bytes(whole[:64])))

    def _feed_stream(self, stream: _TextStream, data: bytes) -> None:
        stream.feed(data)
        self.is_done = stream.is_done
        if self.first_token is None and stream.texts:
            self.first_token = self._clock()

    def _read(self, data: bytes) -> Json | None:
        try:
            return self._kind.complete(parse_json(data))
        except ValueError:  # sound, pictures, plain text
            return None


class _TextStream:
    """The text of a stream that is not one of the chat API."""

    __slots__ = ("_delta", "_events", "_kind", "_told", "is_done", "texts")

    def __init__(self, kind: Kind, delta: Callable[[Json], tuple[str, Json]]) -> None:
        self._kind, self._delta = kind, delta
        self._events = EventParser()
        self._told: dict[str, Any] = {}
        self.texts: list[str] = []
        self.is_done = False

    def feed(self, data: bytes) -> None:
        for event in self._events.feed(data):
            if event.startswith(b"[DONE]"):
                self.is_done = True
                return
            try:
                told = parse_json(event)
            except ValueError:
                continue
            if isinstance(told, dict):
                text, rest = self._delta(told)
                if text:
                    self.texts.append(text)
                for name, value in rest.items():
                    old = self._told.get(name)
                    is_merged = isinstance(old, dict) and isinstance(value, dict)
                    self._told[name] = {**old, **value} if is_merged else value  # type: ignore[dict-item]

    def build(self) -> Json | None:
        """Return the reply in the shape of a completion, as far as it has come."""
        body = self._kind.complete(self._told) if self._told or self.texts else None
        if body is not None and self.texts and body.get("choices"):
            body["choices"][0]["message"]["content"] = "".join(self.texts)
        return body

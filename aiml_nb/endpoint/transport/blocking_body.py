"""The body of a reply to the blocking client: size-limited, and ended with its exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpcore2
import httpx2

from .body import Body
from .network import Exchange
from .safe_errors import NO_REPLY, BrokenReplyError


class PlainBody(httpx2.SyncByteStream):
    """The body of a reply, as httpx2 reads it."""

    def __init__(self, chunks: Any) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    def close(self) -> None:
        """Close the stream of httpcore2."""
        self._chunks.close()


class GuardedStream(httpx2.SyncByteStream):
    """The body of a reply, size-limited, and ended with its exchange."""

    def __init__(
        self,
        response: httpx2.Response,
        exchange: Exchange,
        close_unusable: Callable[[httpx2.Request], None],
    ) -> None:
        self._request = response.request
        self._stream: Any = response.stream
        self._exchange = exchange
        self._close_unusable = close_unusable
        self._body: Body | None = None

    def begin(self, body: Body) -> None:
        """Decode the chunks from now on with `body`."""
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        assert self._body is not None  # noqa: S101  nobody reads before the head is read
        broken: BrokenReplyError | None = None
        try:
            for chunk in self._stream:
                yield from self._body.decode(chunk)
                if self._body.is_finished:
                    break
        except Exception as error:
            # A deadline shuts the socket down, and that looks like a connection error here.
            self._exchange.check(error)
            broken = find_broken(error)
            if broken is None and not self._body.is_error:
                raise
            if self._body.is_error:  # the status is enough
                return
        if broken:
            raise broken
        # A socket shut down by the deadline looks like the regular end of a body without a length.
        self._exchange.check()

    def close(self) -> None:
        """End the exchange, whether or not the body was read to its end."""
        self._exchange.end()
        self._stream.close()
        self._close_unusable(self._request)


def find_broken(error: BaseException) -> BrokenReplyError | None:
    """Return the error for a reply that is not HTTP; None for other errors."""
    said = str(error)
    is_broken = isinstance(error, httpcore2.RemoteProtocolError) and NO_REPLY not in said
    return BrokenReplyError(said) if is_broken else None

"""The body of a reply, piece by piece: unpacked where it can be, counted, of an error what came."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import httpx2

from .guard import Cap, EncodedReplyError, ReplyTooLargeError

_PIECE = 2**16  # bytes that are unpacked at once: what is packed may be a thousand times as long
_BY_ZLIB = frozenset({"gzip", "x-gzip", "deflate"})
_KNOWN = _BY_ZLIB | {"br", "zstd", "compress"}


class Body:
    """Takes the pieces of a body as they come, and returns what they hold.

    It is asked for plain. Some servers pack it all the same, errors above all: those have a status,
    which says more than the words that cannot be read.

    Parameters
    ----------
    response
        The head of the reply. Its ``Content-Encoding`` is taken away.
    by_event
        The cap holds for each event of a stream, and for all of it.

    Raises
    ------
    EncodedReplyError
        If it is packed so that it cannot be read, and is not an error.
    """

    __slots__ = ("_cap", "_has_begun", "_may_be_bare", "_packed", "is_error", "is_over")

    def __init__(self, response: httpx2.Response, *, by_event: bool) -> None:
        self._cap = Cap(by_event=by_event)
        self.is_error = response.status_code >= 300
        self.is_over = False
        self._has_begun = False
        self._packed: Any = None
        self._may_be_bare = False
        encoding = _find_encoding(response)
        if encoding in _BY_ZLIB:
            self._packed = zlib.decompressobj(zlib.MAX_WBITS | 32)
            self._may_be_bare = encoding == "deflate"
        elif encoding:
            self._fail(encoding)

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece holds; raise ReplyTooLargeError if it is too much in all."""
        if self.is_over:  # what is not packed at all, whatever its label says
            if piece.isascii():
                yield piece
            return
        try:
            for part in (piece,) if self._packed is None else self._unpack(piece):
                self._cap.count(part)
                yield part
        except ReplyTooLargeError:
            if not self.is_error:
                raise
            self.is_over = True

    def _unpack(self, piece: bytes) -> Iterator[bytes]:
        while piece and not self._packed.eof:
            try:
                part = self._packed.decompress(piece, _PIECE)
            except zlib.error:
                if self._has_begun or not self._may_be_bare:
                    self._fail("gzip")
                    if not self._has_begun:
                        yield from self.take(piece)
                    return
                # By "deflate" some mean what the standard does, others the bare data.
                self._packed, self._may_be_bare = zlib.decompressobj(-zlib.MAX_WBITS), False
                continue
            self._has_begun = True
            piece = self._packed.unconsumed_tail
            if part:
                yield part

    def _fail(self, encoding: str) -> None:
        if not self.is_error:
            known = f"packed ({encoding})" if encoding in _KNOWN else "encoded in an unknown way"
            raise EncodedReplyError(f"the reply is {known}, though it was asked for plain")
        self.is_over = True


def _find_encoding(response: httpx2.Response) -> str:
    """Return how a body is packed, and have it read as if it was not; empty if it is not."""
    said = response.headers.get("content-encoding")
    if said is None:
        return ""
    del response.headers["content-encoding"]
    names = [name.strip().lower() for name in said.split(",")]
    return ", ".join(name for name in names if name not in {"", "identity"})

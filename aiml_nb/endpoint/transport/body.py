"""The body of a reply, piece by piece: unpacked where it can be, counted, of an error what came."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import httpx2

from .guard import EncodedReplyError, ReplyTooLargeError, SizeLimit

# Bytes that are decompressed at once: compressed data may expand a thousandfold.
_MAX_CHUNK = 2**16
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

    __slots__ = ("_cap", "_decompressor", "_has_output", "_may_be_raw", "is_error", "is_finished")

    def __init__(self, response: httpx2.Response, *, by_event: bool) -> None:
        self._cap = SizeLimit(by_event=by_event)
        self.is_error = response.status_code >= 300
        self.is_finished = False
        self._has_output = False
        self._decompressor: Any = None
        self._may_be_raw = False
        encoding = _find_encoding(response)
        if encoding in _BY_ZLIB:
            self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
            self._may_be_raw = encoding == "deflate"
        elif encoding:
            self._reject_encoding(encoding)

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a piece holds; raise ReplyTooLargeError if it is too much in all."""
        if self.is_finished:  # what is not packed at all, whatever its label says
            if chunk.isascii():
                yield chunk
            return
        try:
            for part in (chunk,) if self._decompressor is None else self._decompress(chunk):
                self._cap.count(part)
                yield part
        except ReplyTooLargeError:
            if not self.is_error:
                raise
            self.is_finished = True

    def _decompress(self, chunk: bytes) -> Iterator[bytes]:
        while chunk and not self._decompressor.eof:
            try:
                part = self._decompressor.decompress(chunk, _MAX_CHUNK)
            except zlib.error:
                if self._has_output or not self._may_be_raw:
                    self._reject_encoding("gzip")
                    if not self._has_output:
                        yield from self.decode(chunk)
                    return
                # By "deflate" some mean what the standard does, others the bare data.
                self._decompressor, self._may_be_raw = zlib.decompressobj(-zlib.MAX_WBITS), False
                continue
            self._has_output = True
            chunk = self._decompressor.unconsumed_tail
            if part:
                yield part

    def _reject_encoding(self, encoding: str) -> None:
        if not self.is_error:
            known = f"packed ({encoding})" if encoding in _KNOWN else "encoded in an unknown way"
            raise EncodedReplyError(f"the reply is {known}, though it was asked for plain")
        self.is_finished = True


def _find_encoding(response: httpx2.Response) -> str:
    """Return how a body is packed, and have it read as if it was not; empty if it is not."""
    value = response.headers.get("content-encoding")
    if value is None:
        return ""
    del response.headers["content-encoding"]
    names = [name.strip().lower() for name in value.split(",")]
    return ", ".join(name for name in names if name not in {"", "identity"})

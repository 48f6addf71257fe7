"""Decode the body of a reply chunk by chunk: decompressed if need be, with a size limit."""

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
    """Decodes the chunks of a body as they arrive.

    Requests ask for uncompressed replies, but some servers compress all the same, errors above all.
    An unreadable error is not raised: its status says enough.

    Parameters
    ----------
    response
        The head of the reply. Its ``Content-Encoding`` is removed.
    by_event
        The size limit holds for each event of a stream, and another one for all of it.

    Raises
    ------
    EncodedReplyError
        If the compression is not supported, and the reply is not an error.
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
        """Yield the decoded parts of a chunk; raise ReplyTooLargeError above the size limit."""
        if self.is_finished:  # an error whose label is wrong: its text may be plain after all
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
                # "deflate" means zlib data in the standard; some send raw deflate data.
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
    """Return the encoding of a body, empty if none; remove the header, so httpx2 ignores it."""
    value = response.headers.get("content-encoding")
    if value is None:
        return ""
    del response.headers["content-encoding"]
    names = [name.strip().lower() for name in value.split(",")]
    return ", ".join(name for name in names if name not in {"", "identity"})

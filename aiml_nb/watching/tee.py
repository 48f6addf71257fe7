"""The body of a reply, read beside the code that reads it.

Only the methods of this one response are replaced, and only until its body has come to an end: it
stays the object, of the class, that its reader expects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from .recording import Recording

_METHODS = ("iter_bytes", "close", "aiter_bytes", "aclose")


def tee(call: Recording, response: Any) -> None:
    """Have what is read of `response` recorded in `call`."""
    body = _Body(call, response)
    for name in _METHODS:
        setattr(response, name, getattr(body, name))


class _Body:
    """The replaced methods of one response."""

    def __init__(self, call: Recording, response: Any) -> None:
        self._call, self._response = call, response
        self._iter_bytes, self._close = response.iter_bytes, response.close
        self._aiter_bytes, self._aclose = response.aiter_bytes, response.aclose
        self._is_reading = False  # the client closes a response that it has read to its end
        self._is_over = False
        own = vars(response)  # another may have replaced them before
        self._before = {name: own[name] for name in _METHODS if name in own}

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the pieces as they come, after the original method."""
        pieces = iter(self._iter_bytes(chunk_size))
        try:
            while True:
                self._is_reading = True
                try:
                    piece = next(pieces)
                except StopIteration:
                    break
                finally:
                    self._is_reading = False
                self._feed(piece)
                yield piece
        except GeneratorExit:
            self._leave()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        self._end()

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield the pieces as they come, after the original method."""
        pieces = self._aiter_bytes(chunk_size)
        try:
            while True:
                self._is_reading = True
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    break
                finally:
                    self._is_reading = False
                self._feed(piece)
                yield piece
        except GeneratorExit:
            self._leave()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            await pieces.aclose()
        self._end()

    def close(self) -> None:
        """Close the response; one that was not read to its end was left."""
        self._close()
        if not self._is_reading:
            self._leave()

    async def aclose(self) -> None:
        """Close the response; one that was not read to its end was left."""
        await self._aclose()
        if not self._is_reading:
            self._leave()

    def _feed(self, piece: bytes) -> None:
        if not self._is_over:
            try:
                if self._call.feed(piece):
                    self._end()
            except Exception as problem:  # noqa: BLE001  the reader must not notice
                self._restore()
                self._call.spoil(problem)

    def _end(self) -> None:
        if not self._is_over:
            self._restore()
            self._call.end_body()

    def _leave(self) -> None:
        if not self._is_over:
            self._restore()
            self._call.leave_body()

    def _fail(self, error: BaseException) -> None:
        if not self._is_over:
            self._restore()
            self._call.break_body(error)

    def _restore(self) -> None:
        self._is_over = True
        for name in _METHODS:
            self._response.__dict__.pop(name, None)
        self._response.__dict__.update(self._before)

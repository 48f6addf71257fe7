"""The body of a reply, read beside the code that reads it.

Only the stream of this one response is replaced, and only until it has come to an end: whichever
way its reader takes, by pieces, lines or text, packed as it was sent or not, leads through that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from weakref import WeakValueDictionary, ref

from ..records import Call
from .recording import Recording

# The streams that are being read, by the identity of the call's record.
_open: WeakValueDictionary[int, Tee] = WeakValueDictionary()


def tee(call: Recording, response: Any) -> None:
    """Have what is read of `response` recorded in `call`."""
    response.stream = stream = Tee(call, response)
    for record in call.records:
        _open[id(record)] = stream


def settle(call: Call, when: str) -> None:
    """Say that a call had not ended, nor those within it, with what has come so far.

    Their end is still written down if it comes.

    Parameters
    ----------
    when
        When they had not: ``when the watch ended``.
    """
    if call.outcome == "not_started":
        stream = _open.get(id(call))
        if stream is not None:
            stream.settle()
        is_begun = call.finished is not None  # a stream of which something has come
        words = "the answer had not been read to its end" if is_begun else "unfinished"
        call.outcome, call.error = "incomplete", f"{words} {when}"
    for child in call.children:
        settle(child, when)


class Tee:
    """The stream of one response, in the place of its own; it passes for that.

    Parameters
    ----------
    call
        The record.
    response
        The response, of httpx2 or httpx.
    """

    def __init__(self, call: Recording, response: Any) -> None:
        self._call, self._stream = call, response.stream
        self._response = ref(response)  # it holds this
        self._decode = _decoder_of(response)
        self._is_over = False

    @property  # type: ignore[misc]  # what a proxy does
    def __class__(self) -> Any:
        """The class of the stream: responses ask whether it is a blocking one."""
        return type(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        __tracebackhide__ = True
        try:
            for piece in self._stream:
                self._feed(piece)
                yield piece
        except GeneratorExit:
            self._leave()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        __tracebackhide__ = True
        pieces = aiter(self._stream)
        try:
            async for piece in pieces:
                self._feed(piece)
                yield piece
        except GeneratorExit:
            self._leave()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            if hasattr(pieces, "aclose"):
                await pieces.aclose()
        self._end()

    def close(self) -> None:
        """Close the stream; one that was not read to its end was left."""
        self._stream.close()
        self._leave()

    async def aclose(self) -> None:
        """Close the stream; one that was not read to its end was left."""
        await self._stream.aclose()
        self._leave()

    def settle(self) -> None:
        """Write down what has come so far."""
        if not self._is_over:
            self._call.settle()

    def _feed(self, piece: bytes) -> None:
        if not self._is_over:
            try:
                if self._call.feed(piece if self._decode is None else self._decode(piece)):
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
        response = self._response()
        if response is not None and vars(response).get("stream") is self:
            response.stream = self._stream


def _decoder_of(response: Any) -> Callable[[bytes], bytes] | None:
    """Return what unpacks the pieces of a body, None if they are not packed.

    It is not the response's own, which its reader may use, but another of its kind.
    """
    packed = response.headers.get("content-encoding")
    if not packed:
        return None
    decoder = type(response)(200, headers={"content-encoding": packed})._get_content_decoder()

    def decode(piece: bytes) -> bytes:
        decoded = decoder.decode(piece)
        return decoded if isinstance(decoded, bytes) else b"".join(decoded)

    return decode

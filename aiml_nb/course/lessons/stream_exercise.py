"""Exercise 4.7: read the beginning of a stream with ``async for``, and close it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, Self

from ..engine.exercises import Exercise, NotYet, require, show
from ..engine.expect import expect_function
from ..engine.fake_stream import NO_CHOICES, make_chunk
from ..engine.run_answer import run_answer


class _Closing:
    """What ``stream.close()`` gives: the stream is closed when it is awaited."""

    def __init__(self, stream: _FakeAsyncStream) -> None:
        self._stream = stream
        stream.close_called = True

    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.sleep(0).__await__()
        self._stream.closed = True


class _FakeAsyncStream:
    """An asynchronous stream of texts, which counts those taken and knows whether it is closed."""

    def __init__(self, *texts: str | None) -> None:
        self.texts = texts
        self.taken = 0
        self.close_called = self.closed = self.read_on = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0.002)
        self.read_on = self.closed
        if self.closed or self.taken == len(self.texts):
            raise StopAsyncIteration
        self.taken += 1
        return make_chunk(self.texts[self.taken - 1])

    def close(self) -> _Closing:
        return _Closing(self)

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.closed = True


# For each stream: how many characters are enough, and how many chunks that takes.
_LONG = (None, "Yes", NO_CHOICES, ", it is", "", " so", ". And", " more", " of it", None)
_CASES = ((6, 4), (3, 2), (13, 6), (500, len(_LONG)))


def check_read_beginning(read_beginning: object) -> str:
    """Try what is enough early, at the end of a piece, late, and never."""
    function = expect_function(read_beginning, "read_beginning")
    for enough, needed in _CASES:
        stream = _FakeAsyncStream(*_LONG)
        found = _call(function, stream, enough)
        texts = [text for text in _LONG[:needed] if text and text != NO_CHOICES]
        _require_text(found, "".join(texts), enough)
        _require_end(stream, needed, enough)
    silent = _call(function, _FakeAsyncStream(None, NO_CHOICES, ""), 5)
    require(silent == "", f"a stream without any text gave {silent!r}. Its text is '' in the end.")
    return "It reads as much as is needed, and closes the stream."


def _call(function: Any, stream: _FakeAsyncStream, enough: int) -> Any:
    try:
        found = run_answer(function, stream, enough)
    except IndexError:
        raise NotYet(
            "choices[0] fails for a chunk whose list of choices is empty. Ask first whether  "
            "chunk.choices  holds anything."
        ) from None
    except TypeError as error:
        if "not iterable" in str(error) or "not an iterator" in str(error):
            raise NotYet(
                "this stream gives its chunks to  async for  only: between two of them it waits."
            ) from None
        if "'await' expression" in str(error):
            raise NotYet(
                "the stream is there already: write  async for chunk in stream,  without await."
            ) from None
        if "NoneType" in str(error):
            raise NotYet(
                "the content of a chunk may be None. Add it only if there is text."
            ) from None
        raise
    return found


def _require_text(found: Any, text: str, enough: int) -> None:
    said = f"with enough = {enough} it returned {show(found)}"
    require(found is not None, f"{said}. Return the text after the loop.")
    require(isinstance(found, str), f"{said}, and a text is wanted. Add up the contents.")
    require(
        found == text or found != text[:enough],
        f"{said}. Return all that came, {text!r}: do not cut the last piece.",
    )
    require(
        found == text or not text.startswith(found),
        f"{said}, which is too short: {text!r} had to be read. Stop when the text has at least "
        "that many characters, and not before.",
    )
    require(
        found == text or not found.startswith(text),
        f"{said}, and {text!r} was enough. Look at its length after each piece, and break.",
    )
    require(found == text, f"{said}; the pieces make {text!r}.")


def _require_end(stream: _FakeAsyncStream, needed: int, enough: int) -> None:
    require(
        stream.taken <= needed,
        f"with enough = {enough} it took {stream.taken} chunks, and {needed} would do: the others "
        "were written, and are paid for. Leave the loop as soon as there is enough.",
    )
    require(
        not stream.read_on,
        "the loop went on after the stream was closed, where a real one raises an error. Leave the "
        "loop first:  break.",
    )
    if stream.closed or needed == len(stream.texts):
        return
    require(not stream.close_called, "close() was called, and nobody waited for it: write await.")
    raise NotYet(
        "the stream was left open, so the server goes on writing. Before you return:  await "
        "stream.close()"
    )


EXERCISE = Exercise(
    check_read_beginning,
    hints=(
        "Begin with an empty text. What does the loop add to it, and when does it end?",
        "async for chunk in stream:  adds the content, if chunk.choices and the content hold "
        "anything. If len(text) >= enough:  break.",
        "After the loop:  await stream.close()  and  return text.",
    ),
)

"""`FakeStream`: a streamed answer for checks, which records when its chunks were read."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Self

NO_CHOICES = "no choices"


class FakeStream:
    """A stream of chunks, each with a delay in seconds and a text.

    It records when each was asked for and when it was given: whoever reads a watch does so after
    one was given and before the next is asked for, however slow the machine is.
    """

    def __init__(self, *pieces: tuple[float, str | None]) -> None:
        # Made here: the client's first import takes seconds on a busy machine.
        self._pieces = [(wait, make_chunk(text)) for wait, text in pieces]
        self.asked: list[float] = []
        self.given: list[float] = []
        self.closed = False
        self._chunks = self._read()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self._chunks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give no more chunks, as the stream of the openai client does."""
        self.closed = True
        self._chunks.close()

    def _read(self) -> Generator[Any, None, None]:
        for wait, chunk in self._pieces:
            self.asked.append(time.perf_counter())
            time.sleep(wait)
            self.given.append(time.perf_counter())
            yield chunk


def make_chunk(text: str | None) -> Any:
    """Make a chunk as the openai client has it.

    Parameters
    ----------
    text
        What has arrived; `NO_CHOICES` for a chunk with an empty list of choices.
    """
    from openai.types.chat import ChatCompletionChunk

    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return ChatCompletionChunk.model_validate(
        {
            "id": "practice",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "practice",
            "choices": [] if text == NO_CHOICES else [choice],
        }
    )

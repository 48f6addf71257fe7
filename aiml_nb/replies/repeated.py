"""Chunks of a stream that differ in their text alone: read without parsing each of them.

Nearly every chunk of a stream is the one before but for a word. Where the bytes around the word are
the same, so is all that they say, and only the word is to be added.
"""

from __future__ import annotations

import json
from typing import Any

from .assembly import Assembly
from .parse import parse_json

_MARK = "<mark>"
_MAX_UNUSED = 4  # learned in vain in a row: each chunk differs in more, as by padding
_MAX_PLACES = 3


class RepeatedChunk:
    """What is around the text of the last chunk, and where the text goes.

    Parameters
    ----------
    assembly
        Gets the chunks.
    """

    __slots__ = ("_after", "_assembly", "_before", "_text", "_unused")

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._text: list[str] | None = None
        self._before = self._after = b""
        self._unused = 0

    def add(self, event: bytes) -> bool:
        """Add a chunk that differs from the last in its text alone; say whether it does."""
        if self._text is None:
            return False
        text = self._read_text(event)
        if text is None:
            # What it says elsewhere may change what a chunk like the last would mean.
            self._text = None
            return False
        self._text.append(text)
        self._unused = 0
        return True

    def learn(self, event: bytes, chunk: dict[str, Any]) -> None:
        """Learn what is around the text of a chunk that was parsed and added to the assembly."""
        text = self._assembly.find_growing(chunk) if self._unused < _MAX_UNUSED else None
        if text is None:
            return
        self._unused += 1
        around = _split_at_text(event, chunk)
        if around:
            self._text, (self._before, self._after) = text, around

    def _read_text(self, event: bytes) -> str | None:
        before, after = self._before, self._after
        if not (event.startswith(before) and event.endswith(after)):
            return None
        word = event[len(before) : len(event) - len(after)]
        if b'"' in word or b"\\" in word or len(event) < len(before) + len(after):
            return None  # it does not end where it seems to, or has escapes
        try:
            text = word.decode()
        except UnicodeDecodeError:
            return None
        return text if text.isprintable() else None  # JSON has no raw control characters


def _split_at_text(event: bytes, chunk: dict[str, Any]) -> tuple[bytes, bytes] | None:
    """Return the bytes before and after the text of a chunk."""
    choice = chunk["choices"][0]
    word = choice["delta"].get("content")
    if not isinstance(word, str):
        return None
    marked = {**chunk, "choices": [{**choice, "delta": {**choice["delta"], "content": _MARK}}]}
    for plain in (False, True):
        quoted, at = json.dumps(word, ensure_ascii=plain).encode("utf-8", "replace"), -1
        for _ in range(_MAX_PLACES):
            at = event.find(quoted, at + 1)
            if at < 0:
                break
            around = event[: at + 1], event[at + len(quoted) - 1 :]
            if _parse(_MARK.encode().join(around)) == marked:
                return around
    return None


def _parse(data: bytes) -> Any:
    try:
        return parse_json(data)
    except ValueError:
        return None

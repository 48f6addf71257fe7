"""From the bytes of a reply to its JSON, and to the events of a stream, whatever a server sends."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from ..endpoint.transport import MAX_BYTES, ReplyTooLargeError

_MAX_DEPTH = 100  # far beyond any answer; what writes records has bounds of its own
_BOM = b"\xef\xbb\xbf"
_SSE_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_ERROR_FIELD = b"error: {"  # a field of older llama.cpp's


def parse_json(data: bytes) -> Any:
    """Return the JSON that `data` is; numbers that JSON or Python cannot hold become None.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        # A third of the time of json.loads, and it keeps one copy of the names and words that
        # come with every answer. What it does not take at once is read below.
        return from_json(data, allow_inf_nan=False, cache_strings="all")
    except ValueError:
        pass
    try:
        value = json.loads(data, **_LENIENT)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _prune(value, _MAX_DEPTH)


def parse_several(data: bytes) -> Iterator[Any]:
    """Yield the JSON that stands at the beginning of `data`, one after the other.

    What comes after it, and is none, is left aside.
    """
    at, decoder = 0, json.JSONDecoder(**_LENIENT)
    with suppress(ValueError, RecursionError):
        text = data.decode("utf-8-sig").lstrip()
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            yield _prune(value, _MAX_DEPTH)
            space = _WHITESPACE.match(text, at)
            at = space.end() if space else at


def is_stream(begin: bytes) -> bool | None:
    """Tell from its first bytes whether a body is a stream of events; None if more are needed.

    What a reply is labelled as is no help: gateways label streams as JSON, and JSON as text.
    """
    begin = strip_prefix(begin)
    if begin.startswith((*_SSE_FIELDS, _ERROR_FIELD)):
        return True
    return None if any(field.startswith(begin) for field in _SSE_FIELDS) else False


def strip_prefix(begin: bytes) -> bytes:
    """Return the bytes of a body without what may stand before its first word."""
    return begin.removeprefix(_BOM).lstrip()


class EventParser:
    """Splits the bytes of a stream into its events, as the HTML standard has it."""

    __slots__ = ("_data", "_ended_with_cr", "_partial_line", "_size")

    def __init__(self) -> None:
        self._partial_line: list[bytes] = []  # the line that has not come to its end
        self._data: list[bytes] = []
        self._size = 0  # of the lines of the event that has not come to its end
        self._ended_with_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take some more bytes, and return the data of the events that are whole now.

        Raises
        ------
        ReplyTooLargeError
            If an event has too many lines; how long one may be is seen to by the transport.
        """
        if self._ended_with_cr and data:  # its line was ended by the \r already
            data = data.removeprefix(b"\n")
            self._ended_with_cr = False
        if b"\n" not in data and b"\r" not in data:
            self._partial_line.append(data)
            return []
        if self._partial_line:
            data = b"".join((*self._partial_line, data))
            self._partial_line.clear()
        lines = data.splitlines()
        if not data.endswith((b"\n", b"\r")):
            self._partial_line.append(lines.pop())
        self._ended_with_cr = data.endswith(b"\r")
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                if self._data and _begins_another(self._data[-1], line):
                    events += self.end()
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
                self._size += len(line)
                if self._size > MAX_BYTES:
                    raise ReplyTooLargeError(f"an event has more than {MAX_BYTES // 2**20} MiB")
            elif not line:
                events += self.end()
            elif line.startswith(_ERROR_FIELD):
                self._data.append(line[7:])
        return events

    def end(self) -> list[bytes]:
        """Return the data of the event whose lines have come, if there is one."""
        event = [b"\n".join(self._data)] if self._data else []
        self._data.clear()
        self._size = 0
        return event


def _begins_another(before: bytes, line: bytes) -> bool:
    """Say whether a line of data is another event's, though no empty line stands between them.

    In no JSON does an object begin right after the end of another one.
    """
    return before.rstrip().endswith(b"}") and line[5:].lstrip().startswith((b"{", b"[DONE]"))


def shorten(value: object) -> str:
    """Show what came; it is cut for good only after the key has been taken out."""
    return repr(value)[:2000]


def _parse_constant(_: str) -> None:
    return None


def _parse_int(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:  # more digits than Python reads
        return None


def _parse_float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


# Line ends and the like within a text are no JSON either, and can be read all the same.
_LENIENT: dict[str, Any] = {
    "strict": False,
    "parse_constant": _parse_constant,
    "parse_int": _parse_int,
    "parse_float": _parse_float,
}
_WHITESPACE = re.compile(r"\s+")


def _prune(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {name: _prune(each, depth - 1) for name, each in value.items()} if depth else None
    if isinstance(value, list):
        return [_prune(each, depth - 1) for each in value] if depth else None
    return value

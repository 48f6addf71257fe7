"""Parse JSON and event streams leniently: whatever servers send in their place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from ..endpoint.transport import MAX_BYTES, ReplyTooLargeError

_MAX_DEPTH = 100  # far beyond any answer, and below the limits of the JSON writers
_BOM = b"\xef\xbb\xbf"
_SSE_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_ERROR_FIELD = b"error: {"  # older versions of llama.cpp send errors in a field of their own


def parse_json(data: bytes) -> Any:
    """Return the JSON value of `data`; NaN, infinities and oversized integers become None.

    Raises
    ------
    ValueError
        If `data` is not JSON.
    """
    try:
        # A third of the time of json.loads, and its cache keeps one copy of the strings that every
        # answer repeats. What it rejects (raw line ends in texts, NaN) is read leniently below.
        return from_json(data, allow_inf_nan=False, cache_strings="all")
    except ValueError:
        pass
    try:
        value = json.loads(data, **_LENIENT)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _prune(value, _MAX_DEPTH)


def parse_several(data: bytes) -> Iterator[Any]:
    """Yield the JSON values at the beginning of `data`; stop at the first that is not JSON."""
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

    The Content-Type does not help: gateways label streams as JSON, and JSON as text.
    """
    begin = strip_prefix(begin)
    if begin.startswith((*_SSE_FIELDS, _ERROR_FIELD)):
        return True
    return None if any(field.startswith(begin) for field in _SSE_FIELDS) else False


def strip_prefix(begin: bytes) -> bytes:
    """Return a body without a byte order mark and white space at its beginning."""
    return begin.removeprefix(_BOM).lstrip()


class EventParser:
    """Splits the bytes of a stream into its server-sent events, as in the HTML standard."""

    __slots__ = ("_data", "_ended_with_cr", "_partial_line", "_size")

    def __init__(self) -> None:
        self._partial_line: list[bytes] = []  # of a line without its end
        self._data: list[bytes] = []  # lines of the unfinished event
        self._size = 0  # of these lines together
        self._ended_with_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Read some more bytes; return the data of the events that are complete now.

        Raises
        ------
        ReplyTooLargeError
            If an event has too many lines; the length of one is limited by the transport.
        """
        if self._ended_with_cr and data:  # a \r\n across two reads is one line end, not two
            data = data.removeprefix(b"\n")
            self._ended_with_cr = False
        if b"\n" not in data and b"\r" not in data:
            self._partial_line.append(data)
            return []
        if self._partial_line:
            data = b"".join((*self._partial_line, data))
            self._partial_line.clear()
        events: list[bytes] = []
        if not self._data and b"\r" not in data:
            data = self._read_whole(data, events)
            if not data:
                return events
        lines = data.splitlines()
        if lines and not data.endswith((b"\n", b"\r")):
            self._partial_line.append(lines.pop())
        self._ended_with_cr = data.endswith(b"\r")
        self._read_lines(lines, events)
        return events

    def _read_whole(self, data: bytes, events: list[bytes]) -> bytes:
        """Add the whole events, nearly all of one line each; return what follows the last."""
        *blocks, rest = data.split(b"\n\n")
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(block[6:])
            else:
                self._read_lines(block.split(b"\n"), events)
                events += self.end()
        return rest

    def _read_lines(self, lines: list[bytes], events: list[bytes]) -> None:
        for line in lines:
            # Other fields (event, id, retry) mean nothing for completions.
            if line.startswith(b"data:"):
                if self._data and _begins_another(self._data[-1], line):
                    events += self.end()
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
                # Lines are limited by the transport one by one, so an endless event is caught here.
                self._size += len(line)
                if self._size > MAX_BYTES:
                    raise ReplyTooLargeError(f"an event has more than {MAX_BYTES // 2**20} MiB")
            elif not line:
                events += self.end()
            elif line.startswith(_ERROR_FIELD):
                self._data.append(line[7:])

    def end(self) -> list[bytes]:
        """Return the data of the unfinished event, if there is one."""
        event = [b"\n".join(self._data)] if self._data else []
        self._data.clear()
        self._size = 0
        return event


def _begins_another(before: bytes, line: bytes) -> bool:
    """Say whether a data line starts a new event although the empty line between them is missing.

    Within one JSON value no object begins right after the end of another.
    """
    return before.rstrip().endswith(b"}") and line[5:].lstrip().startswith((b"{", b"[DONE]"))


def shorten(value: object) -> str:
    """Return the value for an error text; the final cut follows once the key is redacted."""
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


# `strict=False` allows raw control characters, such as line ends, within strings.
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

r"""Records as lines of JSON, each with its checksum; and JSON text.

``encode(data: dict) -> str`` makes a line, ``decode(line: str) -> dict`` reads one::

    os.write(handle, encode(header(run)).encode())
    os.write(handle, encode_record(call_to_dict(call)).encode())

Lines are UTF-8 without line breaks inside, whatever an answer holds: lone surrogates are escaped,
and in records NaN and infinities become null. The last member of a line is
``"crc32"``: `zlib.crc32` of the line without it.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic_core import from_json, to_json

_CRC_NAME = ', "crc32": '
_CRC = re.compile(r', "crc32": (\d{1,10})}\s*\Z')
# Characters that end a line for `str.splitlines` but may occur within JSON strings.
_BREAKS = {each.encode(): f"\\u{ord(each):04x}".encode() for each in "\x85\u2028\u2029"}
# How files in other encodings begin: with a byte-order mark, or with the brace of the first line.
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"{\0": "utf-16-le",
    b"\0{": "utf-16-be",
}
_STRICT: dict[str, Any] = {"allow_nan": False}
# Created once: `json.dumps` would create an encoder for each line. The check for circular
# references is skipped; a RecursionError catches them.
_COMPACT = json.JSONEncoder(**_STRICT, check_circular=False)


def encode(data: Mapping[str, Any]) -> str:
    """Return `data` as one line in plain ASCII, with its checksum and a line break.

    Raises
    ------
    TypeError, ValueError
        If `data` holds something that JSON cannot represent.
    """
    try:
        return _with_checksum(_COMPACT.encode(data).encode())
    except RecursionError:
        raise ValueError("something is nested too deeply, or holds itself") from None


def encode_record(data: Mapping[str, Any]) -> str:
    """Return the record of an attempt or a call as `encode` does, four times as fast.

    Only for records made here: pydantic also encodes what JSON has no form for, such as dates.
    """
    try:
        line = to_json(data, inf_nan_mode="null")
    except ValueError:  # a lone surrogate
        line = json.dumps(_without_nan(data), separators=(",", ":")).encode()
    if not line.isascii():
        for character, escape in _BREAKS.items():
            line = line.replace(character, escape)
    return _with_checksum(line)


def _with_checksum(line: bytes) -> str:
    return f'{line[:-1].decode()}, "crc32": {zlib.crc32(line)}}}\n'


def split_lines(data: bytes) -> list[str]:
    """Return the lines of a file as written, in whatever encoding an editor has saved it.

    Line ends of all systems, a byte-order mark, UTF-16 and Latin-1 (Windows calls it 1252) are
    converted back. Bytes that are not text become U+FFFD, so that their checksum fails.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            data = data.decode(encoding, "replace").lstrip("\ufeff").encode()
            break
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return data.decode().split("\n")
    except UnicodeDecodeError:
        return [_decode_text(line) for line in data.split(b"\n")]


def _decode_text(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252", "latin-1"):
        with suppress(UnicodeDecodeError):
            text = line.decode(encoding)
            if encoding == "utf-8" or _has_its_checksum(text):
                return text
    return line.decode("utf-8", "replace")


def _has_its_checksum(line: str) -> bool:
    try:
        return bool(decode(line))
    except ValueError:
        return False


def decode_edited(line: str) -> dict[str, Any]:
    """Parse a complete line whose checksum does not match: an editor or jq has changed it.

    Raises
    ------
    ValueError
        If it is not a JSON object with a checksum, whether that matches or not.
    """
    data = parse(line)
    if not (isinstance(data, dict) and isinstance(data.pop("crc32", None), int)):
        raise ValueError("The line is not one of ours.")
    return data


def decode(line: str) -> dict[str, Any]:
    """Parse one line; the checksum is verified and removed.

    Raises
    ------
    ValueError
        If the line is not a JSON object, or not the line that was written.
    """
    data = parse(checked_text(line))
    if not isinstance(data, dict):
        raise ValueError("The line is no JSON object.")
    return data


def checked_text(line: str) -> str:
    """Return a line without its checksum; raise ValueError if it is not what was written."""
    at = line.rfind(_CRC_NAME)  # the last: an answer may hold the same text
    found = _CRC.match(line, at) if at >= 0 else None
    if not found:
        raise ValueError("The line is cut off, or is none of ours: it ends without a checksum.")
    line = f"{line[:at]}}}"
    if zlib.crc32(line.encode("utf-8", "surrogatepass")) != int(found[1]):
        raise ValueError("The line is damaged: its checksum does not match.")
    return line


def parse(text: str) -> Any:
    """Return the value of a JSON text, as `json.loads` does; raise ValueError if it is not JSON."""
    with suppress(ValueError):  # as for a lone surrogate, or 200 lists in one another
        return from_json(text)
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("The line is nested too deeply.") from None


def dump(data: object, *, indent: int | None = None) -> str:
    """Return `data` as JSON text in ASCII; NaN and infinities become null.

    Parameters
    ----------
    data
        Dictionaries, lists, texts and numbers.
    indent
        As in `json.dumps`.
    """
    try:
        return (
            _COMPACT.encode(data) if indent is None else json.dumps(data, **_STRICT, indent=indent)
        )
    except ValueError:  # a search for NaN beforehand would take longer than the encoding
        return json.dumps(_without_nan(data), **_STRICT, indent=indent)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value

r"""Records as lines of JSON, and back: the format of the journal. For results see `rows`.

A journal has one line each for

- its head, ``{"aiml_nb_journal": 1, "run_id", "settings": {…}, "prompts": [{"custom_id",
  "messages", "parameters"}, …]}``: `head_of`;
- a run that goes on with other request parameters, or with prompts that are new or not as in the
  head, ``{"aiml_nb_resumed": 1, "parameters": {…}, "prompts": [{…}, …]}``;
- each attempt about to be sent, ``{"custom_id", "sent": 1, "client_request_id"}``;
- each call, in the shape of OpenAI's Batch output plus our ``timing``: `call_to_dict`,
  `call_from_dict`;
- its end, ``{"aiml_nb_end": 1, "loop_lag_max", "loop_lag_total", "limit_history", "stopped",
  "notices"}``: `end_of`; a journal that was cut off has none. `saved.read_saved` reads the whole
  file back.

``encode(data: dict) -> str`` makes any of them a line, ``decode(line: str) -> dict`` reads one::

    os.write(handle, encode(head_of(run)).encode())
    os.write(handle, encode_record(call_to_dict(call)).encode())

Lines are UTF-8 without line breaks inside, whatever an answer holds: lone surrogates are escaped,
and in records numbers that JSON does not know become null. The last member of a line is
``"crc32"``: `zlib.crc32` of the line without it.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from typing import Any

from pydantic_core import to_json

from .batch import body_of, without_words
from .completion import fields_of
from .records import Attempt, Call, Run
from .validity import check_record

VERSION = 1
_CRC = re.compile(r', "crc32": (\d{1,10})}\s*\Z')
# What `str.splitlines` takes for the end of a line, too, though JSON may hold it.
_BREAKS = {each.encode(): f"\\u{ord(each):04x}".encode() for each in "\x85\u2028\u2029"}
# How files in other encodings begin: with a byte-order mark, or with the brace of the first line.
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"{\0": "utf-16-le",
    b"\0{": "utf-16-be",
}
_STAMPS = ("submitted", "started", "first_token", "finished")
SETTINGS = (
    *("strategy", "max_concurrency", "stream", "model", "base_url", "simulated", "seed"),
    *("service", "started_at", "parameters"),
)
_OF_ATTEMPT = tuple(each.name for each in fields(Attempt))
_STRICT: dict[str, Any] = {"allow_nan": False}
# Made once, where `json.dumps` makes one for each line. To look for circles takes longer than to
# meet one.
_COMPACT = json.JSONEncoder(**_STRICT, check_circular=False)


def encode(data: Mapping[str, Any]) -> str:
    """Return `data` as one line in plain ASCII, with its checksum and a line break.

    Raises
    ------
    TypeError, ValueError
        If something in it is nothing that JSON knows.
    """
    try:
        return _seal(_COMPACT.encode(data).encode())
    except RecursionError:
        raise ValueError("something is nested too deeply, or holds itself") from None


def encode_record(data: Mapping[str, Any]) -> str:
    """Return the record of an attempt or a call as `encode` does, four times as fast.

    For what we have made ourselves: it takes many things that JSON does not know.
    """
    try:
        line = to_json(data, inf_nan_mode="null")
    except ValueError:  # a lone surrogate
        line = json.dumps(_without_nan(data), separators=(",", ":")).encode()
    if not line.isascii():
        for character, escape in _BREAKS.items():
            line = line.replace(character, escape)
    return _seal(line)


def _seal(line: bytes) -> str:
    return f'{line[:-1].decode()}, "crc32": {zlib.crc32(line)}}}\n'


def split_lines(data: bytes) -> list[str]:
    """Return the lines of a file as they were written, whatever an editor has made of it.

    Line ends of all systems, a byte-order mark, UTF-16 and Latin-1 (by Windows' name, 1252) are
    undone; what is no text at all comes as U+FFFD, and fails its checksum.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            data = data.decode(encoding, "replace").lstrip("\ufeff").encode()
            break
    return [_decode_text(line) for line in re.split(rb"\r\n|\r|\n", data)]


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
    """Read a line that is whole but not as it was written: an editor or jq has changed it.

    Raises
    ------
    ValueError
        If it is not a JSON object with a checksum, right or wrong.
    """
    try:
        data = json.loads(line)
    except RecursionError:
        raise ValueError("The line is nested too deeply.") from None
    if not (isinstance(data, dict) and isinstance(data.pop("crc32", None), int)):
        raise ValueError("The line is not one of ours.")
    return data


def decode(line: str) -> dict[str, Any]:
    """Read one line; the checksum is checked, and left out of what is returned.

    Raises
    ------
    ValueError
        If the line is no JSON object, or is not the line that was written.
    """
    found = _CRC.search(line)
    if not found:
        raise ValueError("The line is cut off, or is none of ours: it ends without a checksum.")
    line = f"{line[: found.start()]}}}"
    if zlib.crc32(line.encode("utf-8", "surrogatepass")) != int(found[1]):
        raise ValueError("The line is damaged: its checksum does not match.")
    try:
        data = json.loads(line)
    except RecursionError:
        raise ValueError("The line is nested too deeply.") from None
    if not isinstance(data, dict):
        raise ValueError("The line is no JSON object.")
    return data


def dump(data: object, *, indent: int | None = None) -> str:
    """Return `data` as JSON text in plain ASCII; numbers that JSON does not know become null.

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
    except ValueError:  # looking for NaN first would cost more than all the rest
        return json.dumps(_without_nan(data), **_STRICT, indent=indent)


def call_to_dict(
    call: Call, *, texts: bool = True, known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a call as a line of OpenAI's Batch output, with its stamps and attempts as ``timing``.

    Parameters
    ----------
    call
        The call. Its prompt is in the head of the file.
    texts
        False leaves out the answer and the words of the error.
    known
        The prompt's own parameters, which the head of the file holds; others of the call's are
        written in its line, as ``parameters``.
    """
    body, message = body_of(call), call.error if texts else None
    failed = not (call.error_type is None and message is None)
    timing: dict[str, Any] = {"index": call.index, "outcome": call.outcome}
    timing |= {name: getattr(call, name) for name in _STAMPS}
    timing["attempts"] = [attempt_to_dict(attempt) for attempt in call.attempts]
    if body is not call.body:
        timing["added"] = ["body"]
    data = {
        "custom_id": call.custom_id,
        "response": _response(call, body if texts else without_words(body)),
        "error": {"code": call.error_type, "message": message} if failed else None,
        "timing": timing,
    }
    changed = {n: value for n, value in call.parameters.items() if n not in (known or ())}
    if changed:
        data["parameters"] = changed if texts else without_texts(changed)
    return data


def call_from_dict(data: Mapping[str, Any], *, prompt: str = "") -> Call:
    """Read what `call_to_dict` made.

    Parameters
    ----------
    data
        A decoded line.
    prompt
        The call's prompt, from the head of the file.

    Raises
    ------
    ValueError
        If it is not the line of a call.
    """
    try:
        call = _read_call(data, prompt)
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("The line is not that of a call.") from None
    check_record(call)
    return call


def head_of(run: Run, *, prompts: object = None) -> dict[str, Any]:
    """Return the first line of a run's file.

    Parameters
    ----------
    run
        The run; its calls need not have been made.
    prompts
        ``[{"custom_id", "messages"}, …]``, or where the prompts are; None for nothing but their
        names.
    """
    names = [{"custom_id": call.custom_id} for call in run.calls]
    return {
        "aiml_nb_journal": VERSION,
        "run_id": run.run_id,
        "settings": {name: getattr(run, name) for name in SETTINGS},
        "prompts": names if prompts is None else prompts,
    }


def end_of(run: Run) -> dict[str, Any]:
    """Return the last line of a run's file: what is known only when all calls are made."""
    return {
        "aiml_nb_end": VERSION,
        "loop_lag_max": run.loop_lag_max,
        "loop_lag_total": run.loop_lag_total,
        "limit_history": [asdict(change) for change in run.limit_history],
        "stopped": run.stopped,
        "notices": run.notices,
    }


def _response(call: Call, body: dict[str, Any] | None) -> dict[str, Any] | None:
    last = call.attempts[-1] if call.attempts else None
    status, request_id = (last.status, last.request_id) if last else (None, None)
    if status is None and body is None:
        return None
    return {"status_code": status, "request_id": request_id, "body": body}


def _read_call(data: Mapping[str, Any], prompt: str) -> Call:
    timing, error = data["timing"], data.get("error") or {}
    body = (data.get("response") or {}).get("body")
    body = body if isinstance(body, dict) else None
    return Call(
        index=timing["index"],
        custom_id=data["custom_id"],
        prompt=prompt,
        **{name: timing.get(name) for name in _STAMPS},
        outcome=timing["outcome"],
        error_type=error.get("code"),
        error=error.get("message"),
        attempts=[attempt_from_dict(attempt) for attempt in timing.get("attempts") or []],
        parameters=data.get("parameters") or {},
        body=None if timing.get("added") else body,
        **fields_of(body or {}),
    )


def attempt_to_dict(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt's members: as `dataclasses.asdict`, which copies each and takes longer."""
    return {name: getattr(attempt, name) for name in _OF_ATTEMPT}


def attempt_from_dict(data: Mapping[str, Any]) -> Attempt:
    """Read what `attempt_to_dict` made; unknown members are passed over."""
    return Attempt(**{name: value for name, value in data.items() if name in _OF_ATTEMPT})


def without_texts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request parameters in which no prompt can be: numbers, switches and the model."""
    return {
        name: value
        for name, value in parameters.items()
        if name == "model" or isinstance(value, int | float | None)
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value

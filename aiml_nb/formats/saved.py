"""Read back what was saved: the JSON of ``aiml-nb compare``, the rows of a run, a journal."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..records import Call, Comparison, LimitChange, Run
from .journal import SETTINGS, VERSION, attempt_from_dict, call_from_dict
from .lines import decode, decode_edited, split_lines
from .results import is_row, read_row, run_from_rows
from .validity import check_record

_DEFAULTS: dict[str, Any] = {
    "strategy": "gather",
    "max_concurrency": 1,
    "stream": False,
    "model": "",
    "base_url": "",
    "simulated": False,
    "started_at": 0.0,
}
_CALL_FIELDS = {each.name for each in fields(Call)}


def read_saved(path: str | os.PathLike[str]) -> Run | Comparison:
    """Read a run or a comparison from a file.

    Parameters
    ----------
    path
        What ``aiml-nb compare --json`` wrote (a comparison, or one of its runs), the JSONL of
        ``aiml-nb run`` and `to_jsonl`, or a journal.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is none of these.

    Warns
    -----
    UserWarning
        If lines are damaged, as one is where a program was killed. They are passed over: what they
        told is missing.
    """
    lines = split_lines(Path(path).read_bytes())
    text = "\n".join(lines)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    edited: list[int] = []
    try:
        if is_row(text.lstrip().partition("\n")[0]):
            rows, damaged = _read_lines(text, read_row)
            run = run_from_rows(rows)
        elif isinstance(whole, dict) and "aiml_nb_journal" not in whole:
            return _read_whole(whole)
        else:
            records, damaged = _read_lines(text, decode)
            if damaged:  # other programs keep the records, but not their checksums
                records, unread = _read_lines(text, _read_edited)
                edited, damaged = [n for n in damaged if n not in unread], unread
            run = run_from(records)
    except ValueError as error:
        if Path(path).suffix.lower() == ".csv":
            raise ValueError(
                f"{str(path)!r} is a table, and no run can be read from it: it holds no attempts. "
                "Read it with pandas.read_csv(), and keep runs with aiml_nb.to_jsonl()."
            ) from None
        raise ValueError(
            f"{str(path)!r} cannot be read. {error} Expected is what 'aiml-nb compare --json', "
            "'aiml-nb run' or aiml_nb.to_jsonl() wrote, or a journal."
        ) from None
    for numbers, what in (
        (damaged, "what is written there is missing"),
        (edited, "their checksums do not match, and they are taken as they are"),
    ):
        if numbers:
            shown = ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
            warnings.warn(f"{str(path)!r} is damaged in line {shown}: {what}.", stacklevel=2)
    return run


def _read_edited(line: str) -> dict[str, Any]:
    try:
        return decode(line)
    except ValueError:
        record = decode_edited(line)
        if "timing" in record:
            call_from_dict(record)
        return record


def run_from(lines: Iterable[Mapping[str, Any]]) -> Run:
    """Make a run of the decoded lines of a journal.

    A call without a line of its own is ``not_started``, or ``cancelled`` if it had been sent.
    Of several lines of one call the last one counts.

    Parameters
    ----------
    lines
        What `lines.decode` returned for each line.

    Raises
    ------
    ValueError
        If the first line is no head, or one is not what it should be.
    """
    head, *rest = [*lines] or [{}]
    if head.get("aiml_nb_journal") != VERSION:
        raise ValueError(f'Its first line must have "aiml_nb_journal": {VERSION}.')
    settings = head.get("settings") or {}
    if not isinstance(settings, Mapping):
        raise ValueError("Its settings are none.")
    run = _read_settings(settings)
    run.run_id = str(head.get("run_id") or "")
    planned = _read_prompts(head.get("prompts"), known={})
    calls = dict(planned)
    for data in rest:
        name = str(data.get("custom_id"))
        if "aiml_nb_end" in data:
            _read_end(run, data)
        elif "aiml_nb_resumed" in data:
            new = _read_prompts(data.get("prompts"), known=planned)
            planned |= new
            begun = {n: call for n, call in calls.items() if call.outcome != "not_started"}
            calls |= new | begun
        elif "timing" in data:
            prompt = planned[name].prompt if name in planned else ""
            calls[name] = call_from_dict(data, prompt=prompt)
            if name in planned:
                calls[name].parameters |= planned[name].parameters
        elif "sent" in data and name in calls and calls[name].outcome == "not_started":
            calls[name].outcome = "cancelled"
    run.calls = sorted(calls.values(), key=lambda call: call.index)
    check_record(run)
    return run


def _read_lines(
    text: str, read: Callable[[str], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the lines that can be read, and the numbers of those that cannot."""
    found, damaged = [], []
    for number, line in enumerate(text.split("\n"), start=1):  # not at U+2028, as splitlines()
        if line.strip():
            try:
                found.append(read(line))
            except ValueError:
                damaged.append(number)
    return found, damaged


def _read_settings(data: Mapping[str, Any]) -> Run:
    known = {name: data[name] for name in SETTINGS if data.get(name) is not None}
    return Run(**_DEFAULTS | known, calls=[])


def _read_end(run: Run, data: Mapping[str, Any]) -> None:
    run.loop_lag_max, run.loop_lag_total = data.get("loop_lag_max"), data.get("loop_lag_total")
    run.stopped = data.get("stopped")
    notices = data.get("notices")
    run.notices = [str(each) for each in notices] if isinstance(notices, list) else []
    try:
        run.limit_history = [LimitChange(**change) for change in data.get("limit_history") or []]
    except TypeError:
        raise ValueError("The history of the limit is not one.") from None


def _read_prompts(prompts: object, *, known: Mapping[str, Call]) -> dict[str, Call]:
    """Return the calls that a line names, after those that are known; a file names none."""
    items = prompts if isinstance(prompts, list) else []
    items = [item for item in items if isinstance(item, dict)]
    names = {str(item.get("custom_id")): item for item in items}
    places = {name: at for at, name in enumerate({**known, **names})}
    return {
        name: Call(
            index=places[name],
            custom_id=name,
            prompt=_last_text(item),
            parameters=dict(item.get("parameters") or {}),
        )
        for name, item in names.items()
    }


def _last_text(item: Mapping[str, Any]) -> str:
    """Return the text of the last user message, the label of `prompts.Prompt`."""
    messages = [each for each in item.get("messages") or [] if isinstance(each, dict)]
    users = [message for message in messages if message.get("role") == "user"]
    content = (users or messages or [{}])[-1].get("content")
    if isinstance(content, str):
        return content
    parts = [part for part in content or [] if isinstance(part, dict)]
    return " ".join(text for part in parts if isinstance(text := part.get("text"), str))


def _read_whole(data: Mapping[str, Any]) -> Run | Comparison:
    try:
        if "calls" in data:
            return _read_run(data, {})
        about = {
            "base_url": data.get("endpoint"),
            "simulated": data.get("simulated"),
            "seed": data.get("seed"),
        }
        pairs = data.get("pairs") or [[data["sync"], data["concurrent"]]]
        return Comparison(
            pairs=[(_read_run(sync, about), _read_run(other, about)) for sync, other in pairs]
        )
    except (AttributeError, KeyError, TypeError):
        raise ValueError("It is JSON, but holds no run and no comparison.") from None


def _read_run(data: Mapping[str, Any], about: Mapping[str, Any]) -> Run:
    run = _read_settings({**about, **data})
    run.loop_lag_max = data.get("loop_lag_max")
    run.calls = [_read_call(call) for call in data["calls"]]
    # The JSON of compare does not say it, and every streamed answer has a first token.
    run.stream = any(call.first_token is not None for call in run.calls)
    check_record(run)
    return run


def _read_call(data: Mapping[str, Any]) -> Call:
    known = {name: value for name, value in data.items() if name in _CALL_FIELDS}
    known["attempts"] = [attempt_from_dict(attempt) for attempt in data.get("attempts") or []]
    known.setdefault("custom_id", f"call-{data['index'] + 1:06d}")
    return Call(**known)

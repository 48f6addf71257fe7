r"""Results as rows: what `export.to_jsonl` and ``aiml-nb run --output`` write, one per prompt.

Every line of the file is a JSON object that stands by itself, in the prompts' order::

    for line in open("answers.jsonl"):
        row = json.loads(line)
        print(row["custom_id"], row["outcome"], row["text"])

``pandas.read_json("answers.jsonl", lines=True)`` makes a table of them. A row has

- ``index`` (from 0), ``custom_id`` and ``prompt``; ``outcome``, ``error_type``, ``text``,
  ``finish_reason``, ``input_tokens``, ``output_tokens``, ``reasoning_tokens``, ``cost`` (US
  dollars), ``model``; the stamps ``submitted``, ``started``, ``first_token`` and ``finished`` in
  seconds since the run began; ``tool_calls``, ``reasoning`` and ``n_choices``; ``attempts``;
  ``parameters``, where they are not those of the run: the fields of `records.Call`, null where one
  does not apply;
- ``id``, ``response`` and ``error``, as in OpenAI's Batch output, for programs that read that.
  ``response.body`` is `records.Call.body`, the whole reply; ``added`` names what the server left
  out of it and that shape needs, such as ``["created", "choices.0.index"]``: it is ours;
- ``run``, the fields of `records.Run` but for its calls: how, where and when
  (``run.started_at``, seconds since the epoch) the call was made, and with which request
  ``parameters``. ``limit_history`` is in the first row only.

The journal (`journal`) is another file: what the runner needs to go on, written as things happen.
`saved.read_saved` reads both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..completion import told_of
from ..records import Call, LimitChange, Run
from .batch import complete, take_out
from .journal import SETTINGS, attempt_from_dict, call_to_dict, without_texts
from .lines import dump
from .validity import check_record

VERSION = 1
_FIELDS = (
    *("index", "custom_id", "prompt", "outcome", "error_type", "text", "finish_reason"),
    *("input_tokens", "output_tokens", "reasoning_tokens", "cost", "model"),
    *("submitted", "started", "first_token", "finished"),
)
_TEXTS = ("prompt", "text", "tool_calls", "reasoning")
_OF_RUN = ("run_id", *SETTINGS, "loop_lag_max", "loop_lag_total", "stopped")


def encode_rows(run: Run, *, texts: bool = True) -> Iterator[bytes]:
    """Yield the rows of a run as lines of plain ASCII.

    Parameters
    ----------
    texts
        False leaves out prompts, answers and the words of errors, and of request parameters all
        but numbers, switches and the model.
    """
    about = {"version": VERSION} | {name: getattr(run, name) for name in _OF_RUN}
    if not texts:
        about["parameters"] = without_texts(run.parameters)
    history = {"limit_history": [asdict(change) for change in run.limit_history]}
    for number, call in enumerate(run.calls):
        row = _row(call, run, texts=texts) | {"run": about if number else about | history}
        yield f"{dump(row)}\n".encode("ascii")


def read_row(line: str) -> dict[str, Any]:
    """Read a row; raise ValueError if the line is none."""
    try:
        row = json.loads(line)
    except RecursionError:
        raise ValueError("The line is nested too deeply.") from None
    if not (isinstance(row, dict) and "custom_id" in row and isinstance(row.get("run"), dict)):
        raise ValueError("The line is no row of results.")
    return row


def is_row(line: str) -> bool:
    """Say whether `line` is a row."""
    try:
        return bool(read_row(line))
    except ValueError:
        return False


def run_from_rows(rows: Sequence[Mapping[str, Any]]) -> Run:
    """Make a run of its rows, all of them or some.

    Raises
    ------
    ValueError
        If they are rows of several runs, or one is not what it should be.
    """
    about = rows[0]["run"]
    if about.get("version") != VERSION:
        raise ValueError(f'Its rows must have "version": {VERSION} in "run".')
    if len({row["run"].get("run_id") for row in rows}) > 1:
        raise ValueError("It has rows of several runs. Keep each run in a file of its own.")
    try:
        histories = [row["run"].get("limit_history") for row in rows]
        run = Run(
            **{name: about[name] for name in _OF_RUN if name != "parameters"},
            parameters=about.get("parameters") or {},  # earlier rows have none
            calls=sorted(map(_read_row, rows), key=lambda call: call.index),
            limit_history=[LimitChange(**change) for change in next(filter(None, histories), [])],
        )
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("Its rows are not those of a run.") from None
    check_record(run)
    return run


def _row(call: Call, run: Run, *, texts: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"{run.run_id}.{call.index}"}
    row |= {name: getattr(call, name) for name in _FIELDS} | told_of(call)
    if not texts:
        row |= dict.fromkeys(_TEXTS)
    row["attempts"] = [asdict(attempt) for attempt in call.attempts]
    row["parameters"] = call.parameters if texts else without_texts(call.parameters)
    line = call_to_dict(call, texts=texts)
    response, added = line["response"], line["timing"].get("added", [])
    if response and response["body"]:
        created = int(run.started_at + (call.finished or 0))
        known = {"id": row["id"], "created": created, "model": run.model}
        body, missing = complete(response["body"], known)
        response, added = response | {"body": body}, added or missing
    row |= {"response": response, "error": line["error"]}
    return row | {"added": added} if added else row


def _read_row(row: Mapping[str, Any]) -> Call:
    known = {name: row[name] for name in _FIELDS}
    known |= {name: row[name] or "" for name in _TEXTS if name in _FIELDS}
    body, added = (row.get("response") or {}).get("body"), row.get("added", [])
    if added == ["body"]:
        body = None
    elif body:
        take_out(body, added)
    return Call(
        **known,
        error=(row["error"] or {}).get("message"),
        attempts=[attempt_from_dict(attempt) for attempt in row["attempts"]],
        parameters=row.get("parameters") or {},
        body=body,
    )

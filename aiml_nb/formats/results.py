r"""Results as rows: what `export.to_jsonl` and ``aiml-nb run --output`` write, one per prompt.

Every line of the file is a JSON object that stands by itself, in the prompts' order::

    for line in open("answers.jsonl"):
        row = json.loads(line)
        print(row["custom_id"], row["outcome"], row["text"])

``pandas.read_json("answers.jsonl", lines=True)`` makes a table of them. A row has

- ``index`` (from 0), ``custom_id`` and ``prompt``; ``outcome``, ``error_type``, ``text``,
  ``finish_reason``, ``input_tokens``, ``output_tokens``, ``reasoning_tokens``, ``cost`` (US
  dollars), ``model``; the stamps ``submitted``, ``started``, ``first_token`` and ``finished`` in
  seconds since the run began; ``tool_calls`` (``name`` and ``arguments`` of each, read where they
  are JSON), ``reasoning`` and ``n_choices``; ``attempts``; ``parameters``, where they are not those
  of the run: the fields of `records.Call`, null where one does not apply; and ``worker`` (the
  process that sent the last attempt, in a run on several), ``api``,
  ``children``, ``result`` (a typed answer as plain JSON, or what a function returned),
  ``invalid_usage`` and ``row`` (the user's own row of a table), for calls that have them; where
  replies are no texts ``n_vectors``, ``dimensions``, ``flagged`` or ``n_images``, and ``vectors``
  or ``files``: where these are, beside this file (`export.binary_files`; those of a grid are in
  its rows);
- ``id``, ``response`` and ``error``, as in OpenAI's Batch output, for programs that read that.
  ``response.body`` is `records.Call.body`, the whole reply; ``added`` names the members that the
  format requires and the server left out, such as ``["created", "choices.0.index"]``: they are
  filled in here;
- ``run``, the fields of `records.Run` but for its calls: how, where and when
  (``run.started_at``, seconds since the epoch) the call was made, and with which request
  ``parameters``. ``limit_history`` is in the first row only. Of a grid all rows stand in one file,
  and ``run`` has ``variant``, its name, and ``varied``, the values by which it differs.

The journal (`journal`) is another file: what the runner needs to resume, written as it happens.
`saved.read_saved` reads both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from ..answered import columns_of, numbers_of
from ..apis.binary import without_binary
from ..completion import named_arguments
from ..records import Call, Grid, Run
from .batch import complete, remove_added, reply_of
from .codec import (
    CALL_FIELDS,
    OPTIONAL_FIELDS,
    STAMPS,
    attempts_to_dicts,
    from_dict,
    optional_fields,
    own_row,
)
from .journal import SETTINGS, held_time_of, loop_delays_of, without_texts
from .lines import dump, parse

VERSION = 1
_OTHERS = ("error", "attempts", "parameters", "body", *OPTIONAL_FIELDS)  # in shapes of their own
_FIELDS = (*(n for n in CALL_FIELDS if n not in _OTHERS + STAMPS), *STAMPS)
_values = attrgetter(*_FIELDS)
_TEXTS = ("prompt", "text", "tool_calls", "reasoning")
_OF_RUN = ("run_id", *SETTINGS, "loop_lag_max", "loop_lag_total", "stopped")


def encode_rows(
    run: Run,
    *,
    texts: bool = True,
    varied: Mapping[str, Any] | None = None,
    attached: Mapping[int, Mapping[str, Any]] | None = None,
) -> Iterator[bytes]:
    """Yield the rows of a run as lines of plain ASCII.

    Parameters
    ----------
    varied
        The values by which it differs from the other runs of its grid.
    texts
        False leaves out prompts, answers and the words of errors, and of request parameters all
        but numbers, switches and the model.
    attached
        By the index of its call, what a row says of the files that hold its vectors, pictures or
        sounds in its place.
    """
    about = {"version": VERSION} | {name: getattr(run, name) for name in _OF_RUN}
    about |= held_time_of(run)
    if not texts:
        about["parameters"] = without_texts(run.parameters)
    if run.variant is not None:
        about |= {"variant": run.variant}
    if varied is not None:
        about |= {"varied": varied}
    history = {"limit_history": [asdict(change) for change in run.limit_history]}
    history |= loop_delays_of(run)
    # Encoded once, since it is the larger part of most rows.
    shared, first = dump(about), dump(about | history)
    for number, call in enumerate(run.calls):
        row = dump(_row(call, run, texts=texts, attached=(attached or {}).get(call.index)))
        yield f'{row[:-1]}, "run": {shared if number else first}}}\n'.encode("ascii")


def read_row(line: str) -> dict[str, Any]:
    """Parse a row; raise ValueError if the line is not one."""
    row = parse(line)
    if not is_row(row):
        raise ValueError("The line is not a row of results.")
    return row  # type: ignore[no-any-return]


def is_row(data: object) -> bool:
    """Tell whether a parsed line is a row of results."""
    return isinstance(data, dict) and "custom_id" in data and isinstance(data.get("run"), dict)


def run_from_rows(rows: Sequence[Mapping[str, Any]]) -> Run:
    """Build a run from its rows, or some of them.

    Raises
    ------
    ValueError
        If they are rows of several runs, or one is not what it should be.
    """
    about = rows[0]["run"]
    if about.get("version") != VERSION:
        raise ValueError(f'Its rows must have "version": {VERSION} in "run".')
    for row in rows:
        check_run(row, about)
    try:
        histories = (row["run"].get("limit_history") for row in rows)
        data = {name: about[name] for name in _OF_RUN if name != "parameters"}
        data["parameters"] = about.get("parameters") or {}  # rows of early versions have none
        data["variant"] = about.get("variant")
        data["held_time"] = about.get("held_time") or 0.0
        data["calls"] = [_fields_of_call(row) for row in rows]
        data["limit_history"] = next(filter(None, histories), [])
        delays = (row["run"].get("loop_delays") for row in rows)
        data["loop_delays"] = next(filter(None, delays), [])
        run = from_dict(Run, data)
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("Its rows are not those of a run.") from None
    except ValueError as error:
        raise ValueError(f"Its rows are not those of a run: {error}") from None
    run.calls.sort(key=lambda call: call.index)
    return run


def check_run(row: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Raise ValueError if a row is not of the run that another says it is of."""
    if row["run"].get("run_id") != about.get("run_id"):
        raise ValueError("It has rows of several runs. Keep each run in a file of its own.")


def call_from_row(row: Mapping[str, Any]) -> Call:
    """Return the call of one row; raise ValueError if it is none."""
    try:
        return from_dict(Call, _fields_of_call(row))
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("Its rows are not those of a run.") from None
    except ValueError as error:
        raise ValueError(f"Its rows are not those of a run: {error}") from None


def grid_from_rows(rows: Sequence[Mapping[str, Any]]) -> Grid | None:
    """Build a grid from the rows of its runs; None if they are not those of one.

    Raises
    ------
    ValueError
        If a row is not what it should be.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["run"].get("run_id")), []).append(row)
    about = [group[0]["run"] for group in groups.values()]
    if not all(isinstance(each.get("varied"), dict) for each in about):
        return None
    names = [str(each.get("variant")) for each in about]
    variants = {name: each["varied"] for name, each in zip(names, about, strict=True)}
    varied: dict[str, list[Any]] = {}
    for values in variants.values():
        for name, value in values.items():
            if value not in varied.setdefault(name, []):
                varied[name].append(value)
    runs = {name: run_from_rows(group) for name, group in zip(names, groups.values(), strict=True)}
    return Grid(runs=runs, varied=varied, variants=variants)


def _row(
    call: Call, run: Run, *, texts: bool, attached: Mapping[str, Any] | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"{run.run_id}.{call.index}"}
    row |= zip(_FIELDS, _values(call), strict=True)
    row |= columns_of(call) | numbers_of(call)
    if row["tool_calls"]:
        row["tool_calls"] = [named_arguments(each) for each in row["tool_calls"]]
    if not texts:
        row |= dict.fromkeys(_TEXTS)
    row["attempts"] = attempts_to_dicts(call)
    if call.worker is not None:
        row["worker"] = call.worker
    row["parameters"] = call.parameters if texts else without_texts(call.parameters)
    response, error, added = reply_of(call, texts=texts)
    if response and response["body"]:
        created = int(run.started_at + (call.finished or 0))
        known = {"id": row["id"], "created": created, "model": run.model}
        if attached:
            response["body"] = without_binary(response["body"])
            row |= attached
        response["body"], missing = complete(response["body"], known)
        added = added or missing
    row |= {"response": response, "error": error}
    if added:
        row["added"] = added
    row |= optional_fields(call, texts=texts)
    return row | own_row(call.row) if texts else row


def _fields_of_call(row: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: row[name] for name in _FIELDS}
    data |= {name: row[name] or "" for name in _TEXTS if name in _FIELDS}
    body, added = (row.get("response") or {}).get("body"), row.get("added", [])
    if added == ["body"]:
        body = None
    elif body:
        remove_added(body, added)
    data["error"] = (row["error"] or {}).get("message")
    data["attempts"] = row["attempts"]
    data["parameters"] = row.get("parameters") or {}
    data["body"] = body
    return data | {name: row[name] for name in OPTIONAL_FIELDS if name in row}

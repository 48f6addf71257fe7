"""Records as pandas tables: a column a field, and one for each time of `times`.

pandas is imported by the functions, not by the module.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..answered import columns_of
from ..completion import named_arguments
from ..formats.codec import STAMPS
from ..formats.journal import without_texts
from ..formats.lines import dump
from ..records import CHAT, Attempt, Call, Run
from ..times import Timed
from .answer_columns import number_columns
from .frames import column, fields, frame
from .kinds import within
from .order import finishing_ranks, overtakes
from .result_columns import result_columns
from .usage import usage_measures_text
from .workers import workers

if TYPE_CHECKING:
    import pandas as pd

_IDENTITY = ("index", "custom_id")
_TIMES = tuple(name for name, each in vars(Timed).items() if isinstance(each, property))
# The fields of a call in the order of the table, and its times; their types are those of `Call`.
_CALL_COLUMNS = (
    *(*_IDENTITY, "prompt", "outcome", "error_type", "error"),
    *(*STAMPS, *_TIMES, "backoff_time"),
    *("input_tokens", "output_tokens", "reasoning_tokens", "cost", "model"),
    *("finish_reason", "text"),
)
_BODY_COLUMNS = {"tool_calls": "string", "reasoning": "string", "n_choices": "Int64"}
_ATTEMPT_COLUMNS = tuple(each.name for each in dataclasses.fields(Attempt))

_ADDED = ("finished_rank", "overtakes", "attempts", "parameters", "simulated", "api")
# All that a table may have beside what functions returned, and what a file has before it.
CALL_TABLE = frozenset({"run", "worker", *_CALL_COLUMNS, *_ADDED, *_BODY_COLUMNS})


def call_table(run: Run) -> pd.DataFrame:
    """Return the calls of a run as a table, one row per call in the order of the prompts.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    pandas.DataFrame
        The fields of `records.Call`, then its times. Seconds, and stamps in seconds since the run's
        origin; dollars; what is not known is missing (``pd.NA``). Added to them: ``finished_rank``
        (1 for the first to finish), ``overtakes`` (earlier-submitted calls still unfinished when
        this one finished), ``attempts`` (how many were made), ``parameters`` (the call's request
        parameters, those of the run among them, as JSON) and ``simulated``; and of the whole
        reply ``tool_calls`` (as JSON: the ``name`` and the ``arguments`` of each, those read where
        they are JSON), ``reasoning`` and ``n_choices``. Lone surrogates in
        texts become U+FFFD, since no file could take them. ``time_per_output_token`` is missing
        where the tokens do not measure text (`usage_measures_text`). Where worker processes sent
        the calls, ``worker`` is the one of the last attempt. Where calls are not all chat,
        ``api`` is their kind, and of embeddings there are ``n_vectors`` and ``dimensions``, of
        moderations ``flagged``; what functions returned is ``result``, or a column for each member
        of dictionaries, dataclasses and models, by its name, with ``result_`` before one that is
        taken; typed answers (``response_format``) have one for each field, ``address.city`` for one
        within another, whether or not any answer fits.
    """
    columns = fields(run.calls, Call, _with_api(run.calls, _CALL_COLUMNS))
    if usage_measures_text(run) is False:
        columns["time_per_output_token"] = column([None] * len(run.calls), "Float64")
    columns["finished_rank"] = column(finishing_ranks(run), "Int64")
    columns["overtakes"] = column(overtakes(run), "Int64")
    columns["attempts"] = column([len(call.attempts) for call in run.calls], "Int64")
    columns["parameters"] = column(request_parameters(run), "string")
    columns["simulated"] = column([run.simulated] * len(run.calls), "boolean")
    if workers(run):
        columns |= fields(run.calls, Call, ("worker",))
    read = [columns_of(call) for call in run.calls]
    for name, kind in _BODY_COLUMNS.items():
        columns[name] = column([_as_cell(each[name]) for each in read], kind)
    columns |= number_columns(run.calls)
    return frame(columns | result_columns(run, taken=CALL_TABLE))


def request_parameters(run: Run, *, texts: bool = True) -> list[str | None]:
    """Return the request parameters of each call as JSON, None for none.

    Parameters
    ----------
    texts
        False leaves out those in which a prompt may be.
    """
    keep = dict if texts else without_texts
    of_all = keep(run.parameters)
    shared = dump(of_all) if of_all else None
    own = (keep(call.parameters) for call in run.calls)
    return [dump(of_all | each) if each else shared for each in own]


def attempts_table(run: Run) -> pd.DataFrame:
    """Return the attempts of a run as a table, one row per attempt, call by call.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    pandas.DataFrame
        ``index`` and ``custom_id`` of the call, then the fields of `records.Attempt`, its
        ``duration`` (finished - started, seconds) and ``simulated``; ``worker`` only where worker
        processes sent them. Where calls are not all chat, ``api`` is their kind.
    """
    rows = [(call, attempt) for call in run.calls for attempt in call.attempts]
    calls, attempts = [call for call, _ in rows], [attempt for _, attempt in rows]
    columns = fields(calls, Call, _with_api(run.calls, _IDENTITY))
    names = [name for name in _ATTEMPT_COLUMNS if name != "worker" or workers(run)]
    columns |= fields(attempts, Attempt, names)
    columns["duration"] = column([_attempt_duration(a) for a in attempts], "Float64")
    columns["simulated"] = column([run.simulated] * len(rows), "boolean")
    return frame(columns)


def children_table(run: Run) -> pd.DataFrame:
    """Return what was made within the calls of a run as a table, one row each, call by call.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    pandas.DataFrame
        ``index`` and ``custom_id`` of the outermost call, ``depth`` (1 right within it), ``api``,
        then the columns of `call_table` that are of one call alone; of a step, ``prompt`` is its
        name.
    """
    rows = [(call, depth, child) for call in run.calls for depth, child in within(call)]
    outer, children = [call for call, *_ in rows], [child for *_, child in rows]
    columns = fields(outer, Call, _IDENTITY)
    columns["depth"] = column([depth for _, depth, _ in rows], "Int64")
    columns |= fields(children, Call, ("api", *_CALL_COLUMNS[len(_IDENTITY) :]))
    columns["attempts"] = column([len(child.attempts) for child in children], "Int64")
    return frame(columns)


def _with_api(calls: Sequence[Call], names: tuple[str, ...]) -> tuple[str, ...]:
    """Add the kind of call after its identity, where calls are not all chat."""
    if all(call.api == CHAT for call in calls):
        return names
    return (*_IDENTITY, "api", *names[len(_IDENTITY) :])


def _as_cell(value: object) -> object:
    return dump([named_arguments(each) for each in value]) if isinstance(value, list) else value


def _attempt_duration(attempt: Attempt) -> float | None:
    return None if attempt.finished is None else attempt.finished - attempt.started

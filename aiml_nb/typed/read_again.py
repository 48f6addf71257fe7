"""`parse`: the answers of a run read again, from their texts, as another type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from ..printable import printable
from ..records import INVALID_ANSWER, Call, Grid, Run
from .problems import InvalidAnswerError
from .readers import Reader, reader_of, text_to_read
from .response_format import as_response_format

_MAX_ERROR = 300  # characters, as `Call.error` has
_READ = ("ok", "incomplete")
_Runs = TypeVar("_Runs", Run, Grid)


def parse(run: _Runs, response_format: Any) -> _Runs:
    """Read the answers of a run again, from the texts that are kept: nothing is sent.

    For a class that has changed, answers that were saved (`read_saved` gives plain data), or a run
    that was made without ``response_format``.

    Parameters
    ----------
    run
        The run, made or read from a file; or a grid.
    response_format
        As for `run`: a class, a JSON schema, or what the API takes.

    Returns
    -------
    Run or Grid
        A copy whose calls have `Call.parsed`. What does not fit is an ``error`` with the
        ``error_type`` ``invalid_answer``, as in a run; what was one and fits now is ``ok``. Calls
        without an answer stay as they are.

    Raises
    ------
    TypeError, ValueError
        If it is not a run, or `response_format` says nothing of a type.
    """
    if isinstance(run, Grid):
        runs = {name: parse(each, response_format) for name, each in run.runs.items()}
        return replace(run, runs=runs)
    if not isinstance(run, Run):
        raise TypeError(
            f"parse() reads the answers of a run, not a {type(run).__name__}. Give it what run() "
            "or read_saved() returned."
        )
    reader = reader_of(as_response_format(response_format))
    if reader is None:
        raise ValueError(
            f"response_format is {response_format!r:.60}, which any text answers. Give a class or "
            "a JSON schema."
        )
    calls = [replace(call) for call in run.calls]
    for call in calls:
        reread(call, reader)
    return replace(run, calls=calls)


def reread(call: Call, reader: Reader) -> None:
    """Read the answer of a call again, if it has one, and judge it anew."""
    was_invalid = call.error_type == INVALID_ANSWER
    if call.outcome not in _READ and not was_invalid:
        return
    text = text_to_read(call.text, {"choices": call.choices})
    if text is None:
        return
    call.result = None
    try:
        call.result = reader.read(text)
    except InvalidAnswerError as error:
        if call.outcome != "incomplete":
            said = printable(str(error))
            said = said if len(said) <= _MAX_ERROR else f"{said[: _MAX_ERROR - 1]}…"
            call.outcome, call.error_type, call.error = "error", INVALID_ANSWER, said
    else:
        if was_invalid:
            call.outcome, call.error_type, call.error = "ok", None, None

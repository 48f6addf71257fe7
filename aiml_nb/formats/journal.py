"""The lines of a journal: what the runner needs to resume. For results see `results`.

A journal has one line each for

- its head, ``{"aiml_nb_journal": 1, "run_id", "settings": {…}, "prompts": [{"custom_id",
  "messages", "parameters"}, …]}``: `header`; a prompt from a table has its ``row``, too, and one
  that cannot be asked the ``problem``; of more than 500 prompts those that are not in the head
  follow in lines of ``{"aiml_nb_prompts": 500, "prompts": [{…}, …]}``, each with the number of its
  first, from 0; the head then has ``n_prompts``, how many there are: `journal_head.head_lines`;
- a run that is resumed with other request parameters, or with prompts that are new or not as in the
  head, ``{"aiml_nb_resumed": 1, "parameters": {…}, "prompts": [{…}, …]}``;
- each attempt about to be sent, ``{"custom_id", "sent": 1, "client_request_id", "at"}``:
  `sent_line`;
- each call, in the shape of OpenAI's Batch output plus our ``timing``, for a typed answer
  ``result``, what it was read as, and for those that are no chat completions ``call``, with the
  fields of the record: `call_to_dict`, `call_from_dict`;
- a later run of the same journal, from here on, by a head of its own. Prompts that are answered
  above have ``"from": [run, custom_id]`` there in the place of their messages and parameters: the
  number of the run in the file, from 0, and their name in it; ``"fresh": true`` lets later runs
  take nothing from above it (`journal_sections`);
- its end, ``{"aiml_nb_end": 1, "loop_lag_max", "loop_lag_total", "limit_history", "stopped",
  "notices"}``, and ``held_time``, ``loop_delays`` if there are any: `footer`; a journal that was
  cut off has none.
  `saved.read_saved` reads the whole file back.

`lines.encode` makes any of them a line, `lines.decode` reads one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..completion import fields_of
from ..records import STEP, Attempt, Call, Run
from .batch import reply_of
from .codec import (
    OPTIONAL_FIELDS,
    STAMPS,
    attempts_to_dicts,
    from_dict,
    optional_fields,
    to_dict,
    without_words_of,
)
from .lines import encode_record

VERSION = 1
# The members of a line besides ``call``.
_TYPED = ("result", "invalid_usage")  # an answer's that was read: all else is in its body
_ELSEWHERE = ("index", "custom_id", "prompt", "attempts", "body", *OPTIONAL_FIELDS)
SETTINGS = (
    *("strategy", "max_concurrency", "stream", "model", "base_url", "simulated", "seed"),
    *("service", "started_at", "parameters"),
)


def call_to_dict(
    call: Call,
    *,
    texts: bool = True,
    known: Mapping[str, Any] | None = None,
    simulated: bool = False,
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
    simulated
        All calls that functions have made in this run so far went to the simulator: the head of
        the file was written before that was known.
    """
    reply = reply_of(call, texts=texts)
    timing: dict[str, Any] = {"index": call.index, "outcome": call.outcome}
    timing |= {name: getattr(call, name) for name in STAMPS}
    timing["attempts"] = attempts_to_dicts(call)
    if reply.added:
        timing["added"] = reply.added
    data = {
        "custom_id": call.custom_id,
        "response": reply.response,
        "error": reply.error,
        "timing": timing,
    }
    changed = {n: value for n, value in call.parameters.items() if n not in (known or ())}
    if changed:
        data["parameters"] = changed if texts else without_texts(changed)
    special = optional_fields(call, texts=texts)
    if special.keys() <= {*_TYPED}:
        data |= special
    else:
        whole = to_dict(call) if texts else without_words_of(to_dict(call))
        own = {n: each for n, each in whole.items() if n not in _ELSEWHERE} | special
        data["call"] = own | {"simulated": True} if simulated else own
    return data


def call_from_dict(data: Mapping[str, Any], *, prompt: str = "") -> Call:
    """Return the call from the output of `call_to_dict`.

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
        return from_dict(Call, _fields_of_call(data, prompt))
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("The line is not that of a call.") from None
    except ValueError as error:
        raise ValueError(f"The line is not that of a call: {error}") from None


def are_simulated(lines: Iterable[Mapping[str, Any]]) -> bool:
    """Say of lines of functions' calls whether all that these called was the simulator."""
    special = [line["call"] for line in lines if "call" in line]
    told = {call.get("simulated") for call in special if "simulated" in call or _has_calls(call)}
    return told == {True}


def _has_calls(data: Mapping[str, Any]) -> bool:
    return any(each["api"] != STEP or _has_calls(each) for each in data.get("children", ()))


def header(run: Run, *, prompts: object = None) -> dict[str, Any]:
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


def footer(run: Run) -> dict[str, Any]:
    """Return the last line of a run's file: what is known only at its end."""
    return {
        "aiml_nb_end": VERSION,
        "loop_lag_max": run.loop_lag_max,
        "loop_lag_total": run.loop_lag_total,
        "limit_history": [asdict(change) for change in run.limit_history],
        "stopped": run.stopped,
        "notices": run.notices,
        **held_time_of(run),
        **loop_delays_of(run),
    }


def held_time_of(run: Run) -> dict[str, float]:
    """Return ``held_time`` by its name, and nothing for runs that have none: most."""
    return {"held_time": run.held_time} if run.held_time else {}


def loop_delays_of(run: Run) -> dict[str, Any]:
    """Return ``loop_delays`` by their name, and nothing for runs that have none."""
    return {"loop_delays": [asdict(each) for each in run.loop_delays]} if run.loop_delays else {}


def sent_line(call: Call, attempt: Attempt, client_request_id: str) -> str:
    """Return the line of an attempt, written before it is sent."""
    record = {
        "custom_id": call.custom_id,
        "sent": attempt.number,
        "client_request_id": client_request_id,
        "at": attempt.started,
    }
    return encode_record(record)


def finished_line(
    call: Call, *, known: Mapping[str, Any] | None = None, simulated: bool = False
) -> str:
    """Return the line of a finished call; `known` are its parameters in the header."""
    return encode_record(call_to_dict(call, known=known, simulated=simulated))


def _fields_of_call(data: Mapping[str, Any], prompt: str) -> dict[str, Any]:
    timing, error = data["timing"], data.get("error") or {}
    body = (data.get("response") or {}).get("body")
    body = body if isinstance(body, dict) else None
    read = data["call"] if "call" in data else fields_of(body or {})
    return {
        **read,
        **{name: data[name] for name in _TYPED if name in data},
        "index": timing["index"],
        "custom_id": data["custom_id"],
        "prompt": prompt,
        **{name: timing.get(name) for name in STAMPS},
        "outcome": timing["outcome"],
        "error_type": error.get("code"),
        "error": error.get("message"),
        "attempts": timing.get("attempts") or [],
        "parameters": data.get("parameters") or {},
        "body": None if timing.get("added") else body,
    }


def without_texts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request parameters without text: numbers, booleans and the model."""
    return {
        name: value
        for name, value in parameters.items()
        if name == "model" or isinstance(value, int | float | None)
    }

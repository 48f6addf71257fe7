"""Runs as spans of OpenTelemetry, in the JSON of OTLP, with its names for generative AI.

https://opentelemetry.io/docs/specs/otlp/ and https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..analysis.answered import is_answered
from ..analysis.bounds import end_of, origin_of
from ..analysis.kinds import HOLDERS
from ..formats.atomic import write_atomic
from ..formats.lines import dump
from ..records import STEP, Attempt, Call, Run
from ..report.labels import sanitize
from .named_runs import FilePath, Written, named_runs

_Span = dict[str, Any]
_INTERNAL, _CLIENT, _OK, _ERROR = 1, 3, 1, 2
# What OpenTelemetry calls kinds of call; others keep our names.
_OPERATIONS = {"responses": "chat", "messages": "chat", "completions": "text_completion"}


def to_otlp(shown: Written, path: FilePath) -> Path:
    """Write the calls of runs as spans of OpenTelemetry, as JSON that collectors and viewers read.

    Each run is a trace. Its calls are spans with the attributes ``gen_ai.*``; what was made within
    them, and their attempts, are spans below them. Calls that never started are left out, and so
    are prompts, answers and the words of errors.

    Parameters
    ----------
    shown
        A run, a comparison with all its pairs, or several runs, named by the keys of a dictionary.
    path
        Where to; replaced as a whole.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    traces = [_trace(name, run, i) for i, (name, run) in enumerate(named_runs(shown))]
    scope = {"scope": {"name": "aiml_nb"}, "spans": [span for spans in traces for span in spans]}
    resource = {"attributes": _attributes({"service.name": "aiml_nb"})}
    data = {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}
    return write_atomic(Path(path), [dump(data).encode("ascii")])


def _trace(name: str, run: Run, number: int) -> Iterator[_Span]:
    """Yield the span of a run and all below it, parents first; a place names each within it."""
    zero = run.started_at - origin_of(run)
    seed = f"{run.run_id} {run.strategy} {run.started_at} {number} "

    def make(name: str, place: str, start: float, stop: float, facts: dict[str, Any]) -> _Span:
        parent = place.rpartition(".")[0]
        return {
            "traceId": _digest(seed, 32),
            "spanId": _digest(seed + place, 16),
            "parentSpanId": _digest(seed + parent, 16) if parent else "",
            "name": name,
            "startTimeUnixNano": str(round((zero + start) * 1e9)),
            "endTimeUnixNano": str(round((zero + max(start, stop)) * 1e9)),
            "attributes": _attributes(facts),
        }

    yield make(sanitize(name), "run", origin_of(run), end_of(run), {}) | {"kind": _INTERNAL}
    left = [(f"run.{i}", call, end_of(run)) for i, call in reversed([*enumerate(run.calls)])]
    while left:
        place, call, stop = left.pop()
        if call.started is not None:
            stop = stop if call.finished is None else call.finished
            yield from _call_spans(make, place, call, stop, run)
            below = enumerate(reversed(call.children))
            left += [(f"{place}.{i}", child, stop) for i, child in below]


def _call_spans(
    make: Callable[..., _Span], place: str, call: Call, stop: float, run: Run
) -> Iterator[_Span]:
    holds, operation = call.api in HOLDERS, _OPERATIONS.get(call.api, sanitize(call.api))
    name = f"{operation} {sanitize(call.model or run.model, width=80)}"
    if holds:
        name = sanitize(call.prompt) if call.api == STEP and call.prompt else operation
    facts: dict[str, Any] = {"error.type": None if is_answered(call) else _why(call)}
    if not holds:
        facts |= {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "openai",  # the form of the interface, whoever answers
            "gen_ai.request.model": run.model or call.model,
            "gen_ai.response.model": call.model,
            "gen_ai.usage.input_tokens": call.input_tokens,
            "gen_ai.usage.output_tokens": call.output_tokens,
            "server.address": urlsplit(run.base_url).hostname,
        }
    status = {"code": _OK if is_answered(call) else _ERROR}
    span = make(name, place, call.started, stop, facts)
    yield span | {"kind": _INTERNAL if holds else _CLIENT, "status": status}
    for attempt in call.attempts if not holds else ():
        end = stop if attempt.finished is None else attempt.finished
        span = make("POST", f"{place}.a{attempt.number}", attempt.started, end, _sent(attempt))
        yield span | {"kind": _CLIENT}


def _sent(attempt: Attempt) -> dict[str, Any]:
    return {
        "http.request.method": "POST",
        "http.request.resend_count": attempt.number - 1 or None,
        "http.response.status_code": attempt.status,
        "error.type": attempt.error_type,
    }


def _why(call: Call) -> str:
    return sanitize(call.error_type or call.outcome)


def _digest(text: str, digits: int) -> str:
    """Return hexadecimal digits that are the same each time a run is written."""
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:digits]


def _attributes(facts: dict[str, Any]) -> list[dict[str, Any]]:
    known = {name: value for name, value in facts.items() if value is not None}
    return [{"key": name, "value": _value(value)} for name, value in known.items()]


def _value(value: str | int) -> dict[str, str]:
    return {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}

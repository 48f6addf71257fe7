"""Runs as trace events, in the format of Chrome's trace viewer that Perfetto reads too.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..analysis.bounds import end_of, origin_of
from ..analysis.lanes import lanes
from ..analysis.subject import Subject
from ..formats.atomic import write_atomic
from ..formats.lines import dump
from ..records import Call, Comparison, Run
from ..report.labels import sanitize
from ..report.wording import concurrent_name, sync_name
from .named_runs import FilePath, named_runs

_Event = dict[str, Any]
# Answers and prompts are cut to this many characters.
_TEXT_WIDTH = 200


def trace_events(named: Sequence[tuple[str, Run]], *, texts: bool = False) -> list[_Event]:
    """Return the events of runs: a process each, 1 the first; its lanes are its threads.

    Parameters
    ----------
    named
        The runs and their names.
    texts
        True adds the beginnings of prompts and answers.

    Returns
    -------
    list
        All times are whole microseconds since the run's first submit. Per started call an ``X``
        slice, and in it one per phase: ``waiting`` and ``streaming``, or ``in flight`` where no
        token was seen; ``retried`` for an attempt that was made again, and ``back-off``. Per call
        that waited for a slot an async ``b`` and ``e`` named ``queued``. A counter ``in flight``
        at each change. Names of processes and threads are metadata, ``M``.
    """
    events: list[_Event] = []
    for process, (name, run) in enumerate(named, start=1):
        events += _run_events(process, name, run, texts=texts)
    return events


def _run_events(process: int, name: str, run: Run, *, texts: bool) -> Iterator[_Event]:
    places, origin, end = lanes(run), origin_of(run), end_of(run)
    yield _metadata("process_name", process, 0, name)
    for thread in range(1, 2 + max((lane for lane in places if lane is not None), default=-1)):
        yield _metadata("thread_name", process, thread, f"lane {thread}")
    for call, lane in zip(run.calls, places, strict=True):
        stamps = _Stamps(call, origin=origin, end=end)
        if stamps.queued is not None:
            yield from _queued(process, call, stamps.queued)
        if lane is not None:
            place = {"ph": "X", "pid": process, "tid": lane + 1}
            yield place | stamps.slice(f"call {call.index + 1}") | {"args": _facts(call, texts)}
            for phase, start, stop in stamps.phases():
                yield place | {"name": phase, "cat": "phase", "ts": start, "dur": stop - start}
    yield from _counter(process, run, origin=origin, end=end)


class _Stamps:
    """The stamps of a call in whole microseconds, so that slices nest exactly."""

    def __init__(self, call: Call, *, origin: float, end: float) -> None:
        self._call = call
        self._origin = origin
        self._start = 0 if call.started is None else self._at(call.started)
        self._stop = max(self._start, self._at(end if call.finished is None else call.finished))

    @property
    def queued(self) -> tuple[int, int] | None:
        """From when to when the call waited for a slot, None if it did not."""
        if self._call.submitted is None:
            return None
        start = self._at(self._call.submitted)
        stop = self._stop if self._call.started is None else self._start
        return (start, stop) if stop > start else None

    def slice(self, name: str) -> _Event:
        """Return the whole call."""
        return {"name": name, "cat": "call", "ts": self._start, "dur": self._stop - self._start}

    def phases(self) -> Iterator[tuple[str, int, int]]:
        """Yield the parts of the call, one after the other."""
        begin = self._start
        for attempt, following in pairwise(self._call.attempts):
            after = self._within(following.started, begin)
            end = after if attempt.finished is None else self._within(attempt.finished, begin)
            yield "retried", begin, min(end, after)
            yield "back-off", min(end, after), after
            begin = after
        if self._call.first_token is None:
            yield "in flight", begin, self._stop
        else:
            first = self._within(self._call.first_token, begin)
            yield "waiting", begin, first
            yield "streaming", first, self._stop

    def _at(self, stamp: float) -> int:
        return round((stamp - self._origin) * 1e6)

    def _within(self, stamp: float, begin: int) -> int:
        return min(max(self._at(stamp), begin), self._stop)


def _queued(process: int, call: Call, span: tuple[int, int]) -> Iterator[_Event]:
    for phase, time in zip("be", span, strict=True):
        yield {
            "ph": phase,
            "name": "queued",
            "cat": "queue",
            "id": f"{process}.{call.index}",
            "pid": process,
            "tid": 0,
            "ts": time,
        }


def _counter(process: int, run: Run, *, origin: float, end: float) -> Iterator[_Event]:
    changes: dict[int, int] = {0: 0}
    for call in run.calls:
        if call.started is not None:
            for stamp, change in (
                (call.started, 1),
                (end if call.finished is None else max(call.started, call.finished), -1),
            ):
                time = round((stamp - origin) * 1e6)
                changes[time] = changes.get(time, 0) + change
    count = 0
    for time in sorted(changes):
        count += changes[time]
        yield {
            "ph": "C",
            "name": "in flight",
            "pid": process,
            "tid": 0,
            "ts": time,
            "args": {"calls": count},
        }


def _facts(call: Call, texts: bool) -> _Event:
    facts: _Event = {
        "outcome": call.outcome,
        "error_type": call.error_type,
        "attempts": len(call.attempts),
        "output_tokens": call.output_tokens,
    }
    if texts:
        facts |= {
            "prompt": sanitize(call.prompt, width=_TEXT_WIDTH),
            "text": sanitize(call.text, width=_TEXT_WIDTH),
        }
    return facts


def _metadata(kind: str, process: int, thread: int, name: str) -> _Event:
    return {
        "ph": "M",
        "name": kind,
        "pid": process,
        "tid": thread,
        "args": {"name": sanitize(name)},
    }


def to_chrome_trace(
    shown: Run | Comparison | Sequence[Run], path: FilePath, *, texts: bool = False
) -> Path:
    """Write a trace that ui.perfetto.dev and chrome://tracing show (`trace_events`).

    Parameters
    ----------
    shown
        A run; a comparison, of which the pair with the median speed-up is written; or several runs.
    path
        Where to; replaced as a whole.
    texts
        True writes the beginnings of prompts and answers as well.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    named, subject = named_runs(shown), Subject.of(shown)
    if subject.pair is not None:
        names = [sync_name(subject.run), concurrent_name(subject.run)]
        named = list(zip(names, subject.pair, strict=True))
    trace = {"displayTimeUnit": "ms", "traceEvents": trace_events(named, texts=texts)}
    return write_atomic(Path(path), [dump(trace).encode("ascii")])

"""Runs as trace events, in the format of Chrome's trace viewer that Perfetto reads too.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

from ..analysis.bounds import end_of, origin_of
from ..analysis.lanes import lanes
from ..analysis.subject import Subject
from ..formats.atomic import write_atomic
from ..formats.lines import dump
from ..records import Call, Run
from ..report.labels import sanitize
from ..report.wording import concurrent_name, sync_name
from .named_runs import FilePath, Written, named_runs
from .slices import Event, call_slices, micros


def trace_events(named: Sequence[tuple[str, Run]], *, texts: bool = False) -> list[Event]:
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
        token was seen; ``retried`` for an attempt that was made again, and ``back-off``. In a call
        that holds others, these and theirs take the place of the last phase; those that overlap are
        in threads of their own beside its lane. Per call that waited for a slot an async ``b`` and
        ``e`` named ``queued``. A counter ``in flight`` at each change. Names of processes and
        threads are metadata, ``M``.
    """
    events: list[Event] = []
    for process, (name, run) in enumerate(named, start=1):
        events += _run_events(process, name, run, texts=texts)
    return events


def _run_events(process: int, name: str, run: Run, *, texts: bool) -> Iterator[Event]:
    places, origin, end = lanes(run), origin_of(run), end_of(run)
    slices_of = partial(call_slices, origin=origin, end=end, texts=texts)
    inner = {
        i: slices_of(call)
        for i, call in enumerate(run.calls)
        if call.children and call.started is not None
    }
    threads = _threads(places, {i: 1 + max(row for row, _ in inner[i]) for i in inner})
    yield _metadata("process_name", process, 0, name)
    for lane, (first, following) in enumerate(pairwise(threads), start=1):
        for row, thread in enumerate(range(first, following)):
            yield _metadata("thread_name", process, thread, f"lane {lane}{f'.{row}' * (row > 0)}")
    for i, (call, place) in enumerate(zip(run.calls, places, strict=True)):
        if (span := _queued_span(call, origin=origin, end=end)) is not None:
            yield from _queued(process, call, span)
        if place is not None:
            slices = inner[i] if i in inner else slices_of(call)
            for row, event in slices:
                yield {"ph": "X", "pid": process, "tid": threads[place] + row} | event
    yield from _counter(process, run, origin=origin, end=end)


def _threads(places: Sequence[int | None], rows: Mapping[int, int]) -> list[int]:
    """Return the first thread of each lane, and the one after the last: a thread for each row."""
    widths = [1] * (1 + max((lane for lane in places if lane is not None), default=-1))
    for i, needed in rows.items():
        lane = places[i]
        if lane is not None:
            widths[lane] = max(widths[lane], needed)
    return list(accumulate(widths, initial=1))


def _queued_span(call: Call, *, origin: float, end: float) -> tuple[int, int] | None:
    """Return from when to when a call waited for a slot, None if it did not."""
    if call.submitted is None:
        return None
    stop = call.started
    if stop is None:
        stop = end if call.finished is None else call.finished
    span = micros(call.submitted, origin), micros(stop, origin)
    return span if span[1] > span[0] else None


def _queued(process: int, call: Call, span: tuple[int, int]) -> Iterator[Event]:
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


def _counter(process: int, run: Run, *, origin: float, end: float) -> Iterator[Event]:
    changes: dict[int, int] = {0: 0}
    for call in run.calls:
        if call.started is not None:
            for stamp, change in (
                (call.started, 1),
                (end if call.finished is None else max(call.started, call.finished), -1),
            ):
                time = micros(stamp, origin)
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


def _metadata(kind: str, process: int, thread: int, name: str) -> Event:
    return {
        "ph": "M",
        "name": kind,
        "pid": process,
        "tid": thread,
        "args": {"name": sanitize(name)},
    }


def to_chrome_trace(shown: Written, path: FilePath, *, texts: bool = False) -> Path:
    """Write a trace that ui.perfetto.dev and chrome://tracing show (`trace_events`).

    Parameters
    ----------
    shown
        A run; a comparison, of which the pair with the median speed-up is written; or several
        runs, named by the keys of a dictionary.
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

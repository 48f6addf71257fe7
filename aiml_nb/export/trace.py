"""Runs as trace events, in the format of Chrome's trace viewer that Perfetto reads too.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from ..analysis.arrays import Columns
from ..analysis.bounds import end_of, origin_of
from ..analysis.subject import Subject
from ..analysis.workers import in_flight_by_worker, worker_lanes, workers
from ..formats.atomic import write_atomic
from ..formats.lines import dump
from ..records import Call, Run
from ..report.labels import sanitize
from ..report.wording import concurrent_name, sync_name
from .named_runs import FilePath, Written, named_runs
from .slices import Event, call_slices, micros, split_slices


@dataclass(frozen=True, slots=True)
class _Process:
    """A process of the trace: of a run, or of one of its workers; its lanes and their threads."""

    number: int
    name: str
    lanes: range
    threads: list[int]  # the first of each lane, and the one after the last


_Slices = list[tuple[int, int, Event]]  # each with its lane, and its row there


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

        Where several workers sent the calls of a run, each has a process of its own after that of
        the run, with what it sent and a counter; a call that several sent has a slice with each.
    """
    events: list[Event] = []
    process = 1
    for name, run in named:
        columns = Columns.of(run)
        slices = _slices(columns, texts=texts)
        processes = _processes(process, name, columns, slices)
        events += _run_events(processes, columns, slices)
        process += len(processes)
    return events


def _run_events(
    processes: list[_Process], run: Columns, slices: Mapping[int, _Slices]
) -> Iterator[Event]:
    origin, end, first = origin_of(run), end_of(run), processes[0].number
    lanes_at = {lane: (each, i) for each in processes for i, lane in enumerate(each.lanes)}
    for each in processes:
        yield _metadata("process_name", each.number, 0, each.name)
        for lane, (thread, following) in enumerate(pairwise(each.threads), start=1):
            for row in range(following - thread):
                name = f"lane {lane}{f'.{row}' * (row > 0)}"
                yield _metadata("thread_name", each.number, thread + row, name)
    for i, call in enumerate(run.calls):
        if (span := _queued_span(call, origin=origin, end=end)) is not None:
            yield from _queued(first, call, span)
        for lane, row, event in slices.get(i, ()):
            process, place = lanes_at[lane]
            thread = process.threads[place] + row
            yield {"ph": "X", "pid": process.number, "tid": thread} | event
    yield from _counter(first, _call_spans(run, end=end), origin=origin)
    for each, spans in zip(processes[1:], in_flight_by_worker(run).values(), strict=False):
        yield from _counter(each.number, spans.tolist(), origin=origin)


def _slices(run: Columns, *, texts: bool) -> dict[int, _Slices]:
    """Return the slices of each call that has started."""
    placed, origin, end = worker_lanes(run), origin_of(run), end_of(run)
    found: dict[int, _Slices] = {}
    for i, (call, lane) in enumerate(zip(run.calls, placed.rows, strict=True)):
        if lane is None:
            continue
        its = call_slices(call, origin=origin, end=end, texts=texts)
        if i not in placed.attempt_rows:
            found[i] = [(lane, row, event) for row, event in its]
            continue
        lanes = placed.attempt_rows[i]
        starts = [micros(attempt.started, origin) for attempt in call.attempts]
        moves = [k for k in range(1, len(lanes)) if lanes[k] != lanes[k - 1]]
        split = split_slices(its, [starts[k] for k in moves])
        found[i] = [(lanes[[0, *moves][part]], row, event) for part, row, event in split]
    return found


def _processes(
    number: int, name: str, run: Columns, slices: Mapping[int, _Slices]
) -> list[_Process]:
    """Return the process of a run, and those of its workers where there are several."""
    placed = worker_lanes(run)
    widths = [1] * placed.count if slices else []
    for its in slices.values():
        for lane, row, _ in its:
            widths[lane] = max(widths[lane], row + 1)
    named = {name: range(len(widths))}
    if placed.bands:
        lanes = {band.worker: range(band.first, band.first + band.rows) for band in placed.bands}
        named = {name: lanes.get(None, range(0))}
        named |= {f"{name}: worker {each}": lanes[each] for each in workers(run)}
    return [
        _Process(number + i, called, its, [*accumulate((widths[lane] for lane in its), initial=1)])
        for i, (called, its) in enumerate(named.items())
    ]


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


def _call_spans(run: Columns, *, end: float) -> Iterator[tuple[float, float]]:
    for call in run.calls:
        if call.started is not None:
            yield call.started, end if call.finished is None else call.finished


def _counter(
    process: int, spans: Iterable[tuple[float, float]], *, origin: float
) -> Iterator[Event]:
    changes: dict[int, int] = {0: 0}
    for start, stop in spans:
        for stamp, change in ((start, 1), (max(start, stop), -1)):
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

"""Two watched runs of the same calls, one at a time and many at once, as a comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace

from ..records import Call, Comparison, Run
from .arrays import Columns
from .bounds import peak_in_flight
from .kinds import is_watched
from .pairs import differences


def watched_pair(runs: Sequence[Columns]) -> Comparison | None:
    """Return two watched runs as a comparison, the one whose calls never overlapped first.

    Threads and tasks may begin the same calls in another order: they are matched by their prompts.

    Returns
    -------
    Comparison or None
        None if they are not two, not watched, did both overlap or neither, or if their calls are
        not the same.
    """
    if len(runs) != 2 or not all(map(is_watched, runs)):
        return None
    first, second = sorted(runs, key=peak_in_flight)
    if peak_in_flight(first) > 1 or peak_in_flight(second) < 2:
        return None
    matched = _matched(second, first)
    if matched is None or differences([first, matched]):
        return None
    return Comparison(pairs=[(first, matched)])


def _matched(run: Columns, other: Columns) -> Columns | None:
    """Return a run with its calls in the order of the same prompts of another."""
    if [*map(_asked, run.calls)] == [*map(_asked, other.calls)]:
        return run
    waiting: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in reversed(run.calls):
        waiting[_asked(call)].append(call)
    calls = []
    for call in other.calls:
        if not waiting[_asked(call)]:
            return None
        calls.append(replace(waiting[_asked(call)].pop(), index=call.index))
    if len(calls) < len(run.calls):
        return None
    settings = {each.name: getattr(run, each.name) for each in fields(run)}
    return Columns.called(run.name, Run(**settings | {"calls": calls}))


def _asked(call: Call) -> tuple[str, str]:
    return call.api, call.prompt

"""What is shown of runs and comparisons: which runs, under which names, in which layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from ..analysis.arrays import Columns, known
from ..analysis.asked import differing, level_name
from ..analysis.bounds import peak_in_flight
from ..analysis.kinds import is_watched
from ..analysis.subject import Shown, Subject
from ..analysis.workers import workers
from ..records import Run
from .labels import sanitize
from .wording import concurrent_name, is_concurrent, learned_limit, noun_of, sync_name

MAX_NAME = 60  # characters of a run's name, and of each part of one that is found
# What a run is called that was recorded from somebody's own code.
_WATCHED = "watched"
# Up to this many calls there is room for a labelled row each.
MAX_ROWS = 24
# Below this share of the sync makespan, the concurrent run's rows would be too short to read.
_MIN_ROW_SHARE = 0.2
# The picture of a run is this many pixels wide beside its order, and a bar should have this many.
DETAIL_WIDTH = 616
_MIN_BAR = 8


def layout_of(shown: Shown) -> Literal["rows", "lanes", "overview", "strategies"]:
    """Choose how a timeline is drawn.

    Parameters
    ----------
    shown
        A run, a comparison, or several runs.

    Returns
    -------
    str
        ``rows``: a labelled row per call. ``lanes``: a row per slot. ``overview``: durations over
        time, for calls too many and too short to draw. ``strategies``: several runs.
    """
    subject = Subject.of(shown)
    if subject.are_several:
        return "strategies"
    first, run = subject.shown[0], subject.run
    few = max(len(each.calls) for each in subject.shown) <= MAX_ROWS
    if few and (not run.makespan or run.makespan >= _MIN_ROW_SHARE * first.makespan):
        return "rows"
    durations = known(run.duration)
    if not durations.size or not run.makespan:
        return "lanes"
    mean = float(durations.mean())
    wide_enough = mean / run.makespan * DETAIL_WIDTH >= _MIN_BAR
    return "lanes" if wide_enough else "overview"


def subjects(shown: Shown) -> list[tuple[str, Columns]]:
    """Return the runs to show, top to bottom, each with its title.

    Parameters
    ----------
    shown
        A run; a comparison, of which the pair with the median speed-up is shown; or several runs.
    """
    subject = Subject.of(shown)
    if subject.are_several:
        return list(zip(run_names(subject.runs), subject.runs, strict=True))
    if subject.pair is None:
        return [(_title(subject.run, sanitize(subject.run.strategy)), subject.run)]
    sync, concurrent = subject.pair
    return [
        (_title(sync, sync_name(sync)), sync),
        (_title(concurrent, concurrent_name(concurrent)), concurrent),
    ]


def run_names(runs: Sequence[Run]) -> list[str]:
    """Name runs as the user did, else after what tells them apart.

    That is what they were asked for, where it differs, else their strategies; where two have the
    same, with the limit.
    """
    asked = [
        ", ".join(sanitize(level_name(*item), width=MAX_NAME) for item in each.items())
        for each in differing(runs)
    ]
    named = [_given_name(run) or _found_name(i, runs, asked) for i, run in enumerate(runs)]
    again = Counter(named)
    return [name if again[name] == 1 else f"{name} ({i})" for i, name in enumerate(named, start=1)]


def _given_name(run: Run) -> str:
    return sanitize(Columns.of(run).name or run.variant or "", width=MAX_NAME)


def _found_name(place: int, runs: Sequence[Run], asked: Sequence[str]) -> str:
    alike = [run for run, each in zip(runs, asked, strict=True) if each == asked[place]]
    run = runs[place]
    if asked[place] and (len(alike) == 1 or is_watched(run)):
        return asked[place]
    namesakes = [each for each in alike if each.strategy == run.strategy]
    return ", ".join(filter(None, [asked[place], _told_apart(run, namesakes)]))


def _told_apart(run: Run, namesakes: Sequence[Run]) -> str:
    if is_watched(run):
        return f"{_WATCHED}, {_most(run)}" if len(namesakes) > 1 else _WATCHED
    parts = [sanitize(run.strategy)]
    streams = {each.stream for each in namesakes}
    limits = {each.max_concurrency for each in namesakes}
    if len(namesakes) > 1 and (len(limits) > 1 or len(streams) == 1):
        parts.append(f"at most {run.max_concurrency:,}")
    if len(streams) > 1:
        parts.append("streamed" if run.stream else "not streamed")
    return ", ".join(parts)


def _most(run: Run) -> str:
    peak = peak_in_flight(run)
    return f"at most {peak:,} in flight" if peak > 1 else "one at a time"


def _title(run: Run, name: str) -> str:
    name = _given_name(run) or (_WATCHED if is_watched(run) else name)
    if is_watched(run):
        if len(run.calls) == 1:
            return f"One {noun_of(run)} ({name})"
        if is_concurrent(run):
            most = [_most(run)] if peak_in_flight(run) < len(run.calls) else []
            return f"At the same time ({', '.join([name, *most])})"
        return f"One after another ({name})"
    if not is_concurrent(run):
        return f"One after another ({name})"
    limit = learned_limit(run)
    if not limit and run.max_concurrency < len(run.calls):
        limit = f"at most {run.max_concurrency:,} in flight"
    several = len(workers(run))
    spread = f"{several:,} workers" if several > 1 else ""
    return f"At the same time ({', '.join(filter(None, [name, limit, spread]))})"

"""What came out in plain text: the finding, the caveat, and a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..analysis.arrays import Columns, known
from ..analysis.bounds import any_finished, efficiency, lower_bound, origin_of
from ..analysis.counts import count_answered, count_cut
from ..analysis.effects import call_times
from ..analysis.kinds import is_watched
from ..analysis.order import finishing_order
from ..analysis.subject import Shown, Subject
from ..messages import join
from ..records import Call, Run
from .findings import caveat, finding
from .labels import cells, labels
from .subjects import MAX_ROWS, subjects
from .varied import are_varied
from .wording import format_percent, format_seconds, is_concurrent, ordinal, outcome_in_words

# Of a run with more calls, this many are shown from the beginning and the end.
_FIRST, _LAST = 20, 3

_HEADINGS = ("order", "call", "start", "first token", "finish", "outcome")
_RUN_HEADINGS = ("time", "lower bound", "efficiency")
_CALL_HEADINGS = ("a call (median)", "the longest")


def describe(shown: Shown, *, simple: bool = False) -> str:
    """Return the finding, the caveat and a table of the calls, as plain text.

    The calls are in the order they finished. Of more than 24 calls of a run, the first 20 and the
    last 3 are shown.

    Parameters
    ----------
    shown
        A comparison, of which the pair with the median speed-up is shown; one run; or several, of
        which each has a row.
    simple
        True to leave out bounds, efficiencies and why slots stood idle.
    """
    subject = Subject.of(shown)
    lines = [finding(subject), caveat(subject, simple=simple)]
    parts: list[str] = [join("\n", filter(None, lines))]
    if subject.are_several:
        rows = _run_rows(subject, simple=simple)
        return join("\n\n", [*parts, "\n".join(_columns(rows, flush=range(1, 5)))])
    parts += [
        "\n".join(
            [f"{title}: {_total(run, simple=simple)}", *_columns(_rows(run), flush=range(2, 5))]
        )
        for title, run in subjects(subject)
        if run.calls
    ]
    return join("\n\n", parts)


def _total(run: Run, *, simple: bool) -> str:
    bound = None if simple else lower_bound(run)
    if not any_finished(run):
        return "no call finished"
    least = ""
    if bound is not None and is_concurrent(run):
        least = f" (lower bound {format_seconds(bound)})"
    return f"{format_seconds(run.makespan)}{least}"


def _run_rows(subject: Subject, *, simple: bool) -> list[tuple[str, ...]]:
    if are_varied(subject.runs):
        return _varied_rows(subject)
    longest = max((run.makespan for run in subject.runs), default=0.0)
    answered = "answered" if any(map(count_cut, subject.runs)) else "ok"
    rows: list[tuple[str, ...]] = [("run", answered, *_RUN_HEADINGS)]
    for name, run in subjects(subject):
        bound, reached = lower_bound(run), efficiency(run)
        rows.append(
            (
                name,
                f"{count_answered(run):,} of {len(run.calls):,}",
                format_seconds(run.makespan, beside=longest),
                "–" if bound is None else format_seconds(bound, beside=longest),
                "–" if reached is None else format_percent(reached),
            )
        )
    plain = simple or all(map(is_watched, subject.runs))
    return [row[:3] for row in rows] if plain else rows


def _varied_rows(subject: Subject) -> list[tuple[str, ...]]:
    """Return rows for runs that were asked for different things, which their calls tell apart."""
    answered = "answered" if any(map(count_cut, subject.runs)) else "ok"
    times = [known(call_times(run)[run.answered]) for run in subject.runs]
    longest = max((float(each.max()) for each in times if each.size), default=0.0)
    rows: list[tuple[str, ...]] = [("run", answered, *_CALL_HEADINGS)]
    for (name, run), each in zip(subjects(subject), times, strict=True):
        ends = (float(np.median(each)), float(each.max())) if each.size else None
        shown = [format_seconds(end, beside=longest) for end in ends] if ends else ["–", "–"]
        ok = f"{count_answered(run):,} of {len(run.calls):,}"
        rows.append((name, ok, *shown))
    return rows


def by_finish(run: Run) -> list[int]:
    """Return the places of the calls in the order they finished; the unfinished last."""
    never_finished = np.flatnonzero(np.isnan(Columns.of(run).finished))
    return np.concatenate([finishing_order(run), never_finished]).tolist()  # type: ignore[no-any-return]


def _rows(run: Run) -> list[tuple[str, ...]]:
    origin, longest = origin_of(run), run.makespan
    ranked = list(enumerate(by_finish(run), start=1))
    left_out = len(ranked) - _FIRST - _LAST if len(ranked) > MAX_ROWS else 0
    if left_out:
        ranked = ranked[:_FIRST] + ranked[-_LAST:]
    names = labels(run, places=[i for _, i in ranked])
    rows = [
        _row(rank, name, run.calls[i], origin=origin, longest=longest)
        for (rank, i), name in zip(ranked, names, strict=True)
    ]
    if left_out:
        rows.insert(_FIRST, ("…", f"{left_out:,} more", "", "", "", ""))
    return [_HEADINGS, *rows]


def _row(rank: int, label: str, call: Call, *, origin: float, longest: float) -> tuple[str, ...]:
    stamps = [
        "–" if stamp is None else format_seconds(stamp - origin, beside=longest)
        for stamp in (call.started, call.first_token, call.finished)
    ]
    order = "–" if call.finished is None else ordinal(rank)
    return order, label, *stamps, outcome_in_words(call)


def _columns(rows: Sequence[Sequence[str]], *, flush: range) -> list[str]:
    """Align rows in columns; those in `flush` are aligned right, so that their decimals meet."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths, flush)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], flush: range) -> list[str]:
    blanks = [" " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)]
    return [
        gap + cell if i in flush else cell + gap
        for i, (cell, gap) in enumerate(zip(row, blanks, strict=True))
    ]

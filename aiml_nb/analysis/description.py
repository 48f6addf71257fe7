"""The picture in words: the alternative text of the image, and the table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ..records import Call, Comparison, Run
from .bounds import lower_bound
from .labels import cells, clean, labels
from .order import finishing_ranks
from .pairs import median_pair
from .sentences import caveat, finding
from .wording import (
    OUTCOME_WORDS,
    at_a_time,
    concurrent_name,
    counted,
    is_concurrent,
    joined,
    ordinal,
    seconds,
)

# More rows than this are cut: a terminal is no table viewer, and `to_frame` has them all.
MOST_ROWS = 24
_FIRST, _LAST = 20, 3
# More calls than this are counted in the alternative text, not named.
MOST_NAMED = 6

_HEADINGS = ("order", "call", "start", "first token", "finish", "outcome")


def alt_text(comparison_or_run: Comparison | Run) -> str:
    """Say what the timeline picture shows, for those who cannot see it.

    Parameters
    ----------
    comparison_or_run
        What is drawn.
    """
    said = [f"Timeline. {finding(comparison_or_run)}.", caveat(comparison_or_run)]
    for title, run in panels(comparison_or_run):
        if run.calls:
            said.append(f"{title}, {counted(len(run.calls), 'bar')}: {_panel_in_words(run)}")
    return " ".join(part for part in said if part)


def describe(comparison_or_run: Comparison | Run) -> str:
    """Return the finding, the caveat and a table of the calls, as plain text.

    The calls are in the order they finished. Of more than 24 calls of a run, the first 20 and the
    last 3 are shown.

    Parameters
    ----------
    comparison_or_run
        A comparison, of which the pair with the median speed-up is shown, or one run.
    """
    lines = [finding(comparison_or_run), caveat(comparison_or_run)]
    parts = ["\n".join(line for line in lines if line)]
    parts += [
        "\n".join([f"{title}: {_total(run)}", *_columns(_rows(run))])
        for title, run in panels(comparison_or_run)
        if run.calls
    ]
    return "\n\n".join(parts)


def panels(comparison_or_run: Comparison | Run) -> list[tuple[str, Run]]:
    """Return the runs to show, top to bottom, each with its title.

    Parameters
    ----------
    comparison_or_run
        A comparison, of which the pair with the median speed-up is shown, or one run.
    """
    if isinstance(comparison_or_run, Run):
        return [(_title(comparison_or_run, comparison_or_run.strategy), comparison_or_run)]
    sync, concurrent = median_pair(comparison_or_run)
    return [
        (_title(sync, "sync"), sync),
        (_title(concurrent, concurrent_name(concurrent)), concurrent),
    ]


def _title(run: Run, name: str) -> str:
    if not is_concurrent(run):
        return f"One after another ({name})"
    limit = f", at most {run.max_concurrency:,} in flight"
    return f"At the same time ({name}{limit if run.max_concurrency < len(run.calls) else ''})"


def _total(run: Run) -> str:
    bound = lower_bound(run)
    if bound is None:
        return "no call finished"
    least = f" (lower bound {seconds(bound)})" if is_concurrent(run) else ""
    return f"{seconds(run.makespan)}{least}"


def _panel_in_words(run: Run) -> str:
    bound = lower_bound(run)
    if bound is None:
        return "no call finished."
    said = f"finished at {seconds(run.makespan)}."
    if len(run.calls) > 1:
        said = f"{at_a_time(run)}, the last finished at {seconds(run.makespan)}."
    if 1 < len(run.calls) <= MOST_NAMED:
        said += f" They finished in this order: {joined(_finishes(run))}."
    if is_concurrent(run):
        said += f" A dashed line marks the lower bound, {seconds(bound)}."
    return said


def _finishes(run: Run) -> list[str]:
    origin = _origin(run)
    return [
        f"“{label}” at {seconds(call.finished - origin)}"
        + ("" if call.outcome == "ok" else f" ({OUTCOME_WORDS[call.outcome]})")
        for label, call in _by_finish(run)
        if call.finished is not None
    ]


def _by_finish(run: Run) -> list[tuple[str, Call]]:
    ranks = [inf if rank is None else rank for rank in finishing_ranks(run)]
    order = sorted(range(len(ranks)), key=ranks.__getitem__)
    names = labels(run)
    return [(names[i], run.calls[i]) for i in order]


def _origin(run: Run) -> float:
    return min((call.submitted for call in run.calls if call.submitted is not None), default=0.0)


def _rows(run: Run) -> list[tuple[str, ...]]:
    origin = _origin(run)
    rows = [
        _row(place, label, call, origin=origin, longest=run.makespan)
        for place, (label, call) in enumerate(_by_finish(run), start=1)
    ]
    if len(rows) > MOST_ROWS:
        rows = [*rows[:_FIRST], _gap(len(rows) - _FIRST - _LAST), *rows[-_LAST:]]
    return [_HEADINGS, *rows]


def _row(place: int, label: str, call: Call, *, origin: float, longest: float) -> tuple[str, ...]:
    stamps = [
        "–" if stamp is None else seconds(stamp - origin, beside=longest)
        for stamp in (call.started, call.first_token, call.finished)
    ]
    kind = f" ({clean(call.error_type)})" if call.error_type else ""
    order = "–" if call.finished is None else ordinal(place)
    return order, label, *stamps, f"{OUTCOME_WORDS[call.outcome]}{kind}"


def _gap(left_out: int) -> tuple[str, ...]:
    return "…", f"{left_out:,} more", "", "", "", ""


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    blanks = [" " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)]
    # Times are set flush right, so that their decimals meet.
    return [
        gap + cell if 2 <= i <= 4 else cell + gap
        for i, (cell, gap) in enumerate(zip(row, blanks, strict=True))
    ]

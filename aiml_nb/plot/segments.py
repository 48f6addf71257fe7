"""From records to what is drawn of them: bars, lines and marks, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..analysis.arrays import Columns, FloatArray
from ..analysis.pauses import pauses
from ..analysis.workers import Placement
from ..records import CHAT, Run
from .inside import Inside, inside
from .kinds import KIND_BARS
from .spans import Spans
from .style import BARS, LINES, MARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """What is drawn of a run, by state; times are seconds since its first submit.

    Parameters
    ----------
    bars, lines
        For each state an array of ``(start, end, row)``.
    marks
        For each kind of ending an array of ``(end, row)``.
    pauses
        Rows of ``(start, end)``: when nothing was sent after a 429.
    plain
        The kind of call that is drawn without a hatch.
    inside
        What was made within the calls, if it is drawn.
    """

    bars: dict[str, FloatArray]
    lines: dict[str, FloatArray]
    marks: dict[str, FloatArray]
    pauses: FloatArray
    plain: str = CHAT
    inside: Inside | None = None

    @property
    def states(self) -> list[str]:
        """The states that are present."""
        parts = (self.lines, self.bars, self.marks, {"pause": self.pauses})
        found = [state for part in parts for state, rows in part.items() if len(rows)]
        return found + (self.inside.states if self.inside else [])


def segments(
    run: Run,
    *,
    rows: Placement | None = None,
    shortest_queue: float = 0.0,
    plain: str | None = None,
) -> Segments:
    """Return what is drawn of a run.

    Parameters
    ----------
    run
        The run.
    rows
        The rows of its calls; without it each call has its own.
    shortest_queue
        Seconds; waits in our own queue that are shorter than this are left out.
    plain
        The kind of call that is drawn without a hatch, where others are told from it and what was
        made within calls is drawn; None to draw all calls as one kind.
    """
    columns, n = Columns.of(run), len(run.calls)
    placed = rows or Placement(rows=range(n), attempt_rows={}, count=n, bands=[])
    drawn = Spans(columns, rows=placed.rows, attempt_rows=placed.attempt_rows, plain=plain)
    spans = drawn.by_state()
    queued = spans["queued"]
    spans["queued"] = queued[queued[:, 1] - queued[:, 0] > shortest_queue]
    return Segments(
        bars={state: spans[state] for state in (*BARS, *KIND_BARS) if state in spans},
        lines={state: spans[state] for state in LINES},
        marks={kind: drawn.marks(kind) for kind in MARKS},
        pauses=np.array(pauses(run).spans, np.float64).reshape(-1, 2) - drawn.origin,
        plain=plain or CHAT,
        inside=inside(columns, placed=placed, plain=plain) if plain else None,
    )

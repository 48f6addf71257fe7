"""How late the loop of a run with functions was, and who held it."""

from __future__ import annotations

from ...loop import LoopLag
from ...records import Run
from ...watching import LoopWatcher, delays_of, tell_held


def note_lag(run: Run, lag: LoopLag, loops: LoopWatcher, *, origin: float) -> None:
    """Write down how late the loop was, and who held it; not while the process was stopped.

    Parameters
    ----------
    origin
        When the run began, in ``perf_counter`` seconds.
    """
    run.loop_lag_max, run.loop_lag_total = lag.maximum, lag.total
    if loops.stops:
        run.loop_lag_max = max((each.duration for each in loops.held), default=0.0)
        run.loop_lag_total = max(0.0, lag.total - sum(loops.stops))
    run.loop_delays = delays_of(loops.held, origin=origin)
    run.notices += tell_held(loops.held)

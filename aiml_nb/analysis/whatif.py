"""What other limits would have done: the run's own durations, replayed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import views
from ..records import Comparison, Run
from .arrays import Columns, known
from .bounds import least_makespan, peak_in_flight
from .diagnosis import diagnose
from .kinds import is_watched
from .load import growth_with_load
from .slowdown import SpeedupParts, speedup_parts
from .subject import Subject

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How long a run would take with other limits; made by `what_if`.

    Parameters
    ----------
    limits, makespans
        The limits asked for, rising, and the predicted makespan of each, in seconds.
    durations
        Seconds of each call that was replayed, in the order submitted.
    knee
        The limit beyond which more calls in flight gain less than they cost.
    measured_peak, measured_makespan
        Of the run itself.
    growth
        By which share its durations grew with twice the load; None if it cannot tell.
    parts
        How much slower its calls were than one at a time, where a comparison was given.
    begun_over
        Seconds that it took the run to begin its calls, where no limit but that held them back.
    watched
        The run is somebody's own code, in which a call may have needed the answer of another.
    """

    limits: list[int]
    makespans: list[float]
    durations: list[float] = field(repr=False)
    knee: int
    measured_peak: int
    measured_makespan: float
    growth: float | None = None
    parts: SpeedupParts | None = None
    begun_over: float | None = None
    watched: bool = False

    @property
    def finding(self) -> str:
        """What comes out, in one sentence."""
        return views.forecast_finding(self)

    @property
    def caveat(self) -> str:
        """What the prediction assumes, and what the run says about that."""
        return views.forecast_caveat(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the predictions as a table, one row per limit (`report.summary`)."""
        return views.forecast_table(self)

    def __repr__(self) -> str:
        return f"<Forecast: {self.finding}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        frame, said = self.to_frame(), f"{self.finding}.\n{self.caveat}"
        shown = frame.astype(object).map(lambda x: f"{x:.3g}" if isinstance(x, float) else x)
        return {
            "text/plain": f"{said}\n\n{shown.to_string()}",
            "text/html": f"<p>{said}</p>{shown.to_html()}",
        }


def what_if(
    run_or_comparison: Run | Comparison, *, max_concurrency: int | Iterable[int] = range(1, 51)
) -> Forecast:
    """Predict the makespan that other limits would have given, from this run's durations.

    The calls are replayed in the order submitted, each in the slot that is free first. That assumes
    that durations do not grow with load, which ``caveat`` says, with how much they grew here; and
    of code that was watched, that none of its calls needed the answer of another.

    Parameters
    ----------
    run_or_comparison
        A run; or a comparison, of which the concurrent run of the pair with the median speed-up is
        replayed, and the sync run tells how much slower its calls were.
    max_concurrency
        The limits to try.

    Returns
    -------
    Forecast
        Shows what comes out as sentences and a table; `Forecast.to_frame` is the table alone.

    Raises
    ------
    ValueError
        If no limit is given, one is not a whole number from 1, or the run has no finished call.

    Notes
    -----
    The knee is the limit with the largest ratio of efficiency to makespan: D. L. Eager, J. Zahorjan
    and E. D. Lazowska, "Speedup versus efficiency in parallel systems", IEEE Transactions on
    Computers 38(3), 1989.
    """
    subject = Subject.of(run_or_comparison)
    run = subject.run
    limits, durations = _check_limits(max_concurrency), _durations(run)
    makespans = [first_come(durations, slots=limit) for limit in limits]
    # Efficiency is sum(durations) / (limit * makespan): of the ratio only this much varies.
    found = diagnose(run)
    costs = [limit * makespan**2 for limit, makespan in zip(limits, makespans, strict=True)]
    return Forecast(
        limits=limits,
        makespans=makespans,
        durations=durations,
        knee=limits[costs.index(min(costs))],
        measured_peak=peak_in_flight(run),
        measured_makespan=run.makespan,
        growth=growth_with_load(run),
        parts=None if subject.pair is None else speedup_parts(*subject.pair),
        begun_over=found.lost if found is not None and found.kind == "slow_start" else None,
        watched=is_watched(run),
    )


def first_come(durations: Sequence[float], *, slots: int) -> float:
    """Return the makespan of calls that start, in their order, in the slot that is free first.

    Parameters
    ----------
    durations
        Seconds.
    slots
        How many calls may be in flight.
    """
    free = [0.0] * min(slots, max(len(durations), 1))
    for duration in durations:
        heapreplace(free, free[0] + duration)
    return max(free)


def bounds_of(forecast: Forecast) -> list[float]:
    """Return the lower bound of each predicted makespan, in seconds."""
    ranked = sorted(forecast.durations, reverse=True)
    return [least_makespan(ranked, limit=limit) for limit in forecast.limits]


def _check_limits(given: int | Iterable[int]) -> list[int]:
    limits = list(given) if isinstance(given, Iterable) else [given]
    for limit in limits:
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError(f"max_concurrency must be whole numbers from 1; not {limit!r}.")
    if not limits:
        raise ValueError("max_concurrency is empty. Give at least one, such as range(1, 51).")
    return sorted(set(limits))


def _durations(run: Columns) -> list[float]:
    submitted = np.nan_to_num(run.submitted, nan=0.0).tolist()
    keys = list(zip(submitted, run.values("index"), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    durations: list[float] = known(run.duration[order]).tolist()
    if not durations:
        raise ValueError("This run has no finished call, so there is nothing to replay.")
    return durations

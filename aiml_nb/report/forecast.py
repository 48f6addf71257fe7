"""What other limits would have done: `what_if` and its forecast, as sentences and a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..analysis.bounds import peak_in_flight
from ..analysis.diagnosis import diagnose
from ..analysis.frames import Row, frame_of
from ..analysis.kinds import is_watched
from ..analysis.load import growth_with_load
from ..analysis.slowdown import SpeedupParts, speedup_parts
from ..analysis.subject import Subject
from ..analysis.whatif import find_knee, first_come, least_makespans, replayed_durations
from ..records import Comparison, Run
from .wording import format_seconds, pluralize

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
        return _say_finding(self)

    @property
    def caveat(self) -> str:
        """What the prediction assumes, and what the run says about that."""
        return _say_caveat(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the predictions as a table, one row per limit.

        Returns
        -------
        pandas.DataFrame
            ``max_concurrency``; ``makespan`` and ``lower_bound`` in seconds; ``efficiency``;
            ``mean_in_flight``; ``speedup`` over one call at a time; ``is_knee``, true in one row.
        """
        total = sum(self.durations)
        bounds = least_makespans(self.durations, self.limits)
        table = zip(self.limits, self.makespans, bounds, strict=True)
        rows: list[Row] = [
            {
                "max_concurrency": (limit, int),
                "makespan": (makespan, float),
                "lower_bound": (bound, float),
                "efficiency": (bound / makespan if makespan else None, float),
                "mean_in_flight": (total / makespan if makespan else None, float),
                "speedup": (total / makespan if makespan else None, float),
                "is_knee": (limit == self.knee, bool),
            }
            for limit, makespan, bound in table
        ]
        return frame_of(rows)

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
    The knee is the limit with the largest ratio of efficiency to makespan: see
    `analysis.whatif.find_knee` for its source.
    """
    subject = Subject.of(run_or_comparison)
    run = subject.run
    limits, durations = _check_limits(max_concurrency), replayed_durations(run)
    if not durations:
        raise ValueError("This run has no finished call, so there is nothing to replay.")
    makespans = [first_come(durations, slots=limit) for limit in limits]
    found = diagnose(run)
    return Forecast(
        limits=limits,
        makespans=makespans,
        durations=durations,
        knee=find_knee(limits, makespans),
        measured_peak=peak_in_flight(run),
        measured_makespan=run.makespan,
        growth=growth_with_load(run),
        parts=None if subject.pair is None else speedup_parts(*subject.pair),
        begun_over=found.lost if found is not None and found.kind == "slow_start" else None,
        watched=is_watched(run),
    )


def _check_limits(given: int | Iterable[int]) -> list[int]:
    limits = list(given) if isinstance(given, Iterable) else [given]
    for limit in limits:
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError(f"max_concurrency must be whole numbers from 1; not {limit!r}.")
    if not limits:
        raise ValueError("max_concurrency is empty. Give at least one, such as range(1, 51).")
    return sorted(set(limits))


def _say_finding(forecast: Forecast) -> str:
    """Say what other limits would have done."""
    limits, makespans = forecast.limits, forecast.makespans
    said = (
        f"{pluralize(len(forecast.durations), 'call')}: {format_seconds(makespans[0])} with "
        f"{limits[0]:,} in flight"
    )
    if len(limits) == 1:
        return said
    said += f", {format_seconds(makespans[-1])} with {limits[-1]:,}"
    if forecast.knee == limits[-1]:
        return f"{said}; up to there each one more still pays"
    at = makespans[limits.index(forecast.knee)]
    return (
        f"{said}; the knee is at {forecast.knee:,} ({format_seconds(at)}), beyond it more gain "
        "little"
    )


def _say_caveat(forecast: Forecast) -> str:
    """Say what a forecast assumes, and what its run says about that."""
    again = first_come(forecast.durations, slots=max(1, forecast.measured_peak))
    alone = " and no call needed the answer of another" if forecast.watched else ""
    said = (
        f"Predicted from this run's durations, as if they did not grow with load{alone}. The run "
        f"itself, with {forecast.measured_peak:,} in flight, took "
        f"{format_seconds(forecast.measured_makespan)}; "
        f"predicted are {format_seconds(again)}."
    )
    if forecast.begun_over is not None:
        return (
            f"{said} It took the program {format_seconds(forecast.begun_over)} to begin all the "
            "calls: no limit makes that shorter, and the prediction does not count it."
        )
    return f"{said} {_growth(forecast)}"


def _growth(forecast: Forecast) -> str:
    if forecast.parts is not None:
        parts = forecast.parts
        how = f"{abs(parts.slowdown - 1):.0%} {'longer' if parts.slowdown >= 1 else 'shorter'}"
        return f"With {parts.mean_in_flight:.3g} in flight calls took {how} than one at a time."
    if forecast.growth is None:
        return (
            "Whether calls take longer with more in flight cannot be read from it: the number in "
            "flight hardly changed."
        )
    how = "longer" if forecast.growth >= 0 else "shorter"
    return f"In it, calls took {abs(forecast.growth):.0%} {how} when twice as many were in flight."

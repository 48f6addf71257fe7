"""Short lines beside a picture, and the sentences of a forecast."""

from __future__ import annotations

from ..analysis.bounds import efficiency
from ..analysis.order import inverted_share, kendall_tau
from ..analysis.slowdown import SpeedupParts, speedup_parts
from ..analysis.subject import Shown, Subject
from ..analysis.whatif import Forecast, first_come
from .wording import format_percent, format_ratio, format_seconds, in_both, pluralize


def margin_notes(shown: Shown) -> list[str]:
    """Return what is written beside the order of completion: a few words a line.

    The order, the efficiency, and of a comparison where its speed-up comes from.

    Parameters
    ----------
    shown
        A run; or a comparison, of which the concurrent run of the pair with the median speed-up is
        spoken of.
    """
    subject = Subject.of(shown)
    run = subject.run
    parts = None if subject.pair is None else speedup_parts(*subject.pair)
    notes = []
    inverted, tau = inverted_share(run), kendall_tau(run)
    if inverted is not None:
        notes.append(f"{format_percent(inverted)} of pairs overtook")
    if tau is not None:
        notes.append(f"Kendall's τ {tau:.2f}".replace("-", "−"))
    reached = efficiency(run)
    if reached is not None:
        notes.append(f"efficiency {format_percent(reached)} of the bound")
    return notes + (identity_notes(parts) if parts else [])


def identity_notes(parts: SpeedupParts) -> list[str]:
    """Return the identity of the speed-up on two lines, or three if calls were left out."""
    how = "slower" if parts.slowdown >= 1 else "quicker"
    notes = [
        f"{format_ratio(parts.speedup)} = {parts.mean_in_flight:.3g} in flight",
        f"        ÷ {parts.slowdown:.2f} {how} per call",
    ]
    if parts.kept < parts.prompts:
        notes.append(f"over the {parts.kept:,} {in_both(parts.cut)}")
    return notes


def forecast_finding(forecast: Forecast) -> str:
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


def forecast_caveat(forecast: Forecast) -> str:
    """Say what a forecast assumes, and what its run says about that."""
    again = first_come(forecast.durations, slots=max(1, forecast.measured_peak))
    alone = " and no call needed the answer of another" if forecast.watched else ""
    said = (
        f"Predicted from this run's durations, as if they did not grow with load{alone}. The run "
        "itself, "
        f"with {forecast.measured_peak:,} in flight, took "
        f"{format_seconds(forecast.measured_makespan)}; "
        f"predicted are {format_seconds(again)}."
    )
    if forecast.begun_over is not None:
        return (
            f"{said} It took the program {format_seconds(forecast.begun_over)} to begin all the "
            "calls: no "
            "limit makes that shorter, and the prediction does not count it."
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

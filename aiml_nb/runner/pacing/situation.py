"""What a run is doing at one moment, as far as it tells how long the run will still take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..limits.rates import RateWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a run is doing at one moment.

    Parameters
    ----------
    now
        Seconds since the run's origin.
    flights
        When each request that is under way was sent.
    limit
        The most calls in flight.
    paused_until
        When a pause of all calls ends; 0 if none is on.
    is_asked_for
        The server has asked for that pause.
    is_away
        The server is away: nobody knows for how long.
    windows
        The limits per minute, each with what a call takes of it.
    """

    now: float
    flights: Sequence[float]
    limit: int
    paused_until: float = 0.0
    is_asked_for: bool = True
    is_away: bool = False
    windows: Sequence[tuple[RateWindow, float]] = ()

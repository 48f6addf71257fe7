"""Outages: when a service is away, counted from its first chat completion."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from ..errors import SettingsError
from .fault import Fault

Outage: TypeAlias = tuple[float, float]
"""The seconds at which an outage begins and ends."""

_MAX_SECONDS = 1_000_000
_MAX_OUTAGES = 100

AWAY = Fault(name="outage", cut=0, then="reset")
"""What a request meets while the service is away."""


class Outages:
    """The outages of one service, counted from its first chat completion."""

    def __init__(self, outages: Sequence[Outage], *, speed: float) -> None:
        self._outages = [(begin / speed, end / speed) for begin, end in outages]
        self._origin: float | None = None

    def note_arrival(self, at: float) -> None:
        """Note a chat completion: the first one is the origin of the outages."""
        if self._origin is None:
            self._origin = at

    def is_away(self, at: float) -> bool:
        """Say whether the service is away at a time."""
        return any(begin <= at < end for begin, end in self.list_moments())

    def find_next(self, at: float) -> float | None:
        """Return when the next outage begins, None if there is none."""
        return next((begin for begin, _ in self.list_moments() if begin > at), None)

    def list_moments(self) -> list[Outage]:
        """Return the outages on the service's clock; none before the first chat completion."""
        if self._origin is None:
            return []
        return [(self._origin + begin, self._origin + end) for begin, end in self._outages]


def check_outages(outages: Any) -> tuple[Outage, ...]:
    """Check `Settings.outages` and copy it.

    Raises
    ------
    SettingsError
        If it does not hold pairs of seconds, one after the other.
    """
    pairs = list(outages) if isinstance(outages, Sequence) else [outages]
    latest = 0.0
    for pair in pairs:
        if not (_is_pair(pair) and latest <= pair[0] < pair[1] <= _MAX_SECONDS):
            raise SettingsError(
                "outages must hold pairs of seconds, from when to when, one after the other, "
                f"as in [(5, 7), (20, 30)]; not {outages!r}."
            )
        latest = pair[1]
    if len(pairs) > _MAX_OUTAGES:
        raise SettingsError(f"outages must be at most {_MAX_OUTAGES}; not {len(pairs)}.")
    return tuple((float(begin), float(end)) for begin, end in pairs)


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, Sequence)
        and len(pair) == 2
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in pair)
    )

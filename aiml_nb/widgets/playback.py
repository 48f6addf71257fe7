"""Which moment of a race is shown: the present, or one that is paused at or played again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from .moment import offsets
from .side import Side

MIN_RATE, MAX_RATE = 0.1, 20.0


class Playback:
    """The moment that is shown: seconds after the origin of the side that began first.

    Parameters
    ----------
    clock
        Tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at, self._rate, self._since = 0.0, 0.0, 0.0
        self.is_live = True

    @property
    def is_playing(self) -> bool:
        """True while earlier moments pass."""
        return not self.is_live and self._rate > 0

    @property
    def is_paused(self) -> bool:
        """True while the moment stands still."""
        return not self.is_live and not self._rate

    def follow(self) -> None:
        """Show the present."""
        self.is_live = True

    def pause(self, sides: Sequence[Side]) -> None:
        """Stand still; calls that are being made go on."""
        self._set(self.moment(sides), rate=0.0)

    def play(self, sides: Sequence[Side], *, rate: float, at: float | None = None) -> None:
        """Let the moments pass again, from `at` or from where it stands.

        Parameters
        ----------
        rate
            1 is as fast as it was.
        """
        self._set(self.moment(sides) if at is None else at, rate=rate)

    def step(self, sides: Sequence[Side], moments: Sequence[float]) -> None:
        """Go on to the next moment at which something happened, and stand still there."""
        at, now = self.moment(sides), _longest(sides)
        self._set(next((each for each in moments if at < each <= now), at), rate=0.0)

    def shown(self, sides: Sequence[Side]) -> list[Side]:
        """Return the sides as they are to be shown now."""
        if self.is_live:
            return list(sides)
        moment, late = self.moment(sides), offsets([side.run for side in sides])
        return [
            side.at(max(0.0, moment - offset)) for side, offset in zip(sides, late, strict=True)
        ]

    def moment(self, sides: Sequence[Side]) -> float:
        """Return the moment that is shown; what is played again ends in the present."""
        longest = _longest(sides)
        if self.is_live:
            return longest
        return min(longest, self._at + (self._clock() - self._since) * self._rate)

    def has_ended(self, sides: Sequence[Side]) -> bool:
        """Say whether what is played again has reached the present."""
        return not self.is_live and self.moment(sides) >= _longest(sides)

    def _set(self, at: float, *, rate: float) -> None:
        self.is_live = False
        self._at, self._rate, self._since = at, rate, self._clock()


def _longest(sides: Sequence[Side]) -> float:
    late = offsets([side.run for side in sides])
    return max((side.elapsed + by for side, by in zip(sides, late, strict=True)), default=0.0)

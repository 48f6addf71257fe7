"""A rate limit: at most so many requests, or tokens, in any 60 seconds."""

from __future__ import annotations

import math
from collections import deque

MINUTE = 60.0
# A server counts when requests arrive, and one may be longer on its way than the next: by so many
# seconds, with the time to open a connection.
ARRIVAL = 0.5


def rate_window(limit: float) -> RateWindow:
    """Return a window that keeps a limit per minute as the server counts it."""
    return RateWindow(limit, seconds=MINUTE + ARRIVAL)


class RateWindow:
    """A sliding window: at most `limit` units in any 60 seconds.

    Written by hand because published limiters have no reservations that are corrected later, no
    injected clock, and no instance that threads and coroutines can share.

    Parameters
    ----------
    limit
        The most units.
    seconds
        In any so many seconds.
    """

    def __init__(self, limit: float, *, seconds: float = MINUTE) -> None:
        self.limit, self._seconds = limit, seconds
        self._taken: deque[list[float]] = deque()
        self._total = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` fits, 0 for now; above `limit`: until all is free."""
        while self._taken and self._taken[0][0] <= now - self._seconds:
            gone = self._taken.popleft()
            self._total -= gone[1]
            gone[0] = -math.inf  # for `correct`: it does not count any more
        too_much = self._total + min(amount, self.limit) - self.limit
        wait = 0.0
        for taken_at, units in self._taken:
            if too_much <= 1e-9:  # not 0: sums of floats are not exact
                break
            too_much -= units
            # Stamps that were corrected may be out of order.
            wait = max(wait, taken_at + self._seconds - now)
        return wait

    def seconds_for(self, amount: float, now: float) -> float:
        """Return the seconds until the last of `amount` may be taken, each unit as soon as it fits.

        What is taken in one minute comes back in the next at the same moments, and so on.
        """
        taken = [(at, units) for at, units in list(self._taken) if at > now - self._seconds]
        room = max(self.limit, 1.0)
        over = amount - max(room - sum(units for _, units in taken), 0.0)
        if over <= 1e-9:
            return 0.0
        whole, rest = divmod(over, room)
        if rest <= 1e-9:
            whole, rest = whole - 1, room
        for at, units in taken:
            rest -= units
            if rest <= 1e-9:
                return whole * self._seconds + at + self._seconds - now
        return (whole + 1) * self._seconds  # by what is taken now

    def mean(self, *, default: float) -> float:
        """Return how much was taken at a time in the last minutes; `default` if nothing was."""
        taken = [units for _, units in list(self._taken)]
        return sum(taken) / len(taken) if taken else default

    def take(self, amount: float, now: float) -> list[float]:
        """Reserve `amount` and return the reservation, for `correct`."""
        reservation = [now, amount]
        self._taken.append(reservation)
        self._total += amount
        return reservation

    def correct(self, reservation: list[float], amount: float) -> None:
        """Replace a reserved amount by the amount that was used."""
        if reservation[0] > -math.inf:  # it has not left the window yet
            self._total += amount - reservation[1]
            reservation[1] = amount

    def postpone(self, reservation: list[float], at: float) -> None:
        """Let a reservation count from `at`, if that is later: when its request was really sent."""
        if -math.inf < reservation[0] < at:
            reservation[0] = at

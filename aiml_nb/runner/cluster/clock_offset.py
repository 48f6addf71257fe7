"""How far the clock of another machine is from ours."""

from __future__ import annotations

import math

_DRIFT = 1e-4  # seconds a second, by which two clocks may part: twice what quartz does


class ClockOffset:
    """The offset of another clock, from requests and their replies.

    The clocks are compared as NTP does (RFC 5905, section 8): the middle of the time between a
    request and its reply here was the middle of that between its arrival and the reply there, and
    is wrong by at most half of the time on the way. The quickest exchange counts, and a little less
    with every second that passes since.

    Attributes
    ----------
    seconds
        What to add to a stamp of the other clock to have one of ours.
    error
        By how many seconds that may be wrong; infinite before the first exchange.
    """

    def __init__(self) -> None:
        self.seconds, self.error = 0.0, math.inf
        self._noted = 0.0

    def note(self, asked: float, arrived: float, replied: float, answered: float) -> None:
        """Take one exchange: stamps of ours, then two of the other clock's, then ours again."""
        error = ((answered - asked) - (replied - arrived)) / 2
        if error < self.error + _DRIFT * (answered - self._noted):
            self.seconds = ((asked - arrived) + (answered - replied)) / 2
            self.error, self._noted = error, answered

    def within(self, asked: float, arrived: float, replied: float, answered: float) -> float:
        """Return the offset in an exchange: what began and ended there did so in between."""
        return min(max(self.seconds, asked - arrived), answered - replied)

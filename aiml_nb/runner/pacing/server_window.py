"""How many requests a minute a server answers, learned from the pauses that it asks for."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from dataclasses import dataclass, field

from ..limits.rates import MINUTE, RateWindow
from .situation import Situation

_MIN_SENT = 10  # in the minute before a pause, for it to tell anything
_TOLERANCE = 3.0  # seconds between the end of a pause and a minute after the first request
_MORE = 1.2  # a server that answered so many times more has no such limit, or another one now


@dataclass(slots=True)
class ServerWindow:
    """A limit of the server's on the requests of any 60 seconds, if pauses show one.

    They do if a pause ends when the first request of the last minute is a minute old: then there is
    room for one more.
    """

    _answered: list[float] = field(default_factory=list)  # when they were sent, the last minute's
    _limit: int = 0
    _pause: float = 0.0
    _began: float = 0.0
    # By earlier pauses, and when the next one began.
    _learned: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=50))

    def finish(self, sent: float) -> None:
        """Note that a request sent at this moment was answered."""
        insort(self._answered, sent)

    def look(self, at: Situation) -> RateWindow | None:
        """Return the limit with what was taken of it; None if there is none."""
        del self._answered[: bisect_right(self._answered, at.now - MINUTE)]
        sent = sorted([*self._answered, *at.flights])
        if at.paused_until > at.now and at.is_asked_for:
            self._learn(at, sent)
        if not self._limit or len(sent) > _MORE * self._limit + 1:
            self._limit = 0
            return None
        window = RateWindow(max(self._limit, len(sent)))
        for each in sent:
            window.take(1, each)
        return window

    def _learn(self, at: Situation, sent: list[float]) -> None:
        if at.paused_until != self._pause:
            if self._limit:
                self._learned.append((at.now, self._limit))
            self._pause, self._began = at.paused_until, at.now
        # Requests that were under way as the pause began may be refused, too: until they are back.
        before = [each for each in sent if self._began - MINUTE < each <= self._began]
        if len(before) < _MIN_SENT or abs(before[0] + MINUTE - at.paused_until) > _TOLERANCE:
            return
        # A short pause, for a request that came a moment too early, shows less than there is room.
        recent = [limit for when, limit in self._learned if when > at.now - 2 * MINUTE]
        self._limit = max(recent, default=len(before))

"""How long a run will still take: from its limits, what its calls took, and what is left.

No rate of the past is extrapolated where something else decides:

- Limits per minute: the moments at which requests were sent tell exactly when there is room for the
  last one, although requests go in bursts and a bar stands still in between.
- Calls in flight: the calls that are left are replayed through as many slots as were in use
  lately, with durations as the last answers had them. So the tail is right, too: one call that
  takes a minute takes a minute, however many were done in the seconds before.
- Pauses that a server asks for: they tell how many requests it answers in a minute, or from one
  pause to the next, and it will do so again. A single pause is not taken for a rule.
- An outage tells nothing about the time after it, and is left out.

Where calls take longer and longer, and steadily so, those to come are expected to go on like that.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from statistics import fmean

from .cycles import Cycles
from .durations import Durations
from .server_window import ServerWindow
from .situation import Situation

_MIN_LOOK = 0.5  # seconds between two looks that count
_HORIZON = 20.0  # seconds over which the calls in flight are averaged, or a few calls' durations
_REPLAYED = 1000  # calls at the end are replayed one by one; those before go by their sum


@dataclass(slots=True)
class TimeLeft:
    """Estimates the seconds that a run will still take.

    Parameters
    ----------
    left
        How many calls are not finished.
    """

    left: int
    _durations: Durations = field(default_factory=Durations)
    _cycles: Cycles = field(default_factory=Cycles)
    _server: ServerWindow = field(default_factory=ServerWindow)
    _busy: deque[tuple[float, int]] = field(default_factory=deque)  # moment, calls in flight

    def finish(self, took: float | None, *, sent: float | None = None) -> None:
        """Note a finished call.

        Parameters
        ----------
        took
            Seconds of its requests; None if it was not sent.
        sent
            When the request was sent that was answered; None if none was.
        """
        self.left -= 1
        self._cycles.finish()
        if took is not None:
            self._durations.add(took)
        if sent is not None:
            self._server.finish(sent)

    def least(self, at: Situation) -> float:
        """Return the seconds that limits per minute make certain."""
        unsent = max(self.left - len(at.flights), 0)
        return max([0.0, *(w.seconds_for(unsent * each, at.now) for w, each in at.windows)])

    def look(self, at: Situation) -> float | None:
        """Return the seconds that are left; None if nothing is known yet.

        The more often it is called, the better it knows how many calls are in flight.
        """
        if self.left <= 0:
            return 0.0
        self._cycles.look(at)
        self._note_busy(at)
        learned = self._server.look(at)
        if not self._durations.mean:
            return None
        if learned is not None:
            at = replace(at, windows=[*at.windows, (learned, 1.0)])
        elif (cycles := self._cycles.seconds(self.left, at.now)) is not None:
            begins, last = cycles
            return begins + self._by_slots(at, last, from_now=begins == 0)
        by_slots, least = self._by_slots(at, self.left), self.least(at)
        last_answer = self._durations.mean if least > by_slots else 0.0
        return max(max(at.paused_until - at.now, 0.0) + by_slots, least + last_answer)

    def _note_busy(self, at: Situation) -> None:
        """Keep how many calls were in flight lately, while anything could be sent."""
        if at.is_away or at.paused_until > at.now:
            return
        if not self._busy or at.now >= self._busy[-1][0] + _MIN_LOOK:
            self._busy.append((at.now, len(at.flights)))
        horizon = max(_HORIZON, 3 * self._durations.mean)
        while self._busy and self._busy[0][0] < at.now - horizon:
            self._busy.popleft()

    def _slots(self, at: Situation) -> float:
        """Return how many calls are in flight on average, as far as calls make use of slots."""
        if at.windows or not self._busy:
            return at.limit  # a limit per minute keeps slots free, and is reckoned with apart
        mean = fmean(count for _, count in self._busy)
        return max(mean, 1.0)

    def _by_slots(self, at: Situation, left: int, *, from_now: bool = True) -> float:
        """Return the seconds that calls take in the slots that are in use."""
        since = sorted(max(at.now - sent, 0.0) for sent in at.flights) if from_now else []
        unsent = max(left - len(since), 0)
        slots, growth = self._slots(at), self._durations.growth(unsent)
        replayed = min(unsent, _REPLAYED)
        sample = self._durations.sample(since)
        before = (unsent - replayed) * fmean(sample) * growth / slots
        ends = self._durations.residuals(since)
        lanes = [0.0] * max(round(slots) - len(ends), 0) + ends
        heapq.heapify(lanes)
        last = max(lanes, default=0.0)
        for took in islice(cycle(sample), replayed):
            end = heapq.heappop(lanes) + took * growth
            last = max(last, end)
            heapq.heappush(lanes, end)
        return before + last

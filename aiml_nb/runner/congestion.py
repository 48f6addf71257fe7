"""How many attempts may be in flight: fewer where that makes refusals rarer, else more again.

A 429 tells that there was too much of something, not that there were too many at once. So at the
end of each round, which is about as many attempts as may be in flight, it is asked of those that
were refused:

- Were they those that were sent when most others were in flight? If at least half of what was sent
  with as many in flight, or more, was refused, and with fewer nothing, then it is the number. It is
  the limit from now on.
- If not, and a share s of the round was refused, the limit goes down by that share on trial, as far
  as it must if the rest is all that the server takes: DCTCP's answer to marked packets (M. Alizadeh
  et al., "Data Center TCP", SIGCOMM 2010). If the next round is refused less than half as often, it
  has helped and stands. If not, those refusals have nothing to do with us, and it is taken back, as
  senders do that try two rates and keep the better (M. Dong et al., "PCC: Re-architecting
  Congestion Control for Consistent High Performance", NSDI 2015). From then on they are expected,
  and only more than chance would make of them counts.

Without refusals the limit grows: by a twentieth a round, at least by one (additive increase after
D.-M. Chiu and R. Jain, "Analysis of the increase and decrease algorithms for congestion avoidance",
1989), ten times slower from the last limit that was too high; by one for each answer where it is
learned from nothing, or where all of a round was refused, up to half of what it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

ROUND = 10  # attempts, at least
TOO_MANY = 0.5
HELPED = 0.5
HALF = 0.5  # of the limit is what less than a round can cost
GROWTH = 0.05
PROBE = 10  # above the last limit that failed, this many rounds of good answers per step
SHRINK = 0.8


class Congestion:
    """The limit of one run, and what is known of it.

    Parameters
    ----------
    ceiling
        The limit never exceeds it.
    first
        The limit to begin with, where it has to be learned.
    note
        Is told of each change: when, and why.

    Attributes
    ----------
    limit
        The most attempts in flight; a fraction counts once it has grown to a whole.
    """

    def __init__(
        self,
        ceiling: int,
        *,
        first: int | None,
        note: Callable[[float, Literal["start", "429", "ok"]], None],
    ) -> None:
        self.ceiling = ceiling
        self.limit = float(min(first or ceiling, ceiling))
        self._note = note
        self._out = 0
        self._learns = first is not None
        self._failed_at = math.inf
        self._hurries_to = 0.0
        self._usual = 0.0  # the share of refusals that nothing of ours makes rarer
        self._before: tuple[float, float] | None = None  # limit and share of a round, if on trial
        self._levels: list[int] = []  # of the round's attempts: how many others were in flight
        self._refused: list[int] = []
        self._began, self._full_at = -1.0, math.inf
        self._enough = max(self.limit, ROUND)

    def note_sent(self) -> int:
        """Count an attempt that is sent, and return how many others are in flight."""
        level = self._out
        self._out += 1
        self._levels.append(level)
        return level

    def note_reply(self, status: int | None, *, level: int, sent: float, now: float) -> None:
        """Note how an attempt ended that was sent at `sent` with `level` others in flight."""
        self._out -= 1
        if status == 429 and sent >= self._began:
            self._refused.append(level)
            if self._learns:
                self._stop_learning(level, now)
        if sent > self._full_at:
            self.review(now)
        elif len(self._levels) >= self._enough and self._full_at == math.inf:
            # Who was sent from now on is answered after those of this round are refused.
            self._full_at = now
        if status == 200 and self.limit < self.ceiling and self._before is None:
            self._grow(now)

    def review(self, now: float) -> None:
        """End a round, and change the limit by what it was like."""
        made, refused = len(self._levels), len(self._refused)
        share = refused / made if made else 0.0
        if self._refused and (most := self._find_level()):
            if made < ROUND:  # as after a pause, where the last of a few are refused by a rate, too
                most = max(most, int(HALF * self.limit))
            self._before, self._failed_at = None, most + 1
            self._lower(most, share, now)
        elif self._before is not None and made:
            self._end_trial(share, now)
        elif made:
            self._look_for_excess(share, made, now)
        self._begin_round(now)

    def _find_level(self) -> int:
        """Return from how many in flight on most attempts were refused; 0 if there is none."""
        least = min(self._refused)
        above = sum(level >= least for level in self._levels)
        return max(least, 1) if len(self._refused) >= TOO_MANY * above else 0

    def _look_for_excess(self, share: float, made: int, now: float) -> None:
        chance = 2 * math.sqrt(self._usual * (1 - self._usual) / made)
        if not self._refused or share <= self._usual + chance:
            self._usual += (share - self._usual) / 4 if self._usual else 0.0
            return
        self._before = self.limit, share
        least = HALF if made < ROUND else 0.0
        self._lower(self.limit * max(1 - share + self._usual, least), share, now)

    def _end_trial(self, share: float, now: float) -> None:
        limit, before = self._before or (self.limit, 0.0)
        self._before = None
        if share < HELPED * before:
            self._failed_at = limit
            return
        self._usual = (share + before) / 2
        self.limit, self._failed_at = limit, math.inf
        self._note(now, "ok")

    def _lower(self, limit: float, share: float, now: float) -> None:
        if share == 1:
            self._hurries_to = self.limit / 2
        if limit < self.limit:
            self.limit = max(1.0, limit)
            self._note(now, "429")

    def _begin_round(self, now: float) -> None:
        self._began, self._full_at = now, math.inf
        self._levels.clear()
        self._refused.clear()
        self._enough = max(self.limit, ROUND)

    def _stop_learning(self, level: int, now: float) -> None:
        self._learns = False
        self._failed_at = min(self.limit, level + 1.0)
        self._lower(max(1.0, min(self._failed_at * SHRINK, self._failed_at - 1)), 0.0, now)
        self._begin_round(now)

    def _grow(self, now: float) -> None:
        before = int(self.limit)
        step = max(1.0, GROWTH * self.limit) / self.limit
        if self._learns or self.limit < self._hurries_to:
            step = 1.0
        elif self.limit + 1 >= self._failed_at:
            step /= PROBE
        self.limit = min(self.limit + step, float(self.ceiling))
        if int(self.limit) != before:
            self._note(now, "ok")

"""How many attempts may be in flight: fewer where that makes refusals rarer, else more again.

A 429 tells that there was too much of something, not that there were too many at once. So at the
end of each round, which is about as many attempts as may be in flight, it is asked of those that
were refused:

- Were they those that were sent when most others were in flight? If at least half of what was sent
  with as many in flight, or more, was refused, and with fewer nothing, and that is hardly chance,
  then it is the number, and the limit from now on.
- If not, and a share s of the round was refused that makes at least one of those in flight, the
  limit goes down by that share, as far as it must if the rest is all that the server takes: DCTCP's
  answer to marked packets (M. Alizadeh et al., "Data Center TCP", SIGCOMM 2010).

Where half of a round or more was refused, the first stands at once. Else either is a trial, as
senders try two rates and keep the better (M. Dong et al., "PCC: Re-architecting Congestion Control
for Consistent High Performance", NSDI 2015). It lasts until four refusals were to be expected had
nothing changed. Were there less than half as many, it has helped and stands. If not, those refusals
have nothing to do with us, and it is taken back. From then on they are usual, and only more than
chance would make of them counts.

Without refusals the limit grows: by a twentieth a round, at least by one (additive increase after
D.-M. Chiu and R. Jain, "Analysis of the increase and decrease algorithms for congestion avoidance",
1989), ten times slower from the last limit that was too high; by one for each answer where it is
learned from nothing, or where all of a round was refused, up to half of what it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MIN_ROUND = 10  # attempts, at least
HIGH_SHARE = 0.5
SIGNIFICANCE = 0.05
HELPED_SHARE = 0.5
SHORT_ROUND_FACTOR = 0.5  # of the limit is what less than a round can cost
GROWTH = 0.05
PROBE_ROUNDS = 10  # above the last limit that failed, this many rounds of good answers per step
MIN_EXPECTED = 4  # refusals to be expected: by chance, none comes one time in fifty
BASELINE_ATTEMPTS = 200  # attempts


@dataclass
class _Trial:
    """A lower limit, and what came of it."""

    before: float  # the limit
    share: float  # of attempts that were refused under it
    made: int = 0
    refused: int = 0


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
        self._in_flight = 0
        self._starts_unknown = self._slow_start = first is not None
        self._failed_at = math.inf
        self._fast_until = 0.0
        self._baseline = 0.0  # the share of refusals that nothing of ours makes rarer
        self._trial: _Trial | None = None
        self._baseline_seen = 0  # attempts, of which that is the share
        self._levels: list[int] = []  # of the round's attempts: how many others were in flight
        self._refused: list[int] = []
        self._round_began, self._round_full_at = -1.0, math.inf
        self._round_size = max(self.limit, MIN_ROUND)

    def note_sent(self) -> int:
        """Count an attempt that is sent, and return how many others are in flight."""
        level = self._in_flight
        self._in_flight += 1
        self._levels.append(level)
        return level

    def note_reply(self, status: int | None, *, level: int, sent: float, now: float) -> None:
        """Note how an attempt ended that was sent at `sent` with `level` others in flight."""
        self._in_flight -= 1
        if status == 429 and sent >= self._round_began:
            self._refused.append(level)
        if sent > self._round_full_at:
            self.end_round(now)
        elif len(self._levels) >= self._round_size and self._round_full_at == math.inf:
            # Who was sent from now on is answered after those of this round are refused.
            self._round_full_at = now
        if status == 200 and self.limit < self.ceiling and not self._is_in_doubt():
            self._grow(now)

    def _is_in_doubt(self) -> bool:
        made, refused = len(self._levels), len(self._refused)
        return self._trial is not None or (refused > 0 and self._excess(refused / made, made) > 0)

    def end_round(self, now: float) -> None:
        """End a round, and change the limit by what it was like."""
        made, refused = len(self._levels), len(self._refused)
        share = refused / made if made else 0.0
        if self._refused and (most := self._find_congested_level()):
            if (
                made < MIN_ROUND
            ):  # as after a pause, where the last of a few are refused by a rate, too
                most = max(most, int(SHORT_ROUND_FACTOR * self.limit))
            self._failed_at = most + 1
            self._try(most, share, now)
            if share >= HIGH_SHARE:  # what is refused so often is no chance
                self._trial, self._slow_start = None, False
        elif self._trial is not None:
            self._judge_trial(self._trial, made, refused, now)
        elif made:
            self._check_excess(share, made, now)
        self._begin_round(now)

    def _find_congested_level(self) -> int:
        """Return from how many in flight on most attempts were refused; 0 if there is none.

        Nor if they may well be the same by chance.
        """
        least, refused = min(self._refused), len(self._refused)
        above = sum(level >= least for level in self._levels)
        by_chance = (above / len(self._levels)) ** refused
        is_clear = by_chance <= SIGNIFICANCE or refused >= HIGH_SHARE * len(self._levels)
        return max(least, 1) if refused >= HIGH_SHARE * above and is_clear else 0

    def _check_excess(self, share: float, made: int, now: float) -> None:
        excess = self._excess(share, made)
        if excess * self.limit >= 1:
            least = SHORT_ROUND_FACTOR if made < MIN_ROUND else 0.0
            self._try(self.limit * max(1 - excess, least), share, now)
            return
        if self.limit >= self._failed_at:  # it does not fail any more, or never did
            self._failed_at, self._slow_start = math.inf, self._starts_unknown
        self._baseline_seen = min(self._baseline_seen + made, BASELINE_ATTEMPTS)
        self._baseline += (share - self._baseline) * min(made / self._baseline_seen, 1.0)

    def _excess(self, share: float, made: int) -> float:
        """Return by how much more than the usual share was refused; 0 if that may be chance."""
        chance = 2 * math.sqrt(self._baseline * (1 - self._baseline) / made)
        return share - self._baseline if share > self._baseline + chance else 0.0

    def _try(self, limit: float, share: float, now: float) -> None:
        """Lower the limit, until it can be told whether that makes refusals rarer."""
        before = self._trial.before if self._trial else self.limit
        self._trial = _Trial(before, share)
        self._lower(limit, share, now)

    def _judge_trial(self, trial: _Trial, made: int, refused: int, now: float) -> None:
        trial.made += made
        trial.refused += refused
        expected = trial.share * trial.made
        if trial.refused >= HELPED_SHARE * max(expected, MIN_EXPECTED):
            self._trial = None
            self._baseline, self._baseline_seen = trial.refused / trial.made, trial.made
            self.limit, self._failed_at = trial.before, math.inf
            self._note(now, "ok")
        elif expected >= MIN_EXPECTED:
            self._trial = None
            self._slow_start = False
            self._failed_at = min(self._failed_at, trial.before)

    def _lower(self, limit: float, share: float, now: float) -> None:
        if share == 1:
            self._fast_until = self.limit / 2
        if limit < self.limit:
            self.limit = max(1.0, limit)
            self._note(now, "429")

    def _begin_round(self, now: float) -> None:
        self._round_began, self._round_full_at = now, math.inf
        self._levels.clear()
        self._refused.clear()
        self._round_size = max(self.limit, MIN_ROUND)

    def _grow(self, now: float) -> None:
        before = int(self.limit)
        step = max(1.0, GROWTH * self.limit) / self.limit
        if self._slow_start or self.limit < self._fast_until:
            step = 1.0
        elif self.limit + 1 >= self._failed_at:
            step /= PROBE_ROUNDS
        self.limit = min(self.limit + step, float(self.ceiling))
        if int(self.limit) != before:
            self._note(now, "ok")

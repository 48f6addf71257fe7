"""The limit of attempts in flight: lowered if that makes 429s rarer, else raised again.

A 429 tells that there was too much of something, not that too many requests were in flight at once.
So at the end of each round, which is about as many attempts as may be in flight, the refused ones
are looked at:

- Were they the ones sent while most others were in flight? If at least half of the attempts sent at
  that level or above were refused, and none below it, and that is unlikely by chance, then the
  number in flight is the cause, and that level becomes the limit.
- If not, but a share s of the round was refused that amounts to at least one of those in flight,
  the limit is lowered by that share, as far as it must if the rest is all that the server takes:
  DCTCP's answer to marked packets (M. Alizadeh et al., "Data Center TCP", SIGCOMM 2010).

If half of a round or more was refused, a limit of the first kind is final at once. Otherwise either
is a trial, as senders try two rates and keep the better one (M. Dong et al., "PCC: Re-architecting
Congestion Control for Consistent High Performance", NSDI 2015). A trial lasts until `MIN_EXPECTED`
refusals would have been expected without it. If less than half as many came, the lower limit helps
and stays. If not, the refusals have nothing to do with the number in flight: the limit is restored,
and this share of refusals becomes the baseline, so that from then on only a significant excess over
it counts.

Without refusals the limit grows: by a twentieth a round and at least by one (additive increase
after D.-M. Chiu and R. Jain, "Analysis of the increase and decrease algorithms for congestion
avoidance", 1989), ten times slower above the last limit that was too high. It grows by one for each
answer where it starts unknown, or, up to half of what it was, after a round that was refused
entirely.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MIN_ROUND = 10  # attempts
HIGH_SHARE = 0.5  # of refusals, from which on no trial is needed
SIGNIFICANCE = 0.05  # the probability below which refusals are not taken for chance
HELPED_SHARE = 0.5  # of the expected refusals, below which a trial has helped
SHORT_ROUND_FACTOR = 0.5  # the limit is lowered at most by this in a round cut short
GROWTH = 0.05
PROBE_ROUNDS = 10  # rounds of good answers per step above the last limit that failed
MIN_EXPECTED = 4  # refusals; if so many are expected, chance gives none one time in fifty
BASELINE_ATTEMPTS = 200  # the window of the running average of refusals


@dataclass
class _Trial:
    """A lowered limit on trial, and the refusals since."""

    before: float  # the limit before the trial
    share: float  # of attempts that were refused at that limit
    made: int = 0
    refused: int = 0


class Congestion:
    """The limit of one run and the statistics it is set by.

    Parameters
    ----------
    ceiling
        The limit never exceeds it.
    first
        The limit to begin with, if it has to be learned; None begins at the ceiling.
    note
        Called with the time and the cause of each change.

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
        self._baseline = 0.0  # the share of refusals that a lower limit does not reduce
        self._trial: _Trial | None = None
        self._baseline_seen = 0  # attempts in this average
        self._levels: list[int] = []  # of the round's attempts: how many others were in flight
        self._refused: list[int] = []
        self._round_began, self._round_full_at = -1.0, math.inf
        self._round_size = max(self.limit, MIN_ROUND)

    def note_sent(self) -> int:
        """Count a sent attempt; return how many others are in flight: its level."""
        level = self._in_flight
        self._in_flight += 1
        self._levels.append(level)
        return level

    def note_reply(self, status: int | None, *, level: int, sent: float, now: float) -> None:
        """Note the result of an attempt that was sent at `sent` with `level` others in flight."""
        self._in_flight -= 1
        if status == 429 and sent >= self._round_began:
            self._refused.append(level)
        if sent > self._round_full_at:
            self.end_round(now)
        elif len(self._levels) >= self._round_size and self._round_full_at == math.inf:
            # The round ends with the first reply to an attempt sent from now on: by then the
            # refusals of the round's own attempts have arrived.
            self._round_full_at = now
        if status == 200 and self.limit < self.ceiling and not self._is_in_doubt():
            self._grow(now)

    def _is_in_doubt(self) -> bool:
        made, refused = len(self._levels), len(self._refused)
        return self._trial is not None or (refused > 0 and self._excess(refused / made, made) > 0)

    def end_round(self, now: float) -> None:
        """End a round, and adjust the limit to its refusals."""
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
        """Return the number in flight from which on most attempts were refused, or 0.

        0 if there is no such number, or if it may well be chance.
        """
        least, refused = min(self._refused), len(self._refused)
        above = sum(level >= least for level in self._levels)
        # The probability that all refusals hit the `above` highest levels if all are equally
        # likely.
        by_chance = (above / len(self._levels)) ** refused
        is_clear = by_chance <= SIGNIFICANCE or refused >= HIGH_SHARE * len(self._levels)
        return max(least, 1) if refused >= HIGH_SHARE * above and is_clear else 0

    def _check_excess(self, share: float, made: int, now: float) -> None:
        excess = self._excess(share, made)
        if excess * self.limit >= 1:
            least = SHORT_ROUND_FACTOR if made < MIN_ROUND else 0.0
            self._try(self.limit * max(1 - excess, least), share, now)
            return
        # A full round at a limit that had failed, without excess: the server takes more again.
        if self.limit >= self._failed_at:
            self._failed_at, self._slow_start = math.inf, self._starts_unknown
        self._baseline_seen = min(self._baseline_seen + made, BASELINE_ATTEMPTS)
        self._baseline += (share - self._baseline) * min(made / self._baseline_seen, 1.0)

    def _excess(self, share: float, made: int) -> float:
        """Return the refusals' excess over the baseline share; 0 if it may be chance."""
        # Two standard deviations of a binomial share.
        chance = 2 * math.sqrt(self._baseline * (1 - self._baseline) / made)
        return share - self._baseline if share > self._baseline + chance else 0.0

    def _try(self, limit: float, share: float, now: float) -> None:
        """Lower the limit on trial, until it shows whether that makes refusals rarer."""
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
        if share == 1:  # a burst hit a closed server: return to half of it quickly
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
        # Per answer, so that a round of answers makes one step.
        step = max(1.0, GROWTH * self.limit) / self.limit
        if self._slow_start or self.limit < self._fast_until:
            step = 1.0
        elif self.limit + 1 >= self._failed_at:
            step /= PROBE_ROUNDS
        self.limit = min(self.limit + step, float(self.ceiling))
        if int(self.limit) != before:
            self._note(now, "ok")

"""How long the calls of a run take: of those that are done, and of those that are not yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, pvariance

_SAMPLE = 500  # durations that are kept
_RECENT = 64  # of them; if they differ from those before, only they count
_QUANTILES = 199  # a sample's size
_STRIDE = 89  # goes through a sample in an order that is neither rising nor falling


@dataclass(slots=True)
class Durations:
    """The seconds that calls take, as the last of them had it.

    Attributes
    ----------
    mean
        Seconds of a finished call; 0 if there is none.
    """

    mean: float = 0.0
    _took: deque[float] = field(default_factory=lambda: deque(maxlen=_SAMPLE))
    _trend: Trend = field(default_factory=lambda: Trend())

    def add(self, took: float) -> None:
        """Note the seconds of a finished call."""
        self._took.append(took)
        self._trend.add(took)
        self.mean += (took - self.mean) / min(len(self._took), _RECENT)

    def growth(self, calls: int) -> float:
        """Return how many times longer than the last ones so many further calls will take."""
        level, kept = self._trend.level(calls), self._kept()
        return max(level / fmean(kept), 1.0) if level and fmean(kept) else 1.0

    def sample(self, since: Sequence[float]) -> list[float]:
        """Return durations of calls that begin now.

        A call that is still under way says that it takes longer than so far: without those, the
        first answers of a run would be taken for all. (The product-limit estimate of E. L. Kaplan
        and P. Meier, 1958.)

        Parameters
        ----------
        since
            How many seconds each call in flight has taken by now, rising.
        """
        kept = self._kept()
        events = sorted([*((each, True) for each in kept), *((each, False) for each in since)])
        at_risk, survival, wanted = len(events), 1.0, 1 - 0.5 / _QUANTILES
        found: list[float] = []
        for took, is_end in events:
            if is_end:
                survival *= 1 - 1 / at_risk
                while len(found) < _QUANTILES and survival <= wanted:
                    found.append(took)
                    wanted -= 1 / _QUANTILES
            at_risk -= 1
        longest = events[-1][0]
        found += [1.5 * longest] * (_QUANTILES - len(found))
        return [found[i * _STRIDE % _QUANTILES] for i in range(_QUANTILES)]

    def residuals(self, since: Sequence[float]) -> list[float]:
        """Return in how many seconds each call in flight will end.

        By the calls that took longer than it has by now; beyond all of them nothing is known, and
        half as much again is as good a guess as any.
        """
        took, found, skipped = sorted(self._kept()), [], 0
        for place, each in enumerate(since):
            while skipped < len(took) and took[skipped] <= each:
                skipped += 1
            longer = len(took) - skipped
            # Spread over what they may be, in an order that has nothing to do with their ages.
            share = ((place * _STRIDE) % len(since) + 0.5) / len(since)
            found.append(took[skipped + int(share * longer)] - each if longer else each / 2)
        return found

    def _kept(self) -> list[float]:
        """Return the durations that count: the last ones, if they differ from those before."""
        took = list(self._took)
        if len(took) < 2 * _RECENT:
            return took
        before, recent = took[:-_RECENT], took[-_RECENT:]
        error = sqrt(pvariance(recent) / _RECENT + pvariance(before) / len(before))
        differ = abs(fmean(recent) - fmean(before)) > 4 * error
        return recent if differ else took


@dataclass(slots=True)
class Trend:
    """Whether calls take longer and longer: the means of equally many, in their order."""

    _means: list[float] = field(default_factory=list)
    _size: int = 8
    _sum: float = 0.0
    _count: int = 0

    def add(self, took: float) -> None:
        """Note the seconds of a call."""
        self._sum, self._count = self._sum + took, self._count + 1
        if self._count < self._size:
            return
        self._means.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0
        if len(self._means) == 32:  # halved, so that what is kept stays small
            self._means = [fmean(pair) for pair in zip(*[iter(self._means)] * 2, strict=True)]
            self._size *= 2

    def level(self, calls: int) -> float | None:
        """Return the seconds that so many further calls will take on average, if they grow."""
        n = len(self._means)
        if n < 8:
            return None
        middle, mean = (n - 1) / 2, fmean(self._means)
        across = sum((i - middle) ** 2 for i in range(n))
        slope = sum((i - middle) * each for i, each in enumerate(self._means)) / across
        spread = sum((each - mean) ** 2 for each in self._means)
        if not spread or slope <= 0 or slope**2 * across / spread < 0.9:
            return None  # no steady growth
        now = mean + slope * (n - middle)
        later = now + slope * calls / 2 / self._size
        return min(later, 3 * now)

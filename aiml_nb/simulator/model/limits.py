"""Limits per minute, counted as servers do: fixed or sliding windows, or token buckets."""

import math
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ..settings import WindowKind

QuotaKind: TypeAlias = Literal["requests", "tokens"]


@dataclass(frozen=True, slots=True)
class Quota:
    """The state of one limit at a request; `reset` and `wait` are seconds.

    After `reset` the limit is unused again; `wait` is the time until the request fits, 0 if it fits
    now, infinite if it never does.
    """

    kind: QuotaKind
    limit: int
    remaining: int
    reset: float
    wait: float


class Window(ABC):
    """The usage of a limit per some seconds; times must not decrease."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds

    @abstractmethod
    def count_used(self, at: float) -> float:
        """Say how much is used at a moment."""

    @abstractmethod
    def take(self, at: float, amount: int) -> None:
        """Use some of it."""

    @abstractmethod
    def find_wait(self, at: float, *, most_used: float) -> float:
        """Give the seconds until no more than `most_used` is used."""

    def ask(self, kind: QuotaKind, at: float, amount: int) -> Quota:
        """Return the state of the limit for a request, without using anything."""
        used = self.count_used(at)
        room = self.limit - amount
        wait = math.inf if room < 0 else self.find_wait(at, most_used=room)
        remaining = max(0, int(self.limit - used))
        return Quota(kind, self.limit, remaining, self.find_wait(at, most_used=0), wait)


class FixedWindow(Window):
    """Counts from one full minute to the next; around the border twice the limit may pass."""

    _index = -1
    _used = 0

    def count_used(self, at: float) -> float:
        """Say how much is used at a moment."""
        return self._used if self._index == at // self.seconds else 0

    def take(self, at: float, amount: int) -> None:
        """Use some of it."""
        self._used = int(self.count_used(at)) + amount
        self._index = int(at // self.seconds)

    def find_wait(self, at: float, *, most_used: float) -> float:
        """Give the seconds until no more than `most_used` is used."""
        if self.count_used(at) <= most_used:
            return 0.0
        return (at // self.seconds + 1) * self.seconds - at


class SlidingWindow(Window):
    """Counts the minute before each moment."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__(limit, seconds)
        self._taken: deque[tuple[float, int]] = deque()
        self._used = 0

    def count_used(self, at: float) -> float:
        """Say how much is used at a moment."""
        while self._taken and self._taken[0][0] + self.seconds <= at:
            self._used -= self._taken.popleft()[1]
        return self._used

    def take(self, at: float, amount: int) -> None:
        """Use some of it."""
        self._taken.append((at, amount))
        self._used += amount

    def find_wait(self, at: float, *, most_used: float) -> float:
        """Give the seconds until no more than `most_used` is used."""
        used, free_at = self.count_used(at), at
        for taken_at, amount in self._taken:
            if used <= most_used:
                break
            used, free_at = used - amount, taken_at + self.seconds
        return free_at - at


class Bucket(Window):
    """Refills evenly: the whole limit may be used at once, then its rate holds."""

    _used = 0.0
    _at = 0.0

    def count_used(self, at: float) -> float:
        """Say how much is used at a moment."""
        return max(0.0, self._used - (at - self._at) * self.limit / self.seconds)

    def take(self, at: float, amount: int) -> None:
        """Use some of it."""
        self._used = self.count_used(at) + amount
        self._at = at

    def find_wait(self, at: float, *, most_used: float) -> float:
        """Give the seconds until no more than `most_used` is used."""
        return max(0.0, self.count_used(at) - most_used) * self.seconds / self.limit


WINDOWS: dict[WindowKind, type[Window]] = {
    "fixed": FixedWindow,
    "sliding": SlidingWindow,
    "bucket": Bucket,
}


class Limits:
    """The limits per minute of one service."""

    def __init__(
        self,
        *,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        window: WindowKind,
        speed: float,
    ) -> None:
        given: dict[QuotaKind, int | None] = {
            "requests": requests_per_minute,
            "tokens": tokens_per_minute,
        }
        self._windows = {
            kind: WINDOWS[window](limit, 60 / speed)
            for kind, limit in given.items()
            if limit is not None
        }

    def admit(self, at: float, *, tokens: int) -> tuple[Quota, ...]:
        """Return the quotas for a request; it counts only if it fits into all of them."""
        amounts: dict[QuotaKind, int] = {"requests": 1, "tokens": tokens}
        # All limits are asked before any is used: a rejected request must not use up one of them.
        quotas = self._ask(at, amounts)
        if any(quota.wait for quota in quotas):
            return quotas
        for kind, window in self._windows.items():
            window.take(at, amounts[kind])
        after = self._ask(at, amounts)
        return tuple(replace(quota, wait=0.0) for quota in after)

    def _ask(self, at: float, amounts: dict[QuotaKind, int]) -> tuple[Quota, ...]:
        return tuple(window.ask(kind, at, amounts[kind]) for kind, window in self._windows.items())

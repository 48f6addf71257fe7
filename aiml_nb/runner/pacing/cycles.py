"""Pauses that a server asks for again and again: how much it answers between two of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import fmean

from .situation import Situation

# A first pause is taken for a limit of the server's if it ends about a minute after the run began.
_MINUTE = (45.0, 75.0)
_MIN_ANSWERED = 10  # in all cycles, for them to tell what a server answers in one
_KEPT = 240.0  # seconds


@dataclass(slots=True)
class Cycles:
    """What a server answers from one pause to the next."""

    _finished: int = 0
    _began: float = 0.0
    _paused_until: float = 0.0
    _ended: deque[tuple[float, float, int]] = field(default_factory=deque)  # end, length, answered

    def finish(self) -> None:
        """Note a finished call."""
        self._finished += 1

    def look(self, at: Situation) -> None:
        """Note a pause, and its end."""
        if at.paused_until > at.now:
            self._paused_until = at.paused_until
        elif self._paused_until and at.now >= self._paused_until:
            self._ended.append(self._current())
            self._began, self._paused_until, self._finished = self._paused_until, 0.0, 0
            while self._ended[0][0] < self._began - _KEPT:
                self._ended.popleft()

    def seconds(self, left: int, now: float) -> tuple[float, int] | None:
        """Return the seconds until the last cycle begins, and how many calls are left for it.

        None if nothing says that the server will ask for pauses again.
        """
        ended = [*self._ended, *([self._current()] if self._paused_until else [])]
        if not ended:
            return None
        lengths = [length for _, length, _ in ended]
        length, each = fmean(lengths), fmean(answered for *_, answered in ended)
        is_first = len(ended) == 1 and not _MINUTE[0] <= length <= _MINUTE[1]
        total = sum(answered for *_, answered in ended)
        if is_first or total < _MIN_ANSWERED:
            return None
        if max(lengths) > 2 * min(lengths):  # no rhythm: only how much was answered in all
            since = ended[0][0] - lengths[0]
            total += 0 if self._paused_until else self._finished
            return left / total * (max(now, self._paused_until) - since), 0
        if not self._paused_until and self._finished > 1.5 * each:
            return None  # more than ever before, and no pause
        room = 0.0 if self._paused_until else max(each - self._finished, 0.0)
        if left <= room:
            return 0.0, left
        begins = (self._paused_until or max(self._began + length, now)) - now
        whole = int((left - room - 1) // each)
        return begins + whole * length, max(int(left - room - whole * each), 1)

    def _current(self) -> tuple[float, float, int]:
        return self._paused_until, self._paused_until - self._began, self._finished

"""What is still to come of a run under way: the situation that `TimeLeft` is asked about."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..records import Call
from .pacing.situation import Situation
from .pacing.time_left import TimeLeft

if TYPE_CHECKING:
    from .limits.limiter import AdaptiveLimiter
    from .limits.quotas import Quotas
    from .plan import Plan
    from .retries.holdups import Holdups

_FRESH = 0.5  # seconds for which an estimate is shown again


class Remaining:
    """Estimates how long a run will still take, from its records and its limits.

    Parameters
    ----------
    plan
        The run.
    now
        Returns the seconds since the run's origin.
    limiter, quotas, holdups
        What may keep its calls from being sent.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        now: Callable[[], float],
        limiter: AdaptiveLimiter,
        quotas: Quotas,
        holdups: Holdups,
    ) -> None:
        self._plan, self._now = plan, now
        self._limiter, self._quotas, self._holdups = limiter, quotas, holdups
        self._calls = plan.unfinished
        self._first = 0  # all calls before this one are finished
        self._time = TimeLeft(len(self._calls))
        self._finished = self._attempts = 0
        self._ended: deque[Call] = deque()
        self._known: tuple[float, float | None, float] | None = None

    def finish(self, call: Call) -> None:
        """Note a finished call; it is looked at when somebody asks, which most runs never do."""
        self._ended.append(call)

    def _count(self, call: Call) -> None:
        took = sent = None
        if call.attempts and call.finished is not None and call.started is not None:
            took = max(call.finished - call.started - call.backoff_time, 0.0)
            self._finished += 1
            self._attempts += len(call.attempts)
            if call.attempts[-1].error_type is None:
                sent = call.attempts[-1].started
        self._time.finish(took, sent=sent)

    def seconds(self) -> float | None:
        """Return the seconds that the run will still take, about; None if nothing is known yet."""
        return self._look()[1]

    def text(self) -> str:
        """Return the same in words, empty if nothing is known yet."""
        _, seconds, least = self._look()
        if seconds is None:
            return f"at least {in_words(least)} left" if least >= 1 else ""
        back = " once the server is back" if self._holdups.is_away else ""
        return f"about {in_words(seconds)} left{back}"

    def in_figures(self) -> str:
        """Return the same as a bar has it: ``30:55``; with what is to be known of it."""
        _, seconds, least = self._look()
        if seconds is None:
            return f"{_figures(least)} at least" if least >= 1 else ""
        back = " once the server is back" if self._holdups.is_away else ""
        return f"{_figures(seconds)}{back}"

    def _look(self) -> tuple[float, float | None, float]:
        now = self._now()
        if len(self._ended) >= self._time.left:  # at once: a bar's last state stays
            return now, 0.0, 0.0
        if self._known is None or not self._known[0] <= now < self._known[0] + _FRESH:
            while self._ended:
                self._count(self._ended.popleft())
            at = self._situation(now)
            self._known = now, self._time.look(at), self._time.least(at)
        return self._known

    def _situation(self, now: float) -> Situation:
        return Situation(
            now=now,
            flights=self._flights(),
            limit=self._limiter.limit,
            paused_until=self._holdups.paused_until,
            is_asked_for=self._holdups.is_asked_for,
            is_away=self._holdups.is_away,
            windows=self._quotas.windows(
                attempts=self._attempts / self._finished if self._finished else 1.0
            ),
        )

    def _flights(self) -> list[float]:
        """Return when each request under way was sent.

        Calls begin in about their order: only those from the first unfinished one to the last that
        has begun are looked at.
        """
        calls, found = self._calls, []
        while self._first < len(calls) and calls[self._first].finished is not None:
            self._first += 1
        waiting = 0
        for place in range(self._first, len(calls)):
            call = calls[place]
            if call.started is None:
                waiting += 1
                if waiting > self._limiter.in_flight + 100:  # beyond, none has begun
                    break
            elif call.finished is None and call.attempts and call.attempts[-1].finished is None:
                found.append(call.attempts[-1].started)
        return found


def _figures(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def in_words(seconds: float) -> str:
    """Write seconds as one would say them: ``45 s``, ``31 min``, ``2.5 h``."""
    if seconds < 99.5:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"

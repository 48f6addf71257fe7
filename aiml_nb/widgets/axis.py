"""The time axis of a race: as long as the race is expected to take, so that bars do not shrink."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from ..endpoint import Endpoint
from ..prompts import Prompt, as_prompts
from ..simulator import Arrival, Settings, SettingsError, scenario
from ..simulator.model.engine import Engine

# Seconds.
_ENDS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 240)
_GUESSED_DURATION = 2.0  # of a call to a server of which nothing is known
_GUESSED_RETRY = 1.0  # until a call that failed is sent again
_MAX_TRIES = 4
# What is expected takes longer on a busy machine; and what turned out longer once may do so again.
_MARGIN, _LATE_MARGIN = 1.12, 1.5


class Axis:
    """The end of the axis: set before the race, and moved at most once while it is made.

    Parameters
    ----------
    expected
        Seconds that the longer side will take, about.
    """

    def __init__(self, expected: float) -> None:
        self.end = _round_up(expected * _MARGIN)
        self._has_grown = False

    def cover(self, elapsed: float, *, left: float | None) -> None:
        """Move the end if the race has reached it, for the first time.

        Parameters
        ----------
        elapsed
            Seconds so far.
        left
            Seconds that it will still take, about; None if nothing is known.
        """
        if elapsed <= self.end or self._has_grown:
            return
        self._has_grown = True
        left = elapsed if left is None else left
        self.end = _round_up(max(elapsed + _LATE_MARGIN * left, 1.5 * elapsed))


def _round_up(seconds: float) -> float:
    return next((end for end in _ENDS if seconds <= end), float(-(-seconds // 60) * 60))


def expected_seconds(
    prompts: Sequence[Prompt] | Sequence[str],
    endpoint: Endpoint,
    *,
    limit: int,
    known: float | None = None,
) -> float:
    """Return about how long it takes to make all calls, `limit` at once.

    The simulator's times are known before: they are drawn from its seed.

    Parameters
    ----------
    prompts
        One call is made for each.
    endpoint
        Where.
    limit
        The most calls in flight.
    known
        What a call took there before, on average; None if none was made.
    """
    if not endpoint.simulated:
        return max(1.0, len(prompts) / limit) * (known or _GUESSED_DURATION)
    settings = settings_of(endpoint.simulator_settings)
    return _rehearse([each.label for each in as_prompts(list(prompts))], settings, limit)


def settings_of(asked: dict[str, Any]) -> Settings:
    """Return the simulator's settings from those that `connect` was given."""
    changes = {name: value for name, value in asked.items() if name != "scenario"}
    try:
        return scenario(asked.get("scenario", "faq"), **changes)
    except SettingsError:  # a file that has gone since
        return Settings()


def _rehearse(texts: Sequence[str], settings: Settings, limit: int) -> float:
    """Let the simulator's model plan the calls, first come, first served, without making any."""
    engine, now, end = Engine(settings), 0.0, 0.0
    slots = [0.0] * min(limit, max(1, len(texts)))
    waiting = [(0.0, number, 1) for number in range(len(texts))]
    while waiting:
        ready, number, tries = heapq.heappop(waiting)
        now = max(now, ready, heapq.heappop(slots))
        plan = engine.admit(Arrival(now, texts[number]))
        finished = min(plan.end, now + 10)  # one that never ends runs into a timeout
        failed = plan.status != 200 or plan.fault is not None
        if failed and tries < _MAX_TRIES:
            heapq.heappush(waiting, (finished + _GUESSED_RETRY, number, tries + 1))
        heapq.heappush(slots, finished)
        end = max(end, finished)
    return end

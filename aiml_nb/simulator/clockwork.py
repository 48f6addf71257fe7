"""The service in virtual time: given the arrivals, what happens when."""

import heapq
import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from .answers import find_answer
from .draws import draw_lognormal, open_draws
from .fault import Fault
from .picker import FaultPicker
from .prompts import Prompt, split_tokens
from .settings import Settings

# How long a request that is turned away takes, in seconds at speed 1.
_REFUSAL_TIME = 0.02

# The most an answer written for the FAQ's questions varies from call to call, as a spread.
_STEADY_FIRST_TOKEN = 0.05
_STEADY_TOKEN = 0.015

_OVERLOADED = 503


@dataclass(frozen=True, slots=True)
class Arrival:
    """A chat completion that arrives at the service `at` some second."""

    at: float
    prompt: Prompt | str
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to one chat completion, and when; seconds on the service's clock.

    Token ``k`` leaves at ``first_token + k * token_time``. A request that is turned away has a
    `status` other than 200, no first token and no tokens. `repeat` counts how often the service
    had been asked the same before. What a `fault` does to the bytes is not in the plan; the
    status is ``None`` if none is sent, and `finished` infinite if only the client can end it.
    """

    number: int
    repeat: int
    arrived: float
    started: float
    first_token: float | None
    finished: float
    token_time: float
    prompt_tokens: int
    tokens: tuple[str, ...] = ()
    finish_reason: Literal["stop", "length", "content_filter"] = "stop"
    status: int | None = 200
    fault: Fault | None = None

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)

    def token_due(self, index: int) -> float:
        """Say when the token at `index` (from 0) leaves.

        Raises
        ------
        ValueError
            If the request was refused.
        """
        if self.first_token is None:
            raise ValueError(f"request {self.number} was refused ({self.status}): it has no tokens")
        return self.first_token + index * self.token_time

    def postpone(self, started: float) -> "Plan":
        """Give the same plan, begun at another time."""
        shift = started - self.started
        return replace(
            self,
            started=started,
            first_token=None if self.first_token is None else self.first_token + shift,
            finished=self.finished + shift,
        )


class Clockwork:
    """Plans each request at its arrival, in order; reads no clock.

    A plan stands unless somebody leaves early: then those who wait move up.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._number = 0
        self._asked: Counter[str] = Counter()
        self._picker = FaultPicker(settings)
        # With a capacity only: when each slot falls free, who has not left, who waits.
        self._slots: list[float] = []
        self._present: dict[int, Plan] = {}
        self._waiting: deque[float] = deque()

    def admit(self, arrival: Arrival) -> Plan:
        """Plan the next request; arrivals must come in the order of their times."""
        prompt = arrival.prompt
        if isinstance(prompt, str):
            prompt = Prompt.from_text(prompt)
        self._number += 1
        repeat = self._asked[prompt.key]
        self._asked[prompt.key] += 1
        fault = self._picker.pick(self._number, prompt, repeat)
        if fault is not None and not fault.has_answer:
            return self._turn_away(arrival, prompt, repeat=repeat, fault=fault)
        if self._is_full(arrival.at):
            return self._turn_away(arrival, prompt, repeat=repeat, status=_OVERLOADED)
        return self._enqueue(self._serve(arrival, prompt, repeat=repeat, fault=fault))

    def leave(self, number: int, *, at: float) -> list[Plan]:
        """Free the place of a request that ended; give the plans that move up for it."""
        left = self._present.pop(number, None)
        if left is None or left.finished <= at or self.settings.capacity is None:
            return []
        present = self._present.values()
        # Ends that have passed count as well: a slot that is idle now is free now.
        self._slots = [plan.finished for plan in present if plan.started <= at]
        heapq.heapify(self._slots)
        self._waiting.clear()
        moved = []
        for plan in [plan for plan in present if plan.started > at]:
            revised = plan.postpone(self._take_slot(at))
            self._book(revised)
            if revised.started != plan.started:
                moved.append(revised)
        return moved

    def _serve(self, arrival: Arrival, prompt: Prompt, *, repeat: int, fault: Fault | None) -> Plan:
        """Draw the answer and its times, as if it could start at once."""
        settings, answer = self.settings, find_answer(prompt, self.settings)
        draws = open_draws(settings.seed, prompt.key, repeat)
        first_spread, token_spread = settings.first_token_spread, settings.token_time_spread
        if answer.is_steady:
            first_spread = min(first_spread, _STEADY_FIRST_TOKEN)
            token_spread = min(token_spread, _STEADY_TOKEN)
        wait = draw_lognormal(draws, median=settings.first_token_time, spread=first_spread)
        wait += prompt.tokens * settings.prompt_token_time
        gap = draw_lognormal(draws, median=settings.token_time, spread=token_spread)
        gap /= settings.speed
        whole, reason = answer.tokens, None
        if fault is not None:
            wait += fault.delay
            whole, reason = _change_text(whole, fault), fault.finish_reason
        tokens = whole[: arrival.max_tokens]
        first_token = arrival.at + wait / settings.speed
        return Plan(
            number=self._number,
            repeat=repeat,
            arrived=arrival.at,
            started=arrival.at,
            first_token=first_token,
            finished=first_token + max(0, len(tokens) - 1) * gap,
            token_time=gap,
            prompt_tokens=prompt.tokens,
            tokens=tokens,
            finish_reason=reason or ("stop" if len(tokens) == len(whole) else "length"),
            fault=fault,
        )

    def _turn_away(
        self,
        arrival: Arrival,
        prompt: Prompt,
        *,
        repeat: int,
        fault: Fault | None = None,
        status: int | None = None,
    ) -> Plan:
        delay, ends = _REFUSAL_TIME, True
        if fault is not None:
            status = fault.status if fault.has_status else None
            delay, ends = delay + fault.delay, not fault.is_endless
        return Plan(
            number=self._number,
            repeat=repeat,
            arrived=arrival.at,
            started=arrival.at,
            first_token=None,
            finished=arrival.at + delay / self.settings.speed if ends else math.inf,
            token_time=0.0,
            prompt_tokens=prompt.tokens,
            status=status,
            fault=fault,
        )

    def _enqueue(self, plan: Plan) -> Plan:
        if self.settings.capacity is None:
            return plan
        started = self._take_slot(plan.arrived)
        if started > plan.started:
            plan = plan.postpone(started)
        self._book(plan)
        return plan

    def _take_slot(self, at: float) -> float:
        """Take the slot that falls free first; say when it can be used."""
        capacity = self.settings.capacity
        if capacity is None or len(self._slots) < capacity:
            return at
        return max(at, heapq.heappop(self._slots))

    def _book(self, plan: Plan) -> None:
        heapq.heappush(self._slots, plan.finished)
        self._present[plan.number] = plan
        if plan.started > plan.arrived:
            self._waiting.append(plan.started)

    def _is_full(self, at: float) -> bool:
        """Say whether the queue is full; first come, first served keeps it in order."""
        settings, waiting = self.settings, self._waiting
        while waiting and waiting[0] <= at:
            waiting.popleft()
        if settings.queue is None or settings.capacity is None or len(waiting) < settings.queue:
            return False
        return len(self._slots) == settings.capacity and self._slots[0] > at


def _change_text(tokens: tuple[str, ...], fault: Fault) -> tuple[str, ...]:
    if fault.says_null:
        return ()
    return tokens if fault.text is None else split_tokens(fault.text)


def simulate(arrivals: Iterable[Arrival], settings: Settings | None = None) -> list[Plan]:
    """Say what a fresh service would do with these arrivals; nothing waits.

    The plans come in the order of `arrivals`. They depend on nothing but the arrivals and the
    settings: the server plays the very same ones.

    Examples
    --------
    >>> plans = simulate([Arrival(0.0, "What is 2+2?")])
    >>> plans[0].text
    '2 + 2 = 4.'
    """
    listed = list(arrivals)
    clockwork = Clockwork(settings or Settings())
    plans: dict[int, Plan] = {}
    for index in sorted(range(len(listed)), key=lambda index: listed[index].at):
        plans[index] = clockwork.admit(listed[index])
    return [plans[index] for index in range(len(listed))]

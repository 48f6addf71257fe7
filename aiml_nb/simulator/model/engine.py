"""The engine: plan each request at its arrival, in virtual time."""

import heapq
import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace

from ..faults.fault import Fault
from ..faults.outages import AWAY, Outages
from ..settings import Settings
from .fault_picker import FaultPicker
from .limits import Limits
from .plan import Arrival, Limit, Plan
from .prompts import Prompt
from .service_time import draw_service

# Seconds until a request is rejected, at speed 1.
_REJECTION_TIME = 0.02

_TOO_MANY_REQUESTS = 429
_OVERLOADED = 503


class Engine:
    """Plans each request at its arrival, in order; reads no clock.

    A plan changes only if a client disconnects early: then waiting requests start earlier.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outages = Outages(settings.outages, speed=settings.speed)
        self._number = 0
        self._repeats: Counter[str] = Counter()
        self._picker = FaultPicker(settings)
        self._limits = Limits(
            requests_per_minute=settings.requests_per_minute,
            tokens_per_minute=settings.tokens_per_minute,
            window=settings.window,
            speed=settings.speed,
        )
        # The requests in the service, and a heap of their ends. A request that was released early
        # stays in the heap until its planned end.
        self._present: dict[int, Plan] = {}
        self._ends: list[tuple[float, int]] = []
        # With a capacity only: the times at which slots become free, and at which waiting requests
        # start.
        self._slots: list[float] = []
        self._waiting: deque[float] = deque()

    def admit(self, arrival: Arrival) -> Plan:
        """Plan the next request; arrivals must be in order of time."""
        prompt = arrival.prompt
        if isinstance(prompt, str):
            prompt = Prompt.from_text(prompt)
        self._number += 1
        # Before everything else: a server that is away has no limits and no faults.
        if self.settings.outages:
            self.outages.note_arrival(arrival.at)
            if self.outages.is_away(arrival.at):
                return self._reject(Plan(self._number, 0, arrival.at, arrival.at), fault=AWAY)
        self._remove_ended(arrival.at)
        plan = self._open_plan(arrival, prompt)
        parameters = arrival.options.parameters
        # A request with a fault in place of an answer uses neither a slot nor a quota.
        fault = self._picker.pick(plan.number, prompt, plan.repeat, parameters)
        if fault is not None and not fault.has_answer:
            return self._reject(plan, fault=fault)
        load = len(self._present)
        settings = self.settings
        plan = draw_service(
            plan, prompt, arrival=arrival, load=load, fault=fault, settings=settings
        )
        return self._apply_limits(plan)

    def _open_plan(self, arrival: Arrival, prompt: Prompt) -> Plan:
        """Create the plan of a request, and count it as a repeat of its prompt."""
        repeat = self._repeats[prompt.key]
        self._repeats[prompt.key] += 1
        toolbox = arrival.options.toolbox
        return Plan(
            self._number,
            repeat,
            arrival.at,
            arrival.at,
            prompt_tokens=prompt.tokens + (0 if toolbox is None else toolbox.tokens),
            reset_at=self.outages.find_next(arrival.at) if self.settings.outages else None,
        )

    def release(self, number: int, *, at: float) -> list[Plan]:
        """Release the slot of a request that has ended; return the plans that change by that."""
        released = self._present.pop(number, None)
        if released is None or released.end <= at or self.settings.capacity is None:
            return []
        present = self._present.values()
        # Requests whose end has passed count as well: their slots are free now.
        self._slots = [plan.end for plan in present if plan.started <= at]
        heapq.heapify(self._slots)
        self._waiting.clear()
        rescheduled = []
        for plan in [plan for plan in present if plan.started > at]:
            revised = plan.postpone(self._take_slot(at))
            self._add_plan(revised)
            if revised.started != plan.started:
                rescheduled.append(revised)
        return rescheduled

    def _apply_limits(self, plan: Plan) -> Plan:
        settings = self.settings
        if settings.concurrency is not None and len(self._present) >= settings.concurrency:
            return self._reject(plan, status=_TOO_MANY_REQUESTS, limit="concurrency")
        # A request that finds the queue full does not count against the limits per minute.
        if self._is_full(plan.arrived):
            return self._reject(plan, status=_OVERLOADED)
        tokens = plan.prompt_tokens + plan.completion_tokens
        quotas = self._limits.admit(plan.arrived, tokens=tokens)
        if quotas:
            plan = replace(plan, quotas=quotas)
        for quota in quotas:
            if quota.wait:
                return self._reject(plan, status=_TOO_MANY_REQUESTS, limit=quota.kind)
        started = self._take_slot(plan.arrived)
        if started > plan.started:
            plan = plan.postpone(started)
        self._add_plan(plan)
        return plan

    def _reject(
        self,
        plan: Plan,
        *,
        status: int | None = None,
        limit: Limit | None = None,
        fault: Fault | None = None,
    ) -> Plan:
        delay = _REJECTION_TIME
        if fault is not None:
            status = fault.status if fault.has_status else None
            delay = math.inf if fault.is_endless else delay + fault.delay
        return replace(
            plan,
            first_token=None,
            finished=plan.arrived + delay / self.settings.speed,
            choices=(),
            status=status,
            limit=limit,
            fault=fault,
        )

    def _take_slot(self, at: float) -> float:
        """Take the slot that becomes free first; return when."""
        capacity = self.settings.capacity
        if capacity is None or len(self._slots) < capacity:
            return at
        return max(at, heapq.heappop(self._slots))

    def _add_plan(self, plan: Plan) -> None:
        self._present[plan.number] = plan
        heapq.heappush(self._ends, (plan.end, plan.number))
        if self.settings.capacity is not None:
            heapq.heappush(self._slots, plan.end)
        if plan.started > plan.arrived:
            self._waiting.append(plan.started)

    def _remove_ended(self, at: float) -> None:
        while self._ends and self._ends[0][0] <= at:
            end, number = heapq.heappop(self._ends)
            plan = self._present.get(number)
            if plan is not None and plan.end == end:
                del self._present[number]

    def _is_full(self, at: float) -> bool:
        """Say whether the queue is full; it is first in, first out, so start times are sorted."""
        settings, waiting = self.settings, self._waiting
        while waiting and waiting[0] <= at:
            waiting.popleft()
        if settings.queue is None or settings.capacity is None or len(waiting) < settings.queue:
            return False
        return len(self._slots) == settings.capacity and self._slots[0] > at


def simulate(arrivals: Iterable[Arrival], settings: Settings | None = None) -> list[Plan]:
    """Return what a new service would do with these arrivals, without waiting.

    The plans are in the order of `arrivals`. They depend only on the arrivals and the settings; the
    server follows the same plans.

    Examples
    --------
    >>> plans = simulate([Arrival(0.0, "What is 2+2?")])
    >>> plans[0].text
    '2 + 2 = 4.'
    """
    listed = list(arrivals)
    engine = Engine(settings or Settings())
    plans: dict[int, Plan] = {}
    # Sorted by time, because the engine requires it; returned in the given order.
    for index in sorted(range(len(listed)), key=lambda index: listed[index].at):
        plans[index] = engine.admit(listed[index])
    return [plans[index] for index in range(len(listed))]

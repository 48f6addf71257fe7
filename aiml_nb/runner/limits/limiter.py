"""The limit of attempts in flight: a semaphore whose limit changes, for threads and coroutines."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal

from ...records import LimitChange
from .congestion import Congestion
from .waiters import ThreadWaiter, WaitingQueue, grant_future

FIRST_LIMIT = 4  # where the adaptive strategy begins


class AdaptiveLimiter:
    """Lets at most `limit` attempts be in flight; `congestion` sets the limit.

    A failed attempt that will be retried keeps its slot for as long as a good answer usually
    takes. Else all calls would be sent within a second to a server that refuses them at once.

    A call with a slot may have to wait before it sends, for a rate or the end of a pause. Only one
    call does so at a time; slots are then granted one by one, in the order of priority.

    Parameters
    ----------
    ceiling
        The limit never exceeds it.
    first
        The limit to begin with.

    Attributes
    ----------
    is_held
        While true, one attempt is in flight at a time: see `first_call`.
    typical_duration
        A running average of the seconds that good answers take; infinite before the first.
    """

    def __init__(self, ceiling: int, *, first: int | None = None) -> None:
        self.is_held = False
        self._cap = math.inf
        self._held_slots = 0  # of attempts that ended during the hold: not free until its end
        self._reserved_for = -1
        self._delayed = 0
        self.in_flight = 0
        self._unsent = 0  # slots acquired, but neither used nor released yet
        self._one_at_a_time = False
        self.typical_duration = math.inf
        self.history: list[LimitChange] = []
        self.congestion = Congestion(ceiling, first=first, note=self._note)
        self._waiting = WaitingQueue()
        self._lock = threading.Lock()
        self._note(0.0, "start")

    @property
    def limit(self) -> int:
        """The most attempts in flight now."""
        return 1 if self.is_held else int(min(self.congestion.limit, self._cap))

    def set_cap(self, most: float) -> None:
        """Cap the limit for another reason, such as the budget; at 1 or more."""
        with self._lock:
            self._cap = max(most, 1)
            self._grant_waiting()

    def hold_others(self) -> None:
        """Let one attempt be in flight at a time until `end_hold`."""
        self.is_held = True
        # The run has not begun: its first entry is replaced, so that the history starts at 1.
        self.history[-1:] = [LimitChange(at=self.history[-1].at, limit=1, cause="start")]

    def reserve_slot_for(self, priority: int) -> None:
        """Keep the slot of the first call for its next attempt."""
        self._reserved_for = priority

    def end_hold(self, now: float) -> None:
        """End the hold: let the other attempts through, too."""
        with self._lock:
            if self.is_held:
                self.is_held = False
                if self.limit > 1:
                    self._note(now, "ok")
                self._free_held_slots()

    def acquire(self, *, timeout: float, priority: int = 0) -> bool:
        """Block the thread until a slot is free and take it; return False after `timeout` s.

        The lowest priority is served first: the retry of an early call precedes later calls.
        """
        waiter = ThreadWaiter()
        self._enqueue(waiter.grant, priority=priority)
        if waiter.granted.wait(None if math.isinf(timeout) else max(timeout, 0)):
            return True
        with self._lock:
            # A slot granted between the timeout and the lock is taken all the same.
            waiter.gave_up = True
            return waiter.granted.is_set()

    def acquire_nowait(self) -> bool:
        """Fast path: take a slot if one is free and the queue is empty."""
        with self._lock:
            if self._waiting or not self._has_room():
                return False
            self.in_flight += 1
            self._unsent += 1
            return True

    async def acquire_async(self, *, timeout: float, priority: int = 0) -> bool:  # noqa: ASYNC109
        """Wait until a slot is free and take it; otherwise as `acquire`."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(partial(grant_future, waiter), priority=priority)
        try:
            async with asyncio.timeout(None if math.isinf(timeout) else timeout):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self.release_unused()  # granted in the moment of the timeout or cancellation
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    @property
    def over_limit(self) -> bool:
        """True if the limit has shrunk below what is in flight."""
        return self.in_flight > self.limit

    def release_unused(self) -> None:
        """Release a slot without having sent anything."""
        with self._lock:
            self.in_flight -= 1
            self._unsent -= 1
            self._grant_waiting()

    def may_wait_in_slot(self, priority: int) -> bool:
        """Say whether a call may keep its slot while it waits to send.

        Not if another call does so or has a lower `priority`, or if the limit was lowered.
        """
        with self._lock:
            self._one_at_a_time = True
            is_next = not self._waiting or self._waiting.lowest > priority
            return self._unsent == 1 and is_next and not self.over_limit

    def note_sent(self, *, may_wait: bool = False) -> int:
        """Count a sent attempt; return how many others are in flight.

        With `may_wait`, those after it may have to wait in their slot: slots go one by one.
        """
        with self._lock:
            self._unsent -= 1
            if self._one_at_a_time:
                self._one_at_a_time = may_wait
                self._grant_waiting()
            return self.congestion.note_sent()

    def release(
        self,
        *,
        level: int,
        sent: float,
        now: float,
        status: int | None,
        delays_release: bool = False,
    ) -> None:
        """Note the result of an attempt and grant its slot to the next.

        Parameters
        ----------
        level
            What `note_sent` returned.
        sent, now
            Seconds since the run's origin.
        status
            Of the reply.
        delays_release
            The slot stays taken until `release_delayed`.
        """
        with self._lock:
            # A 429 to a single attempt says nothing about the number in flight.
            counts = not (status == 429 and self.is_held)
            self.congestion.note_reply(status if counts else None, level=level, sent=sent, now=now)
            if status == 200:
                self._note_time(now - sent)
            if self.is_held:
                self._held_slots += 1
            elif delays_release:
                self._delayed += 1
            else:
                self.in_flight -= 1
                self._grant_waiting()

    def release_delayed(self) -> None:
        """Release a slot whose release was delayed."""
        with self._lock:
            if self._delayed:  # else the attempt ended during the hold, and its slot is kept
                self._delayed -= 1
                self.in_flight -= 1
                self._grant_waiting()

    def _note_time(self, took: float) -> None:
        old = self.typical_duration
        self.typical_duration = took if math.isinf(old) else old + (took - old) / 8

    def end_round(self, now: float) -> None:
        """End the round of `congestion` early: a pause has cut it off."""
        with self._lock:
            self.congestion.end_round(now)

    def open(self) -> None:
        """Remove all limits: the run has stopped, and each waiting call must learn of it."""
        with self._lock:
            self.is_held = self._one_at_a_time = False
            self.congestion.limit = self.congestion.ceiling = 2**31
            self._cap = math.inf
            self._free_held_slots()

    def _free_held_slots(self) -> None:
        self.in_flight, self._held_slots = self.in_flight - self._held_slots, 0
        self._grant_waiting()

    def _enqueue(self, grant: Callable[[], bool], *, priority: int) -> None:
        with self._lock:
            if self._held_slots and priority == self._reserved_for:
                self._held_slots -= 1
                self._unsent += 1
                grant()
                return
            self._waiting.push(priority, grant)
            self._grant_waiting()

    def _note(self, now: float, cause: Literal["start", "429", "ok"]) -> None:
        self.history.append(LimitChange(at=now, limit=self.limit, cause=cause))

    def _grant_waiting(self) -> None:
        """Grant free slots to waiting calls, lowest priority number first.

        The slot is counted here and not when the waiter wakes up: a newcomer cannot take it.
        """
        while self._waiting and self._has_room():
            taken = self._waiting.pop()()  # False if the waiter has given up
            self.in_flight += taken
            self._unsent += taken

    def _has_room(self) -> bool:
        return self.in_flight < self.limit and not (self._one_at_a_time and self._unsent)

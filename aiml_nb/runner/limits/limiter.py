"""How many attempts are in flight: a semaphore whose limit changes, for threads and coroutines."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal

from ...records import LimitChange
from .congestion import Congestion
from .waiters import ThreadWaiter, grant_future

FIRST_LIMIT = 4  # where a limit that has to be learned begins


class AdaptiveLimiter:
    """Lets at most `limit` attempts through at a time; `congestion` says how many that is.

    An attempt that failed and is made again counts as in flight for as long as a good one usually
    takes, though it is refused at once: else those that are refused would make room for more, and a
    server that refuses would be sent all there is within a second.

    Who is let in and then has to wait for something else waits inside, and in single file: the
    others are let in one by one after it, in the order of their priorities and not of their coming.

    Parameters
    ----------
    ceiling
        The limit never exceeds it.
    first
        The limit to begin with.

    Attributes
    ----------
    is_held
        While it is true, one attempt is let through at a time: see `first_call`.
    typical_duration
        Seconds that good answers have taken of late; infinite before the first.
    """

    def __init__(self, ceiling: int, *, first: int | None = None) -> None:
        self.is_held = False
        self._cap = math.inf
        self._held_slots = 0  # attempts that have ended while they were alone, and keep their slot
        self._reserved_for = -1
        self._delayed = 0
        self.in_flight = 0
        self._unsent = 0  # let in, and neither sent nor gone back
        self._one_at_a_time = False
        self.typical_duration = math.inf
        self.history: list[LimitChange] = []
        self.congestion = Congestion(ceiling, first=first, note=self._note)
        self._waiting: list[tuple[int, int, Callable[[], bool]]] = []
        self._sequence = itertools.count()
        self._lock = threading.Lock()
        self._note(0.0, "start")

    @property
    def limit(self) -> int:
        """The most attempts in flight now."""
        return 1 if self.is_held else int(min(self.congestion.limit, self._cap))

    def set_cap(self, most: float) -> None:
        """Let at most so many attempts through at a time for another reason, but always one."""
        with self._lock:
            self._cap = max(most, 1)
            self._grant_waiting()

    def hold_others(self) -> None:
        """Let one attempt through at a time until `end_hold`."""
        self.is_held = True
        self.history[-1:] = [LimitChange(at=self.history[-1].at, limit=1, cause="start")]

    def reserve_slot_for(self, priority: int) -> None:
        """Keep the slot of the attempt that was alone for the next one of the same call."""
        self._reserved_for = priority

    def end_hold(self, now: float) -> None:
        """End what `hold_others` began."""
        with self._lock:
            if self.is_held:
                self.is_held = False
                if self.limit > 1:
                    self._note(now, "ok")
                self._free_held_slots()

    def acquire(self, *, timeout: float, priority: int = 0) -> bool:
        """Wait, blocking the thread, until an attempt may be made; False after `timeout` s.

        Parameters
        ----------
        priority
            In the line; who has the lowest goes first, whenever they came.
        """
        waiter = ThreadWaiter()
        self._enqueue(waiter.grant, priority=priority)
        if waiter.granted.wait(None if math.isinf(timeout) else max(timeout, 0)):
            return True
        with self._lock:
            waiter.gave_up = True
            return waiter.granted.is_set()

    def acquire_nowait(self) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        with self._lock:
            if self._waiting or not self._has_room():
                return False
            self.in_flight += 1
            self._unsent += 1
            return True

    async def acquire_async(
        self,
        *,
        timeout: float,  # noqa: ASYNC109  as `acquire`, which no asyncio.timeout can end
        priority: int = 0,
    ) -> bool:
        """Wait until an attempt may be made; otherwise as `acquire`."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(partial(grant_future, waiter), priority=priority)
        try:
            async with asyncio.timeout(None if math.isinf(timeout) else timeout):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self.release_unused()  # it was given in the same moment
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    @property
    def over_limit(self) -> bool:
        """True if the limit has shrunk below what is in flight."""
        return self.in_flight > self.limit

    def release_unused(self) -> None:
        """Go back without having sent anything."""
        with self._lock:
            self.in_flight -= 1
            self._unsent -= 1
            self._grant_waiting()

    def may_wait_in_slot(self, priority: int) -> bool:
        """Say whether who is inside may wait there.

        Not if somebody else is inside or has a lower `priority`, or if the limit has shrunk.
        """
        with self._lock:
            self._one_at_a_time = True
            is_next = not self._waiting or self._waiting[0][0] > priority
            return self._unsent == 1 and is_next and not self.over_limit

    def note_sent(self, *, may_wait: bool = False) -> int:
        """Count an attempt that is sent, and return how many others are in flight.

        Parameters
        ----------
        may_wait
            Those after it may have to wait.
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
        """Note how an attempt ended and let others in.

        Parameters
        ----------
        level, sent, now
            What `note_sent` returned, and when; seconds since the run's origin.
        status
            Of the reply.
        delays_release
            It counts as in flight for a while: until `release_delayed`.
        """
        with self._lock:
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
        """Let an attempt that stayed in flight count no more."""
        with self._lock:
            if self._delayed:  # else it was alone, and keeps its slot
                self._delayed -= 1
                self.in_flight -= 1
                self._grant_waiting()

    def _note_time(self, took: float) -> None:
        self.typical_duration = (
            took
            if math.isinf(self.typical_duration)
            else self.typical_duration + (took - self.typical_duration) / 8
        )

    def end_round(self, now: float) -> None:
        """See, after a pause, how many there should be in flight."""
        with self._lock:
            self.congestion.end_round(now)

    def open(self) -> None:
        """Let everybody through: the run has stopped, and they will find out."""
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
            heapq.heappush(self._waiting, (priority, next(self._sequence), grant))
            self._grant_waiting()

    def _note(self, now: float, cause: Literal["start", "429", "ok"]) -> None:
        self.history.append(LimitChange(at=now, limit=self.limit, cause=cause))

    def _grant_waiting(self) -> None:
        """Hand free slots to those in the line: who comes by meanwhile cannot take them."""
        while self._waiting and self._has_room():
            taken = heapq.heappop(self._waiting)[2]()
            self.in_flight += taken
            self._unsent += taken

    def _has_room(self) -> bool:
        return self.in_flight < self.limit and not (self._one_at_a_time and self._unsent)

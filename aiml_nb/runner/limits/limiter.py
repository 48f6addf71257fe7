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
from .turns import ThreadTurn, give_turn

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
    is_alone
        While it is true, one attempt is let through at a time: see `first_call`.
    usual
        Seconds that good answers have taken of late; infinite before the first.
    """

    def __init__(self, ceiling: int, *, first: int | None = None) -> None:
        self.is_alone = False
        self._allowed = math.inf
        self._unjudged = 0  # attempts that have ended while they were alone, and keep their slot
        self._kept_for = -1
        self._staying = 0
        self.in_flight = 0
        self._inside = 0  # let in, and neither sent nor gone back
        self._is_single_file = False
        self.usual = math.inf
        self.history: list[LimitChange] = []
        self.congestion = Congestion(ceiling, first=first, note=self._note)
        self._waiting: list[tuple[int, int, Callable[[], bool]]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._note(0.0, "start")

    @property
    def limit(self) -> int:
        """The most attempts in flight now."""
        return 1 if self.is_alone else int(min(self.congestion.limit, self._allowed))

    def allow(self, most: float) -> None:
        """Let at most so many attempts through at a time for another reason, but always one."""
        with self._lock:
            self._allowed = max(most, 1)
            self._wake()

    def hold(self) -> None:
        """Let one attempt through at a time until `let_in`."""
        self.is_alone = True
        self.history[-1:] = [LimitChange(at=self.history[-1].at, limit=1, cause="start")]

    def keep_for(self, priority: int) -> None:
        """Keep the slot of the attempt that was alone for the next one of the same call."""
        self._kept_for = priority

    def let_in(self, now: float) -> None:
        """End what `hold` began."""
        with self._lock:
            if self.is_alone:
                self.is_alone = False
                if self.limit > 1:
                    self._note(now, "ok")
                self._free_unjudged()

    def acquire(self, *, timeout: float, priority: int = 0) -> bool:
        """Wait, blocking the thread, until an attempt may be made; False after `timeout` s.

        Parameters
        ----------
        priority
            In the line; who has the lowest goes first, whenever they came.
        """
        turn = ThreadTurn()
        self._enqueue(turn.give, priority=priority)
        if turn.given.wait(None if math.isinf(timeout) else max(timeout, 0)):
            return True
        with self._lock:
            turn.is_over = True
            return turn.given.is_set()

    def acquire_nowait(self) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        with self._lock:
            if self._waiting or not self._has_room():
                return False
            self.in_flight += 1
            self._inside += 1
            return True

    async def acquire_async(
        self,
        *,
        timeout: float,  # noqa: ASYNC109  as `acquire`, which no asyncio.timeout can end
        priority: int = 0,
    ) -> bool:
        """Wait until an attempt may be made; otherwise as `acquire`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(partial(give_turn, turn), priority=priority)
        try:
            async with asyncio.timeout(None if math.isinf(timeout) else timeout):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
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
            self._inside -= 1
            self._wake()

    def may_wait_inside(self, priority: int) -> bool:
        """Say whether who is inside may wait there.

        Not if somebody else is inside or has a lower `priority`, or if the limit has shrunk.
        """
        with self._lock:
            self._is_single_file = True
            is_next = not self._waiting or self._waiting[0][0] > priority
            return self._inside == 1 and is_next and not self.over_limit

    def note_sent(self, *, may_wait: bool = False) -> int:
        """Count an attempt that is sent, and return how many others are in flight.

        Parameters
        ----------
        may_wait
            Those after it may have to wait.
        """
        with self._lock:
            self._inside -= 1
            if self._is_single_file:
                self._is_single_file = may_wait
                self._wake()
            return self.congestion.note_sent()

    def release(
        self, *, level: int, sent: float, now: float, status: int | None, stays: bool = False
    ) -> None:
        """Note how an attempt ended and let others in.

        Parameters
        ----------
        level, sent, now
            What `note_sent` returned, and when; seconds since the run's origin.
        status
            Of the reply.
        stays
            It counts as in flight for a while: until `free`.
        """
        with self._lock:
            counts = not (status == 429 and self.is_alone)
            self.congestion.note_reply(status if counts else None, level=level, sent=sent, now=now)
            if status == 200:
                self._note_time(now - sent)
            if self.is_alone:
                self._unjudged += 1
            elif stays:
                self._staying += 1
            else:
                self.in_flight -= 1
                self._wake()

    def free(self) -> None:
        """Let an attempt that stayed in flight count no more."""
        with self._lock:
            if self._staying:  # else it was alone, and keeps its slot
                self._staying -= 1
                self.in_flight -= 1
                self._wake()

    def _note_time(self, took: float) -> None:
        self.usual = took if math.isinf(self.usual) else self.usual + (took - self.usual) / 8

    def review(self, now: float) -> None:
        """See, after a pause, how many there should be in flight."""
        with self._lock:
            self.congestion.review(now)

    def open(self) -> None:
        """Let everybody through: the run has stopped, and they will find out."""
        with self._lock:
            self.is_alone = self._is_single_file = False
            self.congestion.limit = self.congestion.ceiling = 2**31
            self._allowed = math.inf
            self._free_unjudged()

    def _free_unjudged(self) -> None:
        self.in_flight, self._unjudged = self.in_flight - self._unjudged, 0
        self._wake()

    def _enqueue(self, give: Callable[[], bool], *, priority: int) -> None:
        with self._lock:
            if self._unjudged and priority == self._kept_for:
                self._unjudged -= 1
                self._inside += 1
                give()
                return
            heapq.heappush(self._waiting, (priority, next(self._order), give))
            self._wake()

    def _note(self, now: float, cause: Literal["start", "429", "ok"]) -> None:
        self.history.append(LimitChange(at=now, limit=self.limit, cause=cause))

    def _wake(self) -> None:
        """Hand free slots to those in the line: who comes by meanwhile cannot take them."""
        while self._waiting and self._has_room():
            came = heapq.heappop(self._waiting)[2]()
            self.in_flight += came
            self._inside += came

    def _has_room(self) -> bool:
        return self.in_flight < self.limit and not (self._is_single_file and self._inside)

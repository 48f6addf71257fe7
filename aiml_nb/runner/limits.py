"""How fast a run may send: calls in flight, requests and tokens per minute, pauses after 429s."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Literal

from ..records import LimitChange

MINUTE = 60.0
FIRST_LIMIT = 4  # where a limit that has to be learned begins
SHRINK = 0.8
PROBE = 10  # above the last limit that failed, this many rounds of good answers per step


class Gate:
    """Lets at most `limit` attempts through at a time; the limit shrinks on 429s and recovers.

    Additive increase, multiplicative decrease (D.-M. Chiu and R. Jain, "Analysis of the increase
    and decrease algorithms for congestion avoidance", 1989), with a memory of the limit at which
    the last 429 came: below it a round of good answers adds one, above it ten rounds do. A burst of
    429s counts once: answers to attempts that were sent before the last decrease change nothing.

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
    """

    def __init__(self, ceiling: int, *, first: int | None = None) -> None:
        self.ceiling = ceiling
        self.is_alone = False
        self._unjudged = 0  # attempts that have ended while they were alone, and keep their slot
        self._kept_for = -1
        self.in_flight = 0
        self.history: list[LimitChange] = []
        self._limit = float(min(first or ceiling, ceiling))
        self._failed_at = float("inf")
        self._shrunk = -1.0
        self._learns_from_nothing = first is not None
        self._waiting: list[tuple[int, int, Callable[[], bool]]] = []
        self._tickets = itertools.count()
        self._lock = threading.Lock()
        self._note(0.0, "start")

    @property
    def limit(self) -> int:
        """The most attempts in flight now."""
        return 1 if self.is_alone else max(1, int(self._limit))

    def hold(self) -> None:
        """Let one attempt through at a time until `let_in`."""
        self.is_alone = True
        self.history[-1:] = [LimitChange(at=self.history[-1].at, limit=1, cause="start")]

    def keep_for(self, place: int) -> None:
        """Keep the slot of the attempt that was alone for the next one of the same call."""
        self._kept_for = place

    def let_in(self, now: float) -> None:
        """End what `hold` began."""
        with self._lock:
            if self.is_alone:
                self.is_alone = False
                if self.limit > 1:
                    self._note(now, "ok")
                self._free_unjudged()

    def _free_unjudged(self) -> None:
        self.in_flight -= self._unjudged
        self._unjudged = 0
        self._wake()

    def enter(self, *, patience: float, place: int = 0) -> bool:
        """Wait, blocking the thread, until an attempt may be made; False after `patience` s.

        Parameters
        ----------
        place
            In the line; who has the lowest goes first, whenever they came.
        """
        turn = _ThreadTurn()
        self._line_up(turn.give, place=place)
        if turn.given.wait(None if math.isinf(patience) else max(patience, 0)):
            return True
        with self._lock:
            turn.is_over = True
            return turn.given.is_set()

    def enter_at_once(self) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        with self._lock:
            if self._waiting or self.in_flight >= self.limit:
                return False
            self.in_flight += 1
            return True

    async def enter_async(self, *, patience: float, place: int = 0) -> bool:
        """Wait until an attempt may be made; otherwise as `enter`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line_up(partial(_give_turn, turn), place=place)
        try:
            async with asyncio.timeout(None if math.isinf(patience) else patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.step_back()  # it was given in the same moment
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    @property
    def is_overfull(self) -> bool:
        """True if the limit has shrunk below what is in flight."""
        return self.in_flight > self.limit

    def step_back(self) -> None:
        """Give the slot back unused."""
        with self._lock:
            self.in_flight -= 1
            self._wake()

    def leave(self, *, sent: float, now: float, status: int | None) -> None:
        """Note how an attempt ended and let others in.

        Parameters
        ----------
        sent, now
            Seconds since the run's origin.
        status
            200 lets the limit grow, 429 makes it shrink.
        """
        with self._lock:
            if status == 429 and sent > self._shrunk and not self.is_alone:
                self._shrink(now)
            elif status == 200 and self._limit < self.ceiling:
                self._grow(now)
            if self.is_alone:
                self._unjudged += 1
                return
            self.in_flight -= 1
            self._wake()

    def open(self) -> None:
        """Let everybody through: the run has stopped, and they will find out."""
        with self._lock:
            self.is_alone = False
            self._limit = self.ceiling = 2**31
            self._free_unjudged()

    def _line_up(self, give: Callable[[], bool], *, place: int) -> None:
        with self._lock:
            if self._unjudged and place == self._kept_for:
                self._unjudged -= 1
                give()
                return
            heapq.heappush(self._waiting, (place, next(self._tickets), give))
            self._wake()

    def _shrink(self, now: float) -> None:
        # The attempt that was refused is still counted in flight here.
        self._failed_at = min(self._limit, float(self.in_flight))
        self._limit = max(1.0, min(self._failed_at * SHRINK, self._failed_at - 1))
        self._learns_from_nothing = False
        self._shrunk = now
        self._note(now, "429")

    def _grow(self, now: float) -> None:
        before = self.limit
        if self._learns_from_nothing:
            step = 1.0  # one more for each answer: the limit doubles each round
        elif self._limit + 1 < self._failed_at:
            step = 1 / self._limit
        else:
            step = 1 / (PROBE * self._limit)
        self._limit = min(self._limit + step, float(self.ceiling))
        if self.limit != before:
            self._note(now, "ok")

    def _note(self, now: float, cause: Literal["start", "429", "ok"]) -> None:
        self.history.append(LimitChange(at=now, limit=self.limit, cause=cause))

    def _wake(self) -> None:
        """Hand free slots to those in the line: who comes by meanwhile cannot take them."""
        while self._waiting and self.in_flight < self.limit:
            self.in_flight += heapq.heappop(self._waiting)[2]()


class _ThreadTurn:
    """A thread's place in the line."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.is_over = False

    def give(self) -> bool:
        """Let the thread go on; False if it does not wait any more."""
        if not self.is_over:
            self.given.set()
        return not self.is_over


def _give_turn(turn: asyncio.Future[None]) -> bool:
    if turn.done():
        return False
    turn.set_result(None)
    return True


class RateWindow:
    """A sliding window: at most `most` units in any 60 seconds.

    Written by hand because known limiters know no reservation that is corrected later, nor a clock
    that tests can set, nor one budget for threads and coroutines.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self._taken: deque[list[float]] = deque()
        self._total = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` fits; 0 if it does. More than `most` waits for all."""
        while self._taken and self._taken[0][0] <= now - MINUTE:
            gone = self._taken.popleft()
            self._total -= gone[1]
            gone[0] = -math.inf
        too_much = self._total + min(amount, self.most) - self.most
        wait = 0.0
        for taken_at, units in self._taken:
            if too_much <= 1e-9:
                break
            too_much -= units
            wait = taken_at + MINUTE - now
        return wait

    def take(self, amount: float, now: float) -> list[float]:
        """Reserve `amount` and return the reservation, for `correct`."""
        reservation = [now, amount]
        self._taken.append(reservation)
        self._total += amount
        return reservation

    def correct(self, reservation: list[float], amount: float) -> None:
        """Put what was really used in place of what was reserved."""
        if reservation[0] > -math.inf:  # it has not left the window yet
            self._total += amount - reservation[1]
            reservation[1] = amount

"""The exchange with one worker: orders go to it in batches, and events come back as they happen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import accumulate
from typing import Any

from . import sender
from .clock_offset import ClockOffset
from .orders import BUSY, LINGER, MAX_BYTES, Event, Kind, Order, pack, unpack
from .reach import Reach

LOST_AFTER = 10.0  # seconds without a reply, after which a worker counts as lost
# So much longer if it calls functions: one that computes may hold the interpreter meanwhile.
LONGER = 6
_MAX_REST = 30.0  # seconds that a worker which cannot reach the server is left alone
_OPENING = 30.0  # seconds to open a sender in
_POLL = 0.5  # seconds that the worker waits for an event before it replies all the same


class WorkerLostError(Exception):
    """A worker has ended, or is not reached any more.

    Parameters
    ----------
    was_sent
        The order may have reached it.
    """

    def __init__(self, why: str, *, was_sent: bool) -> None:
        super().__init__(why)
        self.was_sent = was_sent


class Flight:
    """An order on its way, and who waits for it."""

    __slots__ = ("done", "on_event", "was_sent")

    def __init__(self, on_event: Callable[[Event], None] | None) -> None:
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.on_event = on_event
        self.was_sent = False

    def fail(self, error: Exception) -> None:
        """Raise an error where it is waited for, unless Ctrl-C has cancelled that just now."""
        with suppress(asyncio.InvalidStateError):
            self.done.set_exception(error)


class WorkerLink:
    """One worker of a run.

    Parameters
    ----------
    address
        Where it listens.
    session
        The name of the sender in it.
    reach
        Calls a function in it.
    on_lost
        Called once, when it is lost, with why.
    calls_function
        Its orders are calls of a function.
    """

    def __init__(
        self,
        address: str,
        session: str,
        reach: Reach,
        on_lost: Callable[[WorkerLink, str], None],
        *,
        calls_function: bool,
    ) -> None:
        self.address, self.name = address, address.partition("://")[2]
        self.offset = ClockOffset()
        self._lost_after = LOST_AFTER * (LONGER if calls_function else 1)
        self._session, self._reach, self._on_lost = session, reach, on_lost
        self._flights: dict[int, Flight] = {}
        self._numbers = 0
        self._outbox: list[Order] = []
        self._has_orders = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.is_lost = False
        self._failures, self._rests_until = 0, 0.0

    @property
    def load(self) -> int:
        """How many orders it is busy with."""
        return len(self._flights)

    @property
    def rests(self) -> bool:
        """True while others are to be preferred: it could not reach the server of late."""
        return time.monotonic() < self._rests_until

    def note_reach(self, *, reached: bool) -> None:
        """Note whether it could connect to the server."""
        self._failures = 0 if reached else self._failures + 1
        self._rests_until = 0.0 if reached else time.monotonic() + min(2**self._failures, _MAX_REST)

    async def open(self, target: bytes) -> str | None:
        """Open the sender in the worker; return why it cannot be, None if it is."""
        async with asyncio.timeout(_OPENING):  # it may have to import the client first
            is_open, said = await self._reach(sender.open_sender, self._session, target)
        if not is_open:
            return str(said)
        if said and said != self.address:
            self.name = said
        work = (self._deliver, self._collect, self._watch)
        self._tasks = [asyncio.create_task(self._run(each)) for each in work]
        return None

    async def do(
        self, kind: Kind, value: bytes = b"", on_event: Callable[[Event], None] | None = None
    ) -> Any:
        """Have an order carried out, and return what came of it.

        Raises
        ------
        WorkerLostError
            If the worker is lost before that.
        Exception
            If it failed in the worker.
        """
        number = self._numbers = self._numbers + 1
        flight = self._flights[number] = Flight(on_event)
        self._put(Order(number, kind, value))
        try:
            return await flight.done
        except asyncio.CancelledError:
            self._put(Order(number, "cancel"))
            raise
        finally:
            self._flights.pop(number, None)

    def lose(self, why: str) -> None:
        """Give the worker up: all that it was busy with has failed."""
        if self.is_lost:
            return
        self.is_lost = True
        self._on_lost(self, why)
        for flight in self._flights.values():
            said = f"its worker {self.name} {why}"
            flight.fail(WorkerLostError(said, was_sent=flight.was_sent))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def close(self) -> None:
        """Have the sender break off what is in flight, and end the exchange."""
        for task in self._tasks:
            task.cancel()
        with suppress(Exception):
            await self._reach(sender.close_sender, self._session)

    def _put(self, order: Order) -> None:
        self._outbox.append(order)
        self._has_orders.set()

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a part of the exchange; whatever ends it loses the worker."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001  Dask's, the system's, or of the worker itself
            self.lose(f"is gone ({type(error).__name__})")
        else:
            self.lose("has ended what it was asked to do")

    async def _deliver(self) -> None:
        """Deliver orders: those that came up during one delivery go with the next."""
        is_known = True
        while is_known:
            await self._has_orders.wait()
            if self.load > BUSY:
                await asyncio.sleep(LINGER)
            orders = self._take_orders()
            for order in orders:
                if (flight := self._flights.get(order.number)) is not None:
                    flight.was_sent = True
            is_known = await self._reach(sender.deliver, self._session, pack(orders))

    def _take_orders(self) -> list[Order]:
        """Return orders for one message, of which none holds up the line for long."""
        sizes = accumulate(len(each.value) for each in self._outbox)
        fits = max(1, sum(size <= MAX_BYTES for size in sizes))
        orders, self._outbox = self._outbox[:fits], self._outbox[fits:]
        if not self._outbox:
            self._has_orders.clear()
        return orders

    async def _collect(self) -> None:
        while (events := await self._reach(sender.collect, self._session, _POLL)) is not None:
            for event in events:
                self._take(event)

    async def _watch(self) -> None:
        """Ask the worker again and again whether it is there; it tells its time, too."""
        while True:
            asked = time.perf_counter()
            reply = asyncio.ensure_future(self._reach(sender.ping, self._session))
            waited = 0.0
            try:
                while not reply.done() and waited < self._lost_after:
                    piece = self._lost_after / 10
                    await asyncio.wait((reply,), timeout=piece)
                    waited += piece  # however long this loop was held: that is not its fault
                is_there = reply.done()
            finally:
                reply.cancel()
            if not is_there:
                self.lose(f"has not replied for {self._lost_after:.0f} s")
                return
            if (stamps := reply.result()) is None:
                return
            arrived, replied = stamps
            self.offset.note(asked, arrived, replied, time.perf_counter())
            await asyncio.sleep(_POLL)

    def _take(self, event: Event) -> None:
        flight = self._flights.get(event.number)
        if flight is None or flight.done.done():
            return
        try:
            if event.kind == "done":
                flight.done.set_result(unpack(event.value))
            elif event.kind == "failed":
                flight.fail(unpack(event.value))
            elif event.kind == "late":
                self._put(Order(event.number, "go", event.value))
            elif flight.on_event is not None:
                flight.on_event(event)
        except Exception as error:  # noqa: BLE001  a class that only the worker can import
            flight.fail(error)

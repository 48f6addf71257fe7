"""The exchange with one worker: orders go to it in batches, and events come back as they happen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from . import sender
from .clock_offset import ClockOffset
from .orders import BUSY, LINGER, Event, Kind, Order, pack, unpack

LOST_AFTER = 10.0  # seconds without a reply, after which a worker counts as lost
_POLL = 0.5  # seconds that the worker waits for an event before it replies all the same
# Calls a function in the worker: the function, and its arguments.
Reach = Callable[..., Awaitable[Any]]


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
    """

    def __init__(
        self, address: str, session: str, reach: Reach, on_lost: Callable[[WorkerLink, str], None]
    ) -> None:
        self.address, self.name = address, address.partition("://")[2]
        self.offset = ClockOffset()
        self._session, self._reach, self._on_lost = session, reach, on_lost
        self._flights: dict[int, Flight] = {}
        self._numbers = 0
        self._outbox: list[Order] = []
        self._has_orders = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.is_lost = False

    @property
    def load(self) -> int:
        """How many orders it is busy with."""
        return len(self._flights)

    async def open(self, target: bytes) -> None:
        """Open the sender in the worker; raise what keeps it from that."""
        async with asyncio.timeout(3 * LOST_AFTER):  # it may have to import the client first
            name = await self._reach(sender.open_sender, self._session, target)
        if name and name != self.address:
            self.name = name
        self._tasks = [asyncio.create_task(each()) for each in (self._deliver, self._collect)]

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
            if not flight.done.done():
                flight.done.set_exception(WorkerLostError(why, was_sent=flight.was_sent))
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

    async def _deliver(self) -> None:
        """Deliver orders: those that came up during one delivery go with the next."""
        while True:
            await self._has_orders.wait()
            if self.load > BUSY:
                await asyncio.sleep(LINGER)
            orders, self._outbox = self._outbox, []
            self._has_orders.clear()
            for order in orders:
                if (flight := self._flights.get(order.number)) is not None:
                    flight.was_sent = True
            await self._call(sender.deliver, self._session, pack(orders))

    async def _collect(self) -> None:
        while True:
            asked = time.perf_counter()
            arrived, replied, events = await self._call(sender.collect, self._session, _POLL)
            self.offset.note(asked, arrived, replied, time.perf_counter())
            for event in events:
                self._take(event)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the worker; a call that fails or hangs loses the worker."""
        try:
            async with asyncio.timeout(LOST_AFTER):
                return await self._reach(function, *arguments)
        except asyncio.CancelledError:
            raise
        except TimeoutError:
            self.lose(f"has not replied for {LOST_AFTER:.0f} s")
        except Exception as error:  # noqa: BLE001  Dask's, the system's, or of the worker itself
            self.lose(f"is gone ({type(error).__name__})")
        raise asyncio.CancelledError

    def _take(self, event: Event) -> None:
        flight = self._flights.get(event.number)
        if flight is None or flight.done.done():
            return
        if event.kind == "done":
            flight.done.set_result(unpack(event.value))
        elif event.kind == "failed":
            flight.done.set_exception(unpack(event.value))
        elif flight.on_event is not None:
            flight.on_event(event)


def reach_by(run: Callable[..., Awaitable[Any]]) -> Reach:
    """Return what calls functions in a worker, by the worker's own operation ``run``."""
    from distributed.core import clean_exception

    names: dict[Any, bytes] = {}

    async def reach(function: Any, *arguments: Any) -> Any:
        if function not in names:
            names[function] = pack(function)
        reply = await run(
            function=names[function],
            args=pack(arguments),
            kwargs=_NO_ARGUMENTS,
            wait=True,
        )
        if reply["status"] != "OK":
            raise clean_exception(**reply)[1]
        return reply["result"]

    return reach


_NO_ARGUMENTS = pack({})

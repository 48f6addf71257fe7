"""What runs in a worker: it takes orders, carries them out in a thread of its own, and answers.

Dask's own event loop only passes orders and events on. It stays free to answer the scheduler,
whatever a function of the user's does. The functions of this module are called by name, through
Dask, from the process that starts the run.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from itertools import accumulate
from typing import Any, Protocol

from ...loop import block_sigint
from .function_work import FunctionWork
from .orders import (
    BUSY,
    LINGER,
    MAX_BYTES,
    Event,
    EventKind,
    FunctionTarget,
    Order,
    Target,
    pack,
    unpack,
)
from .server_work import ServerWork

ORPHANED = 600.0  # seconds without a word from the starter, after which a sender ends by itself
# So many after which it may have given this worker up, and had others send what comes from it now.
SILENCE = 5.0  # well below `link.LOST_AFTER`
_CLOSING = 2.0  # seconds that a closed sender's thread may take
_senders: dict[str, Sender] = {}

Tell = Callable[[EventKind, Any], None]


class Work(Protocol):
    """How a worker carries out orders."""

    async def __aenter__(self) -> Work: ...
    async def __aexit__(self, *_: object) -> None: ...

    def do(self, order: Order, tell: Tell) -> Awaitable[Any]:
        """Carry out an order; `tell` of what happens on the way."""


async def open_sender(session: str, target: bytes, dask_worker: Any = None) -> tuple[bool, str]:
    """Open a sender; return True and the worker's name, or False and why it cannot be.

    Others of the same run and worker are closed: the starter had given them up. Nothing is raised
    here, as Dask would write the arguments, and so what is asked, into its log.
    """
    owner = session.partition("/")[0], str(getattr(dask_worker, "address", ""))
    for other in [name for name, each in _senders.items() if each.owner == owner]:
        await close_sender(other)
    try:
        sender = Sender(unpack(target), owner, on_end=lambda: _senders.pop(session, None))
        await sender.open()
    except Exception as error:  # noqa: BLE001  what a function's module or the endpoint raises
        return False, str(error) or type(error).__name__
    _senders[session] = sender
    return True, str(getattr(dask_worker, "name", ""))


async def deliver(session: str, orders: bytes) -> bool:
    """Take orders; return False if there is no such sender (any more)."""
    if (sender := _find(session)) is not None:
        sender.take(unpack(orders))
    return sender is not None


async def collect(session: str, seconds: float) -> list[Event] | None:
    """Return the events since the last time, as soon as there are any; None without a sender."""
    sender = _find(session)
    return None if sender is None else await sender.collect(seconds)


async def ping(session: str) -> tuple[float, float] | None:
    """Return that the sender is there: when this arrived and left, in ``perf_counter`` seconds."""
    arrived = time.perf_counter()
    return None if _find(session) is None else (arrived, time.perf_counter())


async def close_sender(session: str) -> None:
    """Break off all orders of a sender and close it; nothing if there is none."""
    if (sender := _senders.pop(session, None)) is not None:
        await sender.close()


def _find(session: str) -> Sender | None:
    """Return the sender that the starter has a word for."""
    if (sender := _senders.get(session)) is not None:
        sender.note_starter()
    return sender


class Sender:
    """Carries out the orders of one run in a thread with an event loop of its own.

    An order that comes after a silence is not begun before the starter has said that it still
    stands: a line that was cut and mended brings what was on its way in between.

    Parameters
    ----------
    target
        Where calls go.
    owner
        The run, and the address of the Dask worker: a process may have several.
    on_end
        Called when it has ended.
    """

    def __init__(
        self, target: Target, owner: tuple[str, str], *, on_end: Callable[[], object]
    ) -> None:
        self._target, self.owner, self._on_end = target, owner, on_end
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._has_events = asyncio.Event()
        self._readers_loop = asyncio.get_running_loop()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._opened: Future[asyncio.AbstractEventLoop] = Future()
        self._heard, self._silences, self._confirmed = time.monotonic(), 0, 0
        self._held: dict[int, Order] = {}
        self._thread = threading.Thread(target=self._run, name="aiml_nb sender", daemon=True)

    async def open(self) -> None:
        """Start the thread and wait until it takes orders; raise what keeps it from that."""
        self._thread.start()
        self._loop = await asyncio.wrap_future(self._opened)
        self._heard = time.monotonic()

    def take(self, orders: list[Order]) -> None:
        """Have orders carried out."""
        self._loop.call_soon_threadsafe(self._take, orders, self._silences)

    async def collect(self, seconds: float) -> list[Event]:
        """Return the events that were not collected yet, after so many seconds at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_events.wait()
        except TimeoutError:
            return []
        if len(self._tasks) > BUSY:
            await asyncio.sleep(LINGER)
        with self._lock:
            # Not more than a slow line carries in a moment.
            sizes = accumulate(len(each.value) for each in self._events)
            fits = max(1, sum(size <= MAX_BYTES for size in sizes))
            events, self._events = self._events[:fits], self._events[fits:]
            if not self._events:
                self._has_events.clear()
        return events

    def note_starter(self) -> None:
        """Note that the process that started the run is there."""
        now = time.monotonic()
        self._silences += now - self._heard > SILENCE
        self._heard = now

    async def close(self) -> None:
        """Break off what is in flight and end the thread."""
        self._loop.call_soon_threadsafe(self._is_closed.set)
        await asyncio.to_thread(self._thread.join, _CLOSING)

    def _run(self) -> None:
        block_sigint()
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)
        finally:
            self._on_end()

    async def _serve(self) -> None:
        self._is_closed = asyncio.Event()
        is_function = isinstance(self._target, FunctionTarget)
        work = FunctionWork(self._target) if is_function else ServerWork(self._target)  # type: ignore[arg-type]
        async with work as self._work:
            self._opened.set_result(asyncio.get_running_loop())
            while not self._is_closed.is_set() and time.monotonic() - self._heard < ORPHANED:
                try:
                    async with asyncio.timeout(ORPHANED / 4):
                        await self._is_closed.wait()
                except TimeoutError:
                    continue
            tasks = [*self._tasks.values()]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=_CLOSING / 2)

    def _take(self, orders: list[Order], silences: int) -> None:
        for order in orders:
            if order.kind == "cancel":
                self._held.pop(order.number, None)
                if (known := self._tasks.get(order.number)) is not None:
                    known.cancel()
            elif order.kind != "go":
                self._begin_or_hold(order, silences)
            elif (held := self._held.pop(order.number, None)) is not None:
                if unpack(order.value) == silences:
                    self._confirmed = silences
                self._begin_or_hold(held, silences)

    def _begin_or_hold(self, order: Order, silences: int) -> None:
        if silences != self._confirmed:
            self._held[order.number] = order
            self._put(Event(order.number, "late", pack(silences)))
            return
        task = asyncio.ensure_future(self._do(order))
        self._tasks[order.number] = task
        # Not by the task itself, which may be cancelled before it begins.
        task.add_done_callback(lambda _: self._tasks.pop(order.number))

    async def _do(self, order: Order) -> None:
        def tell(kind: EventKind, value: Any) -> None:
            self._put(Event(order.number, kind, pack(value)))

        try:
            value = await self._work.do(order, tell)
            tell("done", value)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  told to the starter, which decides
            tell("failed", _as_told(error))

    def _put(self, event: Event) -> None:
        with self._lock:
            is_first = not self._events
            self._events.append(event)
        if is_first:
            self._readers_loop.call_soon_threadsafe(self._has_events.set)


def _as_told(error: Exception) -> Exception:
    """Return an exception that can be pickled, and that says the same."""
    try:
        unpack(pack(error))
    except Exception:  # noqa: BLE001
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error

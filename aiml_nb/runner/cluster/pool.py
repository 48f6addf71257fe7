"""The workers of one run: who is there, who gets the next order, and what becomes of a lost one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import EndpointError
from ...printable import say
from .link import WorkerLink, WorkerLostError
from .orders import FunctionTarget, Kind, Target, pack
from .reach import find_problem, reach_worker

if TYPE_CHECKING:
    from ...endpoint.preflight import KnownModels
    from ..call import CallRunner

_LOOK = 0.5  # seconds between two looks at who has joined
_REPLY = 5.0  # seconds for a reply of the scheduler
_FIRST = 30.0  # seconds for the first worker to be there
_NO_SCHEDULER = "the cluster's scheduler is gone, and its workers with it"
_NO_REPLY = "neither the cluster's scheduler nor any of its workers replies"
_CLOSE = 1.5  # seconds for all workers to break off what they do


class WorkerPool:
    """The workers of one run.

    Parameters
    ----------
    client
        An open client of the cluster, for the running event loop.
    target
        Where calls go.
    run_id
        Names the senders in the workers.
    patience
        Seconds without any worker after which the run is stopped.
    words
        What messages call a worker, and what they say to do if there is none.
    is_quiet
        Do not say that the first is waited for.
    """

    def __init__(
        self,
        client: Any,
        target: Target,
        run_id: str,
        *,
        patience: float,
        words: tuple[str, str],
        is_quiet: bool = False,
    ) -> None:
        self._client, self._target, self._run_id = client, pack(target), run_id
        self._calls_function = isinstance(target, FunctionTarget)
        self._patience = patience
        (self._worker, self._advice), self._is_quiet = words, is_quiet
        self._stop: Callable[[str], None] = lambda why: None
        self._say: Callable[[str, str], None] = lambda kind, text: None
        self._links: dict[str, WorkerLink] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, str] = {}  # address, why
        self._opened = 0
        self._has_workers = asyncio.Event()
        self._is_over = False
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> WorkerPool:
        try:
            async with asyncio.timeout(_FIRST):
                while not self._links:
                    await self._look()
                    if self._opening:  # all that are there begin together
                        await asyncio.wait(self._opening.values(), timeout=_REPLY)
                    elif not self._links:
                        self._explain_waiting()
                        await asyncio.sleep(_LOOK / 5)
        except BaseException as error:
            await self.__aexit__()
            if isinstance(error, TimeoutError):
                said = f"No {self._worker} was there after {_FIRST:.0f} s. {self._advice}"
                raise EndpointError(said) from None
            raise
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        for task in (self._watching, *self._opening.values()):
            if task is not None:
                task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE):
                await asyncio.gather(*(link.close() for link in self._links.values()))

    def _explain_waiting(self) -> None:
        """Say that the first worker is waited for; raise EndpointError if all are refused."""
        if self._refused:
            why = " ".join(sorted(set(self._refused.values())))
            raise EndpointError(f"No {self._worker} can be used: {why}")
        if not self._is_quiet:
            say(f"Waiting {_FIRST:.0f} s for a {self._worker}. {self._advice}")
        self._is_quiet = True

    async def pick(self) -> WorkerLink:
        """Return the least busy worker; wait for one if there is none.

        Raises
        ------
        WorkerLostError
            If none has come.
        """
        await self._ready()
        if not self._links:
            raise WorkerLostError("no worker is left", was_sent=False)
        return min(self._links.values(), key=lambda each: (each.rests, each.load))

    async def _ready(self) -> None:
        """Wait until there is a worker, or none is waited for any longer."""
        while not self._links and not self._is_over:
            await self._has_workers.wait()

    def begin(self, runner: CallRunner) -> None:
        """Tell the run from now on what becomes of the workers."""
        runner.ready = self._ready
        self._stop, self._say = partial(runner.stop, for_later=True), runner.say
        for address in self._refused:
            self._say_refused(address)

    async def warm_up(self, known: KnownModels) -> None:
        """Have a worker do what `Endpoint.warm_up_async` does; raises as that, if none can."""
        listed = await self._ask_any("warm_up")
        known.models |= listed.models
        known.failure = listed.failure

    async def find_address(self) -> str | None:
        """Have a worker do what `Endpoint.find_address_async` does."""
        return await self._ask_any("find_address")  # type: ignore[no-any-return]

    def can_others(self, link: WorkerLink) -> bool:
        """Say whether there are workers besides `link` that may reach the server."""
        return any(each is not link and not each.rests for each in self._links.values())

    async def _ask_any(self, kind: Kind) -> Any:
        """Return what one worker says, each being asked in turn until one can say it.

        Raises
        ------
        EndpointError
            If none can.
        """
        problem = EndpointError(f"No {self._worker} is left. {self._advice}")
        asked: set[str] = set()
        while left := [each for name, each in self._links.items() if name not in asked]:
            asked.add(left[0].address)
            try:
                found = await left[0].do(kind)
            except WorkerLostError:
                continue
            except EndpointError as error:
                left[0].note_reach(reached=False)
                problem = error
                continue
            return found
        raise problem

    async def _watch(self) -> None:
        """Look who joins and who has left, for as long as the run lasts."""
        loop = asyncio.get_running_loop()
        alone_since: float | None = None
        while not self._is_over:
            await asyncio.sleep(_LOOK)
            is_there = await self._look()
            if self._links:
                alone_since = None
                continue
            alone_since = alone_since or loop.time()
            if self._client.status != "running":
                self._end(_NO_SCHEDULER)
            elif loop.time() - alone_since > self._patience:
                # A network that is cut may be mended, as long as nobody says otherwise.
                self._end(f"no {self._worker} is left" if is_there else _NO_REPLY)

    async def _look(self) -> bool:
        """Open links to new workers, and give up those that left; return False if nobody tells."""
        if self._client.status != "running":
            return False
        try:
            async with asyncio.timeout(_REPLY):
                known = set(await self._client.nthreads())
        except Exception:  # noqa: BLE001  Dask's, as it loses its connection
            return False
        for address in [each for each in self._links if each not in known]:
            self._links[address].lose("has ended")
        for address in self._refused.keys() - known:  # another may have its address later
            del self._refused[address]
        for address in known - self._links.keys() - self._refused.keys() - self._opening.keys():
            # By itself: one that hangs must not keep others from being found.
            task = self._opening[address] = asyncio.create_task(self._open(address))
            task.add_done_callback(lambda _, address=address: self._opening.pop(address))  # type: ignore[misc]
        return True

    async def _open(self, address: str) -> None:
        try:
            reach = await reach_worker(self._client, address)
            self._opened += 1
            session = f"{self._run_id}/{self._opened}"
            how = {"calls_function": self._calls_function}
            link = WorkerLink(address, session, reach, self._lose, **how)
            problem = await find_problem(reach, **how)
            problem = problem or await link.open(self._target)
        except (OSError, TimeoutError):
            return  # it has left again, or is tried again
        except Exception as error:  # noqa: BLE001  what a worker's own code raises
            problem = str(error) or type(error).__name__
        if problem is None:
            self._links[address] = link
            self._has_workers.set()
            return
        self._refused[address] = problem
        self._say_refused(address)

    def _say_refused(self, address: str) -> None:
        said = f"The worker {address} is not used: {self._refused[address]}"
        self._say(f"worker {address}", said)

    def _end(self, why: str) -> None:
        """Stop the run, as nobody is left to send its calls."""
        if not self._is_over:
            self._is_over = True
            self._stop(why)
            self._has_workers.set()

    def _lose(self, link: WorkerLink, why: str) -> None:
        self._links.pop(link.address, None)
        if link.load:
            orders = "1 call" if link.load == 1 else f"{link.load} calls"
            self._say(
                f"worker {link.name}",
                f"Worker {link.name} {why}. What it had in flight ({orders}) may be billed.",
            )
        if self._client.status != "running":
            self._end(_NO_SCHEDULER)
        if not self._links:
            self._has_workers.clear()

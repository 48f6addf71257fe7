"""Calls a function of the user's own, with an item, for as long as it may take.

Every call is a task of its own: it can be left to itself where it does not let itself be ended,
and what it does to its context stays there.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, NamedTuple

from ...loop.interrupt import count_presses
from ...prompts import Prompt
from ...prompts.items import item_of
from ...records import Call
from ..options import BLOCKING
from .exits import FunctionExit
from .function import Function
from .options import refuse_strategy
from .workers import Workers

# Seconds that a call has to end in, once it is late, and once the run is interrupted.
_LATE, _FAREWELL = 0.3, 1.0


class Outcome(NamedTuple):
    """What came of one call of a function; `is_late` if it was not there in time."""

    value: Any = None
    error: BaseException | None = None
    is_late: bool = False


class MisfitError(TypeError):
    """A function that turned out to be async where nothing is awaited, or the reverse."""


class FunctionClient:
    """Calls the function of one run.

    Parameters
    ----------
    function
        The function.
    strategy
        How the run makes its calls.

    Attributes
    ----------
    record
        Returns what is entered around each call of the function: what it sends is recorded there.
    stop, say
        Stops the run, for a reason; says what is to be known of it (`AfterAttempt.say`).
    misfit
        Why the function cannot be called in this way; None if nothing was seen.
    exit
        The exception with which the function has ended the run, None if it has not.
    """

    def __init__(
        self,
        function: Function,
        strategy: str,
    ) -> None:
        self._function, self._strategy = function, strategy
        self.record: Callable[[Call], AbstractContextManager[object]] = nullcontext
        is_awaited = function.is_chosen and strategy not in BLOCKING
        self._blocks = not (function.is_async or is_awaited)
        self._workers = Workers()
        self._calls: set[asyncio.Task[Outcome]] = set()
        self._left: set[asyncio.Task[Outcome]] = set()
        self._presses = count_presses()
        self._run: asyncio.Task[Any] | None = None
        self._work: asyncio.Future[None] | None = None
        self.exit: BaseException | None = None
        self.stop: Callable[[str], None] = lambda why: None
        self.say: Callable[[str, str], None] = lambda kind, text: None
        self.misfit: str | None = None

    @property
    def name(self) -> str:
        """What the function is called."""
        return self._function.name

    async def __aenter__(self) -> FunctionClient:
        self._run = asyncio.current_task()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.end_all()  # where it was interrupted before its run began
        self._workers.close()

    async def make_calls(self, work: Awaitable[None]) -> None:
        """Run the strategy of the run.

        Raises
        ------
        FunctionExit
            If the function ends the run.
        """
        # A task of its own: cancelled, it leaves no trace in the one that waits for the run.
        self._work = asyncio.ensure_future(work)
        try:
            await self._work
        except asyncio.CancelledError:
            if self.exit is None or _is_cancelled(self._run):
                raise
            raise FunctionExit(self.exit) from None

    async def end_run(self, error: BaseException, words: str) -> None:
        """End the run, as the function raised `error`; never return."""
        self.stop(f"{self.name} raised {words}")
        self.exit = self.exit or error
        if self._work is not None:
            self._work.cancel()
        await asyncio.get_running_loop().create_future()  # until that arrives here

    async def warm_up(self, prompt: Prompt, *, seconds: float) -> None:
        """Call the function once, whatever comes of it: the run itself tells."""
        await self.call(item_of(prompt), Call(index=0, custom_id="", prompt=""), seconds=seconds)

    async def call(self, item: Any, call: Call, *, seconds: float) -> Outcome:
        """Call the function and wait for what it returns, so many seconds at most."""
        task = asyncio.create_task(self._call(item, call))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        await asyncio.wait((task,), timeout=seconds)
        if task.done():
            return self._read(task)
        await self._end({task}, _LATE)
        if task.done() and not task.cancelled():
            return self._read(task)._replace(is_late=True)
        return Outcome(is_late=True)

    async def _call(self, item: Any, call: Call) -> Outcome:
        try:
            with self.record(call):  # the one place where the function is called
                return await self._invoke(item)
        except GeneratorExit:  # nobody waits any more
            raise
        except KeyboardInterrupt as error:
            if self._is_interrupted():
                raise
            return Outcome(error=error)
        except asyncio.CancelledError as error:
            if _is_cancelled(asyncio.current_task()):
                raise
            return Outcome(error=error)
        except BaseException as error:  # noqa: BLE001  sys.exit() would end the loop
            return Outcome(error=error)

    async def _invoke(self, item: Any) -> Outcome:
        function = self._function
        if self.misfit:  # seen at another item, while this one was let in
            raise MisfitError(self.misfit)
        if self._blocks:
            value, error = await self._workers.call(function.call, item)
            if error is not None:
                return Outcome(error=error)
        else:
            value = function.call(item)
        if inspect.isawaitable(value):
            if self._blocks and function.is_chosen:
                if inspect.iscoroutine(value):
                    value.close()
                raise self._refuse(is_async=True)
            return Outcome(await value)
        if not self._blocks and not function.is_async:
            raise self._refuse(is_async=False)
        if inspect.isgenerator(value) or inspect.isasyncgen(value):
            raise TypeError(
                f"{function.name} returned a generator, and nothing in it has run. Return what it "
                "yields: list(…)."
            )
        return Outcome(value)

    def _is_interrupted(self) -> bool:
        """Say whether Ctrl-C was pressed; a function may raise what that raises, too."""
        return count_presses() > self._presses or _is_cancelled(self._run)

    def _refuse(self, *, is_async: bool) -> MisfitError:
        self.misfit = refuse_strategy(self._function.name, self._strategy, is_async=is_async)
        self.stop(self.misfit)
        return MisfitError(self.misfit)

    async def end_all(self) -> None:
        """End the calls in flight, as the run was interrupted."""
        if calls := self._calls - self._left:
            await self._end(calls, _FAREWELL)

    async def _end(self, tasks: set[asyncio.Task[Outcome]], seconds: float) -> None:
        """Cancel calls, and leave those to themselves that this does not end."""
        for task in tasks:
            task.cancel()
        _, left = await asyncio.wait(tasks, timeout=seconds)
        self._left |= left
        for task in left:
            task.add_done_callback(self._left.discard)
        if self._workers.left or left:
            self._say_left(self._workers.left or len(self._left))

    def _say_left(self, n: int) -> None:
        name = self._function.name
        why = "is not async" if self._workers.left else "does not let itself be cancelled"
        calls = "1 call of it goes" if n == 1 else f"{n} calls of it go"
        self.say(
            "left",
            f"{name} {why}, so it cannot be broken off: {calls} on unseen, and what comes of "
            f"{'it' if n == 1 else 'them'} is not kept.",
        )

    @staticmethod
    def _read(task: asyncio.Task[Outcome]) -> Outcome:
        if task.cancelled():  # not by us
            return Outcome(error=asyncio.CancelledError("it was cancelled from within"))
        error = task.exception()
        return task.result() if error is None else Outcome(error=error)


def _is_cancelled(task: asyncio.Task[Any] | None) -> bool:
    return task is not None and task.cancelling() > 0

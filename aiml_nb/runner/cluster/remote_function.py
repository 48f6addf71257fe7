"""A function of the user's that workers call: here an async function that waits for one of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...endpoint.function_failures import ExplainedError
from ...endpoint.sent_keys import key_for
from ...records import Call, Run, without_steps
from ..functions.client import FunctionClient, MisfitError
from ..functions.function import Function
from .backend import explain_loss
from .link import WorkerLostError
from .orders import Called, pack_own, unpack

if TYPE_CHECKING:
    from ..call import CallRunner
    from ..plan import Plan
    from .choose import Cluster
    from .pool import WorkerPool

_current: ContextVar[Call | None] = ContextVar("call", default=None)


class RemoteFunction:
    """A function that the workers of a run call.

    Parameters
    ----------
    function
        The function.
    plan
        The run.

    Attributes
    ----------
    local
        What is called in this process.
    """

    _client: FunctionClient
    _pool: WorkerPool
    _runner: CallRunner

    def __init__(self, function: Function, plan: Plan) -> None:
        self.local = replace(function, call=self._call, is_async=True)
        self._plan = plan
        # Whether the answers are simulated is told by all calls together.
        self._is_first = not any(any(without_steps(each.children)) for each in plan.run.calls)

    @asynccontextmanager
    async def open(self, cluster: Cluster) -> AsyncIterator[None]:
        """Have the workers ready for as long as the block lasts; raises as `Cluster.open`."""
        async with cluster.open_pool(self._plan) as self._pool:
            yield

    def begin(self, client: FunctionClient, runner: CallRunner) -> None:
        """Tell the run from now on what becomes of the workers, and of the function."""
        self._client, self._runner = client, runner
        self._pool.begin(runner)

    @contextmanager
    def record(self, call: Call) -> Iterator[None]:
        """Record in `call` what the function does in this context."""
        token = _current.set(call)
        try:
            yield
        finally:
            _current.reset(token)

    async def _call(self, item: Any) -> Any:
        try:
            link = await self._pool.pick()
            if (call := _current.get()) is not None:
                call.attempts[-1].worker = link.name
            asked = time.perf_counter()
            called: Called = await link.do("call", _pickle_item(item))
        except WorkerLostError as error:
            raise ExplainedError(explain_loss(error)) from None
        if call is not None:
            answered = time.perf_counter()
            offset = link.offset.within(asked, called.started, called.finished, answered)
            for child in called.children:
                _shift(child, offset - self._runner.origin)
            call.children.extend(called.children)
            self._note(called, self._plan.run)
        if called.misfit is not None:
            self._client.misfit = called.misfit
            self._client.stop(called.misfit)
            raise MisfitError(called.misfit)
        if called.exit is not None:
            kind, arguments = unpack(called.exit)
            raise kind(*arguments)
        if called.failure is not None:
            raise ExplainedError(called.failure)
        for each in called.keys:
            key_for(each)
        return unpack(called.value)

    def _note(self, called: Called, run: Run) -> None:
        if any(without_steps(called.children)):
            run.simulated = called.simulated and (self._is_first or run.simulated)
            self._is_first = False
        run.notices += [each for each in called.notices if each not in run.notices]


def _pickle_item(item: Any) -> bytes:
    try:
        return pack_own(item)
    except Exception as error:  # noqa: BLE001  what it holds may raise anything
        raise TypeError(
            f"this item cannot be sent to a worker process ({type(error).__name__}: {error}). Give "
            "plain data, and open in the function what it needs."
        ) from None


def _shift(call: Call, seconds: float) -> None:
    """Add seconds to all stamps of a call, and of what was made within it."""
    for record in (call, *call.attempts):
        for name in ("submitted", "started", "first_token", "finished"):
            if getattr(record, name, None) is not None:
                setattr(record, name, getattr(record, name) + seconds)
    for child in call.children:
        _shift(child, seconds)

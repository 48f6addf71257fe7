"""Execute a plan: open a client around a strategy, sync or async."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import partial
from typing import Any

from ..errors import EndpointError, without_context
from ..loop import (
    LoopLag,
    call_in_thread,
    call_with_main,
    inside_run,
    interruptible_task,
    run_coroutine,
    run_in_shared_loop,
)
from ..records import Run
from ..watching import DelayWatcher, LoopWatcher, RunNotes, delays_of, hooks, inside, tell_stops
from .call import CallRunner
from .clients import ThreadClients
from .continued import opened_journal
from .functions.client import FunctionClient, MisfitError
from .functions.exits import function_exit
from .functions.function import Function
from .functions.lag import note_lag
from .journal import Journal
from .newest import set_last_run
from .open_runner import open_call_runner
from .pacing.clock import Clock
from .plan import Plan
from .stopped import told_if_stopped
from .strategies import ASYNC_STRATEGIES, BLOCKING_STRATEGIES, FUNCTION_STRATEGIES


@without_context()
def execute(plan: Plan, *, journal: Journal | None = None, clock: Clock | None = None) -> Run:
    """Make the calls of `plan` and return when it is done; in a script or in a notebook's cell.

    Parameters
    ----------
    journal
        The open journal of a resumed run; None opens that of the plan.
    clock
        Replaces the real clock in tests.
    """
    with told_if_stopped(plan), opened_journal(plan, journal) as (journal, plan):
        if not plan.unfinished:
            return _keep_run(plan)
        if not plan.blocks:
            with function_exit():
                is_users = isinstance(plan.endpoint, Function)  # it may have a client of its own
                begin = run_in_shared_loop if is_users else run_coroutine
                return begin(_make_async_calls(plan, journal, clock))
        # In a thread of its own, while this one waits for signals: a blocking read cannot be
        # interrupted in the main thread without losing the records.
        with suppress(KeyboardInterrupt), open_call_runner(plan, journal, clock) as runner:
            call_with_main(partial(_make_blocking_calls, plan, runner), runner.interrupt)
            return plan.run
        # A new exception: the traceback of the old one would keep the client and its buffers alive.
        raise KeyboardInterrupt


async def execute_async(
    plan: Plan, *, journal: Journal | None = None, clock: Clock | None = None
) -> Run:
    """Make the calls of `plan` without blocking the loop; otherwise as `execute`."""
    with told_if_stopped(plan), function_exit():
        return await execute_in_task(plan, journal=journal, clock=clock)


async def execute_in_task(
    plan: Plan, *, journal: Journal | None = None, clock: Clock | None = None
) -> Run:
    """Do as `execute_async`, in a task of its own: raise FunctionExit for what ends programs."""
    try:
        with opened_journal(plan, journal) as (journal, plan):
            if not plan.unfinished:
                return _keep_run(plan)
            if not plan.blocks:
                with without_context():
                    return await _make_async_calls(plan, journal, clock)
            # `LoopLag` wakes a loop that sleeps, which would not notice the stop button.
            async with interruptible_task(), LoopLag():
                with without_context(), open_call_runner(plan, journal, clock) as runner:
                    work = call_in_thread(partial(_make_blocking_calls, plan, runner))
                    await asyncio.wrap_future(work)
            return plan.run
    except asyncio.CancelledError as error:
        cancelled = type(error)
    raise cancelled  # a new exception, for the same reason as in `execute`


async def _make_async_calls(
    plan: Plan, journal: Journal | None = None, clock: Clock | None = None
) -> Run:
    if isinstance(plan.endpoint, Function):
        return await _make_function_calls(plan, plan.endpoint, journal, clock)
    options = plan.options
    async with interruptible_task(), _open_sending(plan) as client, LoopLag() as lag:
        await _warm_up(plan, client)
        with open_call_runner(plan, journal, clock) as runner, inside_run():
            if plan.cluster is not None:
                client.begin(runner)
            _submit(plan, runner)
            lag.begin_again()  # the lag of the setup is not the run's
            try:
                with DelayWatcher(lag) as delays, runner.first.wait(blocks=False):
                    await ASYNC_STRATEGIES[options.strategy](
                        lambda call: runner.run_async(client, call),
                        plan.unfinished,
                        options.max_concurrency,
                    )
            finally:
                plan.run.loop_lag_max, plan.run.loop_lag_total = lag.maximum, lag.total
                plan.run.loop_delays = delays_of(delays.held(), origin=_origin_of(runner))
            if (first := runner.first).rejected:
                other = await _find_address(plan, client) if first.at_address else None
                _end_rejected_run(runner, other)
    return plan.run


def _open_sending(plan: Plan) -> AbstractAsyncContextManager[Any]:
    """Return what sends the calls of a plan: an openai client, or workers that have one each."""
    if plan.cluster is not None:
        return plan.cluster.open_pool(plan)
    options = plan.options
    return plan.server.open_async(timeout=options.timeout, max_connections=options.max_concurrency)


async def _find_address(plan: Plan, client: Any) -> str | None:
    if plan.cluster is not None:
        return await client.find_address()  # type: ignore[no-any-return]
    return await plan.server.find_address_async(client)


async def _warm_up(plan: Plan, client: Any) -> None:
    if plan.cluster is not None:
        await client.warm_up(plan.server.known)
    else:
        await plan.server.warm_up_async(client)


async def _make_function_calls(
    plan: Plan, function: Function, journal: Journal | None, clock: Clock | None
) -> Run:
    options = plan.options
    remote = None
    if plan.cluster is not None:
        from .cluster.remote_function import RemoteFunction  # needs the extra `cluster`

        remote = RemoteFunction(function, plan)
    client = FunctionClient(remote.local if remote else function, options.strategy)
    async with (
        interruptible_task(),
        remote.open(plan.cluster) if remote and plan.cluster else nullcontext(),
        client,
        LoopLag() as lag,
    ):
        if plan.warm_up:
            await client.warm_up(plan.prompts[0], seconds=options.timeout)
        with hooks(), open_call_runner(plan, journal, clock) as runner, inside_run():
            client.stop, client.say = runner.stop, runner.say
            notes = RunNotes(plan.run)
            client.record = lambda call: inside(call, runner.origin, notes)
            if remote is not None:
                remote.begin(client, runner)
                client.record = remote.record
            _submit(plan, runner)
            lag.begin_again()
            try:
                with LoopWatcher() as loops:
                    make_all = FUNCTION_STRATEGIES[options.strategy]
                    work = make_all(
                        lambda call: runner.run_async(client, call),
                        plan.unfinished,
                        options.max_concurrency,
                    )
                    await client.make_calls(work)
            finally:
                await client.end_all()
                plan.run.notices += tell_stops(loops.stops)
                if not options.blocks:
                    note_lag(plan.run, lag, loops, origin=_origin_of(runner))
            if client.misfit:
                raise MisfitError(client.misfit)
    return plan.run


def _origin_of(runner: CallRunner) -> float:
    """Return when the run began, in ``perf_counter`` seconds."""
    return time.perf_counter() - runner.now()


def _make_blocking_calls(plan: Plan, runner: CallRunner) -> None:
    options, endpoint = plan.options, plan.server
    with ThreadClients(endpoint, timeout=options.timeout) as clients:
        runner.abort = clients.abort
        endpoint.warm_up(clients.get())
        _submit(plan, runner)
        try:
            with runner.first.wait(blocks=True):
                BLOCKING_STRATEGIES[options.strategy](
                    lambda call: runner.run(clients.get(), call),
                    plan.unfinished,
                    options.max_concurrency,
                )
        except BaseException:
            # Must precede closing the clients: close() neither wakes the threads that wait for
            # an answer nor shuts down their connections.
            runner.interrupt()
            raise
        if (first := runner.first).rejected:
            other = endpoint.find_address(clients.get()) if first.at_address else None
            _end_rejected_run(runner, other)


def _end_rejected_run(runner: CallRunner, other_address: str | None) -> None:
    """End a run whose first call was rejected: raise EndpointError if the cause is certain.

    If it is not, the record of the call tells it, and the run is returned.
    """
    is_certain = runner.first.is_certain(other_address)
    runner.recorder.close_rejected(finished=not is_certain)
    if is_certain:
        raise EndpointError(runner.first.explain(other_address)) from None


def _submit(plan: Plan, runner: CallRunner) -> None:
    if not runner.is_closed:  # interrupted in the warm-up: another run may be newer by now
        set_last_run(plan.run)
        runner.submit()


def _keep_run(plan: Plan) -> Run:
    """Return a run for which nothing is left to send: its journal stays as it is."""
    plan.run.journal = str(plan.options.journal)
    if not plan.resumes:
        plan.run.started_at = time.time()
    set_last_run(plan.run)
    return plan.run

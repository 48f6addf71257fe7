"""What a worker does for a run with a function of the user's: it calls that with items."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

from ...endpoint.endpoint import note_simulated
from ...endpoint.failures import Failure
from ...endpoint.function_failures import explain_error
from ...endpoint.sent_keys import known_keys_in
from ...formats.plain import plain_data_of
from ...records import Call, Run
from ...watching import RunNotes, hooks, inside
from ..functions.client import FunctionClient, MisfitError
from ..functions.exits import ends_run
from ..functions.function import Function
from ..options import MAX_SECONDS
from .orders import Called, FunctionTarget, Order, pack_own, unpack


class FunctionWork:
    """Calls the function of one run.

    Parameters
    ----------
    target
        The function.
    """

    def __init__(self, target: FunctionTarget) -> None:
        self._function = Function(
            call=unpack(target.function),
            name=target.name,
            is_async=target.is_async,
            is_chosen=target.is_chosen,
        )
        self._strategy = target.strategy
        note_simulated(target.simulated)
        self._runs: dict[int, Run] = {}
        self._open = ExitStack()

    async def __aenter__(self) -> FunctionWork:
        self._client = await FunctionClient(self._function, self._strategy).__aenter__()
        self._client.record = self._record
        self._open.enter_context(hooks())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.close()
        await self._client.__aexit__(None, None, None)

    async def do(self, order: Order, tell: Callable[[Any, Any], None]) -> Called:
        """Call the function with the item of an order; the starter keeps the time."""
        item = unpack(order.value)
        call = Call(index=order.number, custom_id="", prompt="")
        run = self._runs[order.number] = _run_of(call)
        try:
            started = time.perf_counter()
            outcome = await self._client.call(item, call, seconds=MAX_SECONDS)
        finally:
            del self._runs[order.number]
        called = Called(
            started=started,
            finished=time.perf_counter(),
            value=pack_own(None),
            failure=None,
            exit=None,
            misfit=None,
            children=call.children,
            simulated=run.simulated,
            notices=run.notices,
        )
        if outcome.error is None:
            return self._with_value(called, outcome.value)
        if isinstance(outcome.error, MisfitError):
            return called._replace(misfit=str(outcome.error))
        if ends_run(outcome.error):
            return called._replace(exit=_pack_exit(outcome.error))
        return called._replace(failure=explain_error(outcome.error))

    def _with_value(self, called: Called, value: Any) -> Called:
        """Add what the function returned; a failure if it cannot be sent to another process."""
        try:
            return called._replace(value=pack_own(value), keys=_keys_in(value))
        except Exception as error:  # noqa: BLE001  a value's own methods may raise anything
            return called._replace(
                failure=Failure(
                    "exception",
                    None,
                    True,
                    f"what {self._client.name} returned cannot be sent back from its worker "
                    f"({type(error).__name__}: {error}). Return plain data.",
                )
            )

    def _record(self, call: Call) -> AbstractContextManager[object]:
        """Record what is called within `call`, its stamps those of this process's clock."""
        return inside(call, 0.0, RunNotes(self._runs[call.index]))


def _keys_in(value: Any) -> tuple[str, ...]:
    with suppress(ValueError):  # nothing of it can be written
        return known_keys_in(plain_data_of(value))
    return ()


def _pack_exit(error: BaseException) -> bytes:
    """Return an exception's class and arguments: pickled whole it would lose what it holds."""
    try:
        return pack_own((type(error), error.args))
    except Exception:  # noqa: BLE001  arguments may be anything
        return pack_own((type(error), (str(error),)))


def _run_of(call: Call) -> Run:
    """Return a run of one call, which takes the notes of what is recorded in it."""
    return Run(
        strategy="",
        max_concurrency=1,
        stream=False,
        model="",
        base_url="",
        simulated=False,
        started_at=0.0,
        calls=[call],
    )

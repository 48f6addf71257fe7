"""`start`: a run in the background of a notebook, to watch, cancel or await."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from ..errors import LoopError
from ..records import SKIPPED, Run
from .execute import execute_in_task
from .functions.exits import function_exit
from .plan import Plan, make_plan
from .run import run
from .signature import takes_arguments_of

_running: set[asyncio.Task[Run]] = set()


class RunHandle:
    """A run under way. ``await handle`` gives the `Run`.

    Parameters
    ----------
    plan
        The run to execute, as a task of the running loop.
    """

    def __init__(self, plan: Plan) -> None:
        self._run, self._status = plan.run, plan.status
        self._task = asyncio.get_running_loop().create_task(execute_in_task(plan))
        # The loop holds tasks by weak references only: without this one the run could vanish.
        _running.add(self._task)
        self._task.add_done_callback(_running.discard)

    @property
    def progress(self) -> tuple[int, int]:
        """How many calls are finished, and of how many; cancelled ones do not count.

        Nor do rows that were passed over: they are no calls to wait for.
        """
        asked = [call for call in self._run.calls if call.error_type != SKIPPED]
        finished = sum(
            call.from_journal or (call.finished is not None and call.outcome != "cancelled")
            for call in asked
        )
        return finished, len(asked)

    @property
    def remaining(self) -> float | None:
        """The seconds that it will still take, about; None if nothing is known yet."""
        if self.done:
            return 0.0
        return self._status.remaining.seconds() if self._status.remaining else None

    @property
    def partial(self) -> Run:
        """The run's records as they are now."""
        return self._run

    @property
    def done(self) -> bool:
        """True once the run is finished, cancelled or failed."""
        return self._task.done()

    def tell(self, on_status: Callable[[str], None]) -> None:
        """Call `on_status` with what would be printed: why nothing is sent now; empty once it is.

        It may be called in another thread.
        """
        self._status.on_change = self._status.say = on_status

    def cancel(self) -> None:
        """Cancel the calls in flight and send no more; the records so far stay in `partial`."""
        if not self._task.done():  # set here, because the task may not have begun yet
            self._run.stopped = self._run.stopped or "interrupted"
        self._task.cancel()

    def __await__(self) -> Generator[Any, None, Run]:
        with function_exit():
            return (yield from self._task.__await__())

    def __repr__(self) -> str:
        finished, total = self.progress
        cancelled = sum(call.outcome == "cancelled" for call in self._run.calls)
        given_up = f", {cancelled} cancelled" if cancelled else ""
        return f"<RunHandle: {finished} of {total} calls finished{given_up}>"


@takes_arguments_of(run)
def start(*arguments: Any, **options: Any) -> RunHandle:
    """Start a run and return at once; arguments and errors as in `run`.

    No progress bar is shown unless ``progress=True``.

    Raises
    ------
    LoopError
        If no event loop runs here, as in a plain script.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise LoopError(
            "start() needs a running event loop, as in a notebook's cell or a coroutine; none runs "
            "here. Write aiml_nb.run(…) instead."
        ) from None
    return RunHandle(make_plan(*arguments, **{"progress": False, **options}))

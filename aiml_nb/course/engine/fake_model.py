"""A model to practise on: it answers after set times and remembers who asked when."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any

from ...analysis import peak_in_flight
from ...records import Call, Run
from .exercises import NotYet


class FakeModel:
    """Answers questions after set times, and keeps a record of every call.

    Parameters
    ----------
    durations
        Seconds: the first call takes the first of them, and so on; after the last, from the start.
        Or by question, for when it is not known which call begins first.

    Examples
    --------
    >>> model = FakeModel([0.02, 0.01])
    >>> async def main():
    ...     return await asyncio.gather(model.ask("Why?"), model.ask("When?"))
    >>> run_answer(main)
    ['an answer to: Why?', 'an answer to: When?']
    >>> model.finishing_order
    ['When?', 'Why?']
    """

    def __init__(self, durations: Sequence[float] | Mapping[str, float]) -> None:
        self._durations = durations
        self._origin = time.perf_counter()
        self.calls: list[Call] = []

    async def ask(self, question: str) -> str:
        """Wait as long as this call takes, and answer."""
        number = len(self.calls)
        now = time.perf_counter() - self._origin
        call = Call(
            index=number, custom_id=f"call-{number}", prompt=question, submitted=now, started=now
        )
        self.calls.append(call)
        try:
            await asyncio.sleep(self._duration(number, question))
        except asyncio.CancelledError:
            call.outcome = "cancelled"
            raise
        call.finished = time.perf_counter() - self._origin
        call.outcome, call.text = "ok", self.answer_to(question)
        return call.text

    def _duration(self, number: int, question: str) -> float:
        if isinstance(self._durations, Mapping):
            return self._durations.get(str(question), 0.0)
        return self._durations[number % len(self._durations)]

    @staticmethod
    def answer_to(question: str) -> str:
        """Return what a call with this question is answered."""
        return f"an answer to: {question}"

    @property
    def run(self) -> Run:
        """All calls as a run, for everything that looks at runs."""
        return Run(
            strategy="practice",
            max_concurrency=max(1, len(self.calls)),
            stream=False,
            model="practice",
            base_url="",
            simulated=True,
            started_at=0.0,
            calls=self.calls,
        )

    @property
    def peak_in_flight(self) -> int:
        """The most calls that were in flight at one moment."""
        return peak_in_flight(self.run)

    @property
    def finishing_order(self) -> list[str]:
        """The questions in the order in which they were answered."""
        done = [(call.finished, call.prompt) for call in self.calls if call.finished is not None]
        return [question for _, question in sorted(done)]


def run_answer(function: Callable[..., Any], *arguments: Any, limit: float = 10.0) -> Any:
    """Call what the learner wrote and wait for it, whether it is a plain or an async function.

    It runs in a thread with an event loop of its own: the notebook's loop stays as it is, patched
    or not, and what never ends does not hold the notebook.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.
    limit
        Seconds it may take.

    Raises
    ------
    NotYet
        If it takes longer.
    """
    outcome: Future[Any] = Future()

    def work() -> None:
        try:
            result = function(*arguments)
            is_async = asyncio.iscoroutine(result)
            outcome.set_result(asyncio.run(_await_quietly(result)) if is_async else result)
        except BaseException as error:  # noqa: BLE001  raised again by the one who waits
            outcome.set_exception(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        return outcome.result(timeout=limit)
    except TimeoutError:
        if outcome.done():  # the learner's own
            raise
        raise NotYet(
            f"your function had not ended after {limit:g} s. Does it wait for something that "
            "never comes, or go round a loop that never awaits?"
        ) from None
    finally:
        if not outcome.done():
            _end(thread)


async def _await_quietly(result: Coroutine[Any, Any, Any]) -> Any:
    # What is started and never awaited is for the check to tell: Python would print pages of it.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    return await result


def _end(thread: Thread) -> None:
    """Have a thread end at its next step: going round for ever, it would slow down every cell."""
    number = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))

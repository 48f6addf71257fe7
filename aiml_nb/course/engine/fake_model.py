"""`FakeModel`: a model for checks, which answers after given times and records all calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ...analysis import peak_in_flight
from ...records import WATCH, Call, Run
from .front_end import has_front_end
from .practice_run import answer_to, practice_run
from .prepared import Prepared
from .virtual_time import VirtualTimeLoop

_PATIENCE = 0.4  # seconds that a call waits for others to be in flight with it


class FakeModel:
    """Answers questions after given times, and records every call.

    Parameters
    ----------
    durations
        The seconds of the first call, the second, and so on, in a cycle; or the seconds by
        question, if it is not known which call begins first.
    statuses
        The error statuses of the first calls; later ones succeed.
    one_at_a_time
        Whether a call waits until those before it are answered.
    together
        How many blocking calls are to be in flight at once: each waits for the others before its
        own time begins, for a while. So it does not matter how quickly threads start.

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

    answer_to = staticmethod(answer_to)

    def __init__(
        self,
        durations: Sequence[float] | Mapping[str, float],
        *,
        statuses: Sequence[int] = (),
        one_at_a_time: bool = False,
        together: int = 1,
    ) -> None:
        self._durations = durations
        self._statuses = statuses
        self._gate: AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if one_at_a_time else nullcontext()
        )
        self._origin = time.perf_counter()
        # `ask_blocking` is called from several threads at once.
        self._lock = threading.Condition()
        self._together = together
        self._loop_ran = True
        self.calls: list[Call] = []
        self.loop_ran_before: list[bool] = []
        self.loops: list[asyncio.AbstractEventLoop] = []
        self._prepared = Prepared()

    def ask(self, question: str) -> Coroutine[Any, Any, str]:
        """Return a coroutine that waits as long as this call takes, and answers or fails."""
        return self._prepared.keep(self._answer(question), "ask")

    def discard_prepared(self) -> int:
        """Close the calls that were never awaited; return how many were prepared, as `Prepared`."""
        return self._prepared.discard_prepared()

    async def _answer(self, question: str) -> str:
        call = self._begin(question)
        self.loops.append(asyncio.get_running_loop())
        self.loop_ran_before.append(self._loop_ran)
        try:
            async with self._gate:
                await asyncio.sleep(self._duration(call))
        except asyncio.CancelledError:
            # A cancelled call has no finish; its outcome says why.
            call.outcome = "cancelled"
            raise
        # The callback runs as soon as the caller yields to the loop, as asyncio.sleep does and
        # time.sleep does not: so a check can tell which one a learner used between two calls.
        self._loop_ran = False
        asyncio.get_running_loop().call_soon(self._note_loop_ran)
        return self._finish(call)

    def ask_blocking(self, question: str) -> str:
        """Answer or fail as `ask` does, blocking the thread."""
        call = self._begin(question)
        with self._lock:
            self._lock.notify_all()
            if not self._lock.wait_for(lambda: len(self.calls) >= self._together, _PATIENCE):
                self._together = 1  # they do not come: the next call need not wait as well
                self._lock.notify_all()
        time.sleep(self._duration(call))
        return self._finish(call)

    @property
    def run(self) -> Run:
        """All calls as a run, for functions that take runs."""
        return practice_run(self.calls)

    def show_timeline(self) -> None:
        """Show, where there is a front end, when each call was made."""
        if self.calls and has_front_end():
            from IPython.display import display

            # A learner may have asked something that is no text.
            calls = [replace(call, prompt=str(call.prompt)) for call in self.calls]
            display(replace(practice_run(calls), strategy=WATCH))  # type: ignore[no-untyped-call]

    @property
    def peak_in_flight(self) -> int:
        """The most calls that were in flight at one moment."""
        return peak_in_flight(self.run)

    def had_idle_slots(self, limit: int) -> bool:
        """Say if fewer than `limit` calls were in flight while others were still to begin.

        For a loop of virtual time, where a call begins at the moment at which another ends.
        """
        spans = [(call.started or 0.0, call.finished or 0.0) for call in self.calls]
        last = max((begin for begin, _ in spans), default=0.0)
        return any(
            sum(begin <= now < end for begin, end in spans) < limit
            for _, now in spans
            if now < last
        )

    @property
    def finishing_order(self) -> list[str]:
        """The questions in the order in which they were answered."""
        done = [(call.finished, call.prompt) for call in self.calls if call.finished is not None]
        return [question for _, question in sorted(done, key=lambda each: each[0])]

    def _begin(self, question: str) -> Call:
        with self._lock:
            number, now = len(self.calls), self._now()
            call = Call(
                index=number,
                custom_id=f"call-{number:06}",
                prompt=question,
                submitted=now,
                started=now,
            )
            self.calls.append(call)
        return call

    def _finish(self, call: Call) -> str:
        call.finished = self._now()
        if call.index < len(self._statuses):
            call.outcome = "error"
            raise make_status_error(self._statuses[call.index])
        call.outcome, call.text = "ok", answer_to(call.prompt)
        return call.text

    def _duration(self, call: Call) -> float:
        if isinstance(self._durations, Mapping):
            return self._durations.get(str(call.prompt), 0.0)
        return self._durations[call.index % len(self._durations)]

    def _now(self) -> float:
        loop = asyncio._get_running_loop()
        if isinstance(loop, VirtualTimeLoop):
            return loop.time()
        return time.perf_counter() - self._origin

    def _note_loop_ran(self) -> None:
        self._loop_ran = True


def make_connection_error() -> Exception:
    """Make the openai client's error for a request that got no reply, which has no status."""
    from openai import APIConnectionError

    request: Any = SimpleNamespace(method="POST", url="http://127.0.0.1/v1")
    return APIConnectionError(request=request)


def make_status_error(status: int) -> Exception:
    """Make the openai client's error for a status.

    Parameters
    ----------
    status
        From 400.
    """
    import openai

    reply: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    kinds = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        422: openai.UnprocessableEntityError,
        429: openai.RateLimitError,
    }
    kind = kinds.get(status, openai.InternalServerError if status >= 500 else openai.APIStatusError)
    return kind(f"status {status} (simulated)", response=reply, body=None)

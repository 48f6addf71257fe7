"""One call of a run, from its slot to its finished record, sync and async."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..failures import Failure
from ..records import Attempt, Call
from .answer import Answer
from .plan import Plan
from .send import send, send_async

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


class Caller:
    """Makes the calls of one run and writes their records.

    Parameters
    ----------
    plan
        The run: its prompts, its place, its settings and the records to write.
    on_finished
        Is told of each call that is finished.
    """

    def __init__(self, plan: Plan, *, on_finished: Callable[[Call], None]) -> None:
        self._plan = plan
        self._calls = plan.run.calls
        self._on_finished = on_finished
        self._origin = 0.0
        self._stopped = False

    def clock(self) -> float:
        """Return the seconds since the run's origin."""
        return time.perf_counter() - self._origin

    def submit(self) -> None:
        """Set the run's origin and stamp every call as submitted, before any is sent."""
        self._plan.run.started_at = time.time()
        self._origin = time.perf_counter()
        for call in self._calls:
            call.submitted = 0.0

    def make(self, client: OpenAI, call: Call) -> None:
        """Make one call with the blocking client. A failure becomes its record."""
        if self._stopped:
            return
        attempt = self._begin(call)
        answer, failure = send(client, self._request(call, attempt), attempt, self.clock)
        self._end(call, attempt, answer, failure)

    async def make_async(self, client: AsyncOpenAI, call: Call) -> None:
        """Make one call with the async client. A failure becomes its record."""
        attempt = self._begin(call)
        answer, failure = await send_async(
            client,
            self._request(call, attempt),
            attempt,
            self.clock,
            timeout=self._plan.settings.timeout,
        )
        self._end(call, attempt, answer, failure)

    def stop(self) -> None:
        """Send nothing more; calls in flight are recorded as cancelled, perhaps billed."""
        self._stopped = True
        now = self.clock()
        for call in self._calls:
            if call.started is not None and call.finished is None:
                call.finished = now
                call.outcome = "cancelled"
                for attempt in call.attempts[-1:]:
                    attempt.finished = now
                    attempt.possibly_billed = True

    def _begin(self, call: Call) -> Attempt:
        call.started = self.clock()
        attempt = Attempt(number=len(call.attempts) + 1, started=call.started)
        call.attempts.append(attempt)
        return attempt

    def _request(self, call: Call, attempt: Attempt) -> dict[str, Any]:
        prompt = self._plan.prompts[call.index]
        request = (
            {"model": self._plan.endpoint.model}
            | self._plan.settings.parameters
            | prompt.parameters
        )
        system = request.pop("system", None)
        first = [{"role": "system", "content": system}] if system else []
        request["messages"] = first + prompt.messages
        request["stream"] = self._plan.settings.stream
        if self._plan.settings.stream:
            request.setdefault("stream_options", {"include_usage": True})
        name = f"{self._plan.run.run_id}.{call.index}.{attempt.number}"
        given = request.get("extra_headers") or {}
        request["extra_headers"] = {"X-Client-Request-Id": name, **given}
        return request

    def _end(self, call: Call, attempt: Attempt, answer: Answer, failure: Failure | None) -> None:
        if self._stopped:  # an answer that came after the stop: its record is closed
            return
        answer.fill(call)
        if failure is None:
            call.outcome, call.error = answer.judge()
        else:
            call.outcome = "timeout" if failure.error_type == "deadline" else "error"
            call.error_type = failure.error_type
            call.error = self._plan.endpoint.key.redact(failure.message)[:300]
        call.finished = attempt.finished
        self._on_finished(call)

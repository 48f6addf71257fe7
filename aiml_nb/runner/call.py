"""One call of a run, from admission to its finished record, sync and async.

`run` and `run_async` differ only in how they wait. All decisions are shared: whether to send is up
to `admission`, whether to try again to `retries.after_attempt`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from ..records import Attempt, Call
from .attempt_result import AttemptResults
from .backend import AnyRequest, backend_of
from .first_call import FirstCalls
from .limits.admission import Admission
from .limits.permit import Permit
from .pacing.clock import Clock
from .pacing.deadlines import Deadline, SharedTimer
from .plan import Plan
from .progress import Status
from .recorder import Recorder
from .remaining import Remaining
from .retries.after_attempt import NO_DELAY, AfterAttempt
from .retries.backoff import Backoff
from .retries.tries import Tries
from .send import send
from .typed_answers import TypedAnswers

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from .functions.client import FunctionClient
    from .journal import Journal


class CallRunner:
    """Makes the calls of one run and writes their records.

    Parameters
    ----------
    plan
        The run: prompts, endpoint, options and the records to write.
    on_finished
        Called with each finished call.
    clock
        The time, the sleeps and the random waits between attempts.
    journal
        Gets each attempt before it is sent, and each finished call before `on_finished`.
    status
        Shows what keeps the run from sending.

    Attributes
    ----------
    abort
        Breaks off the blocking calls in flight; set while blocking clients are open.
    ready
        Waits until somebody is there who can send an attempt; None where that is this process.
    is_closed
        The run was interrupted.
    origin
        The clock's time of the run's origin.
    first, recorder, say
        Judges the first calls; opens and closes the records; prints and keeps a notice.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        on_finished: Callable[[Call], None],
        clock: Clock | None = None,
        journal: Journal | None = None,
        status: Status | None = None,
    ) -> None:
        self._plan = plan
        self._requests, self._send_async, probe = backend_of(plan)
        self._clock = clock or Clock()
        self._on_finished = on_finished
        self.recorder = Recorder(plan, on_finished=self._finish, journal=journal, stop=self.stop)
        self._typed = TypedAnswers.of(plan, redact=self.recorder.redact_key)
        self.abort: Callable[[], None] | None = None
        self.ready: Callable[[], Awaitable[None]] | None = None
        self.origin = 0.0
        self.is_closed = False
        status = status or Status()
        self._after_attempt = AfterAttempt(plan, clock=self._clock, now=self.now, status=status)
        self.say = self._after_attempt.say
        self._admission = Admission(
            plan, now=self.now, holdups=self._after_attempt.holdups, say=self.say, probe=probe
        )
        self.remaining = Remaining(
            plan,
            now=self.now,
            limiter=self._admission.limiter,
            quotas=self._admission.quotas,
            holdups=self._after_attempt.holdups,
        )
        status.remaining = self.remaining
        self._deadlines = SharedTimer()
        self._backoff = Backoff(self._clock, self.now, self._admission.limiter)
        self.first = FirstCalls(plan, self._admission.limiter, self.now)
        self._results = AttemptResults(
            plan,
            requests=self._requests,
            admission=self._admission,
            after_attempt=self._after_attempt,
            first=self.first,
            recorder=self.recorder,
            typed=self._typed,
            now=self.now,
            stop=self.stop,
        )
        plan.run.limit_history = self._admission.limiter.history

    def _finish(self, call: Call) -> None:
        self.remaining.finish(call)
        self._on_finished(call)

    def now(self) -> float:
        """Return the seconds since the run's origin."""
        return self._clock.now() - self.origin

    def submit(self) -> None:
        """Set the run's origin and stamp every call as submitted, before any is sent."""
        self._admission.began = before = self.recorder.submit()
        self.origin = self._clock.now() - before
        self.first.begin()

    def run(self, client: OpenAI, call: Call) -> None:
        """Make one call with the blocking client. A failure becomes its record."""
        tries = Tries()
        wait: float | None = NO_DELAY
        while wait is not None:  # one turn per attempt
            if wait:
                self._backoff.wait(wait)
            permit = self._admission.admit(client, call, self._backoff.sleep)
            if permit is None:
                self._record_unsent(call)
                return
            attempt = self.recorder.begin(call, self.now())
            request = self._requests.make(call, attempt)
            if not self._journal_attempt(call, attempt, request, permit):
                return
            on_start = None if self.first.is_decided else self.first.release_others
            sent = (client, request, attempt, self.now)
            on_token = partial(self._note_first_token, call, attempt)
            outcome = send(
                *sent, timeout=permit.left, on_stream_start=on_start, on_first_token=on_token
            )
            reading = None
            if self._typed is not None:
                seconds = permit.deadline - self.now()
                reading = self._typed.read(call, attempt, *outcome, seconds=seconds)
            if self.is_closed:  # a late answer: the interrupt has closed its record
                return
            wait = self._results.record(call, attempt, request, permit, tries, *outcome, reading)

    async def run_async(self, client: AsyncOpenAI | FunctionClient, call: Call) -> None:
        """Make one call with the async client, or by a function. A failure becomes its record."""
        tries = Tries()
        wait: float | None = NO_DELAY
        while wait is not None:
            if wait:
                await self._backoff.wait_async(wait)
            if self.ready is not None:
                await self.ready()
            permit = await self._admission.admit_async(client, call, self._backoff.sleep_async)
            if permit is None:
                self._record_unsent(call)
                return
            attempt = self.recorder.begin(call, self.now())
            request = self._requests.make(call, attempt)
            if not self._journal_attempt(call, attempt, request, permit):
                return
            deadline = Deadline(self._deadlines, permit.left)
            on_start = None if self.first.is_decided else self.first.release_others
            sent = (client, request, attempt, self.now)
            on_token = partial(self._note_first_token, call, attempt)
            outcome = await self._send_async(
                *sent, deadline=deadline, on_stream_start=on_start, on_first_token=on_token
            )
            reading = None
            if self._typed is not None:
                seconds = permit.deadline - self.now()
                reading = await self._typed.read_async(call, attempt, *outcome, seconds=seconds)
            if self.is_closed:  # a late answer: the interrupt has closed its record
                return
            wait = self._results.record(call, attempt, request, permit, tries, *outcome, reading)

    def stop(self, why: str, *, for_later: bool = False) -> None:
        """Send nothing more; calls in flight may finish.

        Parameters
        ----------
        for_later
            As for `Admission.close`.
        """
        self._plan.run.stopped = self._plan.run.stopped or why  # the first reason is the cause
        # Waiting calls are let through, and each is recorded as not sent.
        self._admission.close(for_later=for_later)
        self._backoff.wake()

    def interrupt(self) -> None:
        """Send nothing more; calls in flight are recorded as cancelled, perhaps billed."""
        self.is_closed = True
        self.stop("interrupted")
        if self.abort:
            self.abort()
        self.recorder.close_interrupted(self.now())

    def _note_first_token(self, call: Call, attempt: Attempt, now: float) -> None:
        """Put a first token into the record at once: whoever draws a run in progress needs it."""
        if not self.is_closed:
            call.first_token = attempt.first_token = now

    def _journal_attempt(
        self, call: Call, attempt: Attempt, request: AnyRequest, permit: Permit
    ) -> bool:
        """Journal an attempt before it is sent; return False if that fails: then do not send.

        A request that a crash could erase from the journal might be paid twice.
        """
        error = self.recorder.journal_attempt(call, attempt, request.name)
        if error is None:
            return True
        self._admission.release(permit, call, status=None, billed=False)
        self.stop(str(error))
        self._record_unsent(call)
        return False

    def _record_unsent(self, call: Call) -> None:
        """Close the record of a call whose next attempt was not admitted."""
        if self.is_closed:
            return
        reason = self._admission.refusal(call)
        if self._plan.run.stopped:  # by `refusal`: calls that back off must not wait any longer
            self._backoff.wake()
        self.recorder.record_unsent(call, reason, now=self.now())

"""One call of a run, from its slot to its finished record, sync and async.

`make` and `make_async` differ in how they wait and in nothing else. Whether to wait, to send or to
give up is decided in between, by `admission` before an attempt and by `retry` after it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..endpoint.failures import Failure, quote
from ..errors import JournalError
from ..records import Attempt, Call
from .answer import Answer
from .first_call import FirstCalls
from .limits.admission import Admission, Ticket
from .limits.policy import AT_ONCE, Policy
from .limits.retry import Tries
from .limits.slots import lent_slot
from .pacing.clock import Clock
from .pacing.deadlines import Deadline, Deadlines
from .plan import Plan
from .progress import Status
from .requests import LEFT_OUT, Requests
from .send import Request, send, send_async

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from .journal import Journal


class Caller:
    """Makes the calls of one run and writes their records.

    Parameters
    ----------
    plan
        The run: its prompts, its place, its settings and the records to write.
    on_finished
        Is told of each call that is finished.
    clock
        Tells the time, sleeps, and draws the waits between attempts.
    journal
        Is told of each attempt before it is sent, and of each finished call first of all.
    status
        Is told what keeps the run from sending.

    Attributes
    ----------
    cut
        Breaks off the blocking calls in flight when the run is interrupted.
    is_closed
        The run was interrupted.
    first
        What the first calls say about all of them.
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
        self._requests = Requests(plan)
        self._on_finished = on_finished
        self._clock = clock or Clock()
        self._journal = journal
        self.cut: Callable[[], None] | None = None
        self._origin = 0.0
        self.is_closed = False
        self._policy = Policy(plan, clock=self._clock, now=self.now, status=status or Status())
        self._admission = Admission(
            plan, now=self.now, holdups=self._policy.holdups, say=self._policy.say
        )
        self._deadlines = Deadlines()
        self._wake = threading.Event()
        self._wake_async = asyncio.Event()
        self.first = FirstCalls(plan, self._admission.gate, self.now)
        self._turned_away: Call | None = None
        plan.run.limit_history = self._admission.gate.history

    def now(self) -> float:
        """Return the seconds since the run's origin."""
        return self._clock.now() - self._origin

    def submit(self) -> None:
        """Set the run's origin and stamp every call as submitted, before any is sent."""
        run, began = self._plan.run, time.time()
        # A run that goes on keeps its axis of time, even if the wall clock was set back since.
        known = [each.finished or each.started for call in run.calls for each in call.attempts]
        before = max([0.0, *known, began - run.started_at if run.started_at else 0.0])
        run.started_at = began - before
        self._origin = self._clock.now() - before
        self._admission.began = before
        for call in self._plan.unfinished:
            call.submitted = before
        self.first.begin()

    def make(self, client: OpenAI, call: Call) -> None:
        """Make one call with the blocking client. A failure becomes its record."""
        tries = Tries()
        wait: float | None = AT_ONCE
        while wait is not None:
            if wait:
                self._back_off(wait)
            ticket = self._admission.admit(client, call, self._sleep)
            if ticket is None:
                self._give_up(call)
                return
            attempt = self._begin(call)
            request = self._requests.make(call, attempt)
            if not self._announce(call, attempt, request, ticket):
                return
            began = None if self.first.is_over else self.first.let_in
            outcome = send(client, request, attempt, self.now, timeout=ticket.left, began=began)
            wait = self._follow_up(call, attempt, request, ticket, tries, *outcome)

    async def make_async(self, client: AsyncOpenAI, call: Call) -> None:
        """Make one call with the async client. A failure becomes its record."""
        tries = Tries()
        wait: float | None = AT_ONCE
        while wait is not None:
            if wait:
                await self._back_off_async(wait)
            ticket = await self._admission.admit_async(client, call, self._sleep_async)
            if ticket is None:
                self._give_up(call)
                return
            attempt = self._begin(call)
            request = self._requests.make(call, attempt)
            if not self._announce(call, attempt, request, ticket):
                return
            deadline = Deadline(self._deadlines, ticket.left)
            began = None if self.first.is_over else self.first.let_in
            outcome = await send_async(
                client, request, attempt, self.now, deadline=deadline, began=began
            )
            wait = self._follow_up(call, attempt, request, ticket, tries, *outcome)

    def stop(self, why: str) -> None:
        """Send nothing more; calls in flight may finish."""
        self._plan.run.stopped = self._plan.run.stopped or why
        self._admission.close()
        self._wake.set()
        self._wake_async.set()

    def interrupt(self) -> None:
        """Send nothing more; calls in flight are recorded as cancelled, perhaps billed."""
        self.is_closed = True
        self.stop("interrupted")
        if self.cut:
            self.cut()
        now = self.now()
        for call in self._plan.run.calls:
            if call.started is not None and call.finished is None:
                call.finished = now
                call.outcome = "cancelled"
                for attempt in call.attempts[-1:]:
                    attempt.possibly_billed |= attempt.finished is None
                    attempt.finished = attempt.finished or now

    def _back_off(self, wait: float) -> None:
        """Wait for the next attempt, and keep its place in flight for a part of that."""
        ends = self.now() + wait
        self._sleep(min(wait, self._admission.gate.usual))
        self._admission.gate.free()
        if (left := ends - self.now()) > 0:
            self._sleep(left)

    async def _back_off_async(self, wait: float) -> None:
        """Wait as `_back_off`; then another call may begin in place of this one, too."""
        ends = self.now() + wait
        await self._sleep_async(min(wait, self._admission.gate.usual))
        self._admission.gate.free()
        if (left := ends - self.now()) > 0 and not self._wake_async.is_set():
            with lent_slot():
                await self._sleep_async(left)

    def _sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds, self._wake)

    async def _sleep_async(self, seconds: float) -> None:
        await self._clock.sleep_async(seconds, self._wake_async)

    def _begin(self, call: Call) -> Attempt:
        now = self.now()
        attempt = Attempt(number=len(call.attempts) + 1, started=now)
        if call.started is None:
            call.started = now
        else:
            attempt.backoff_time = now - (call.attempts[-1].finished or now)
        call.attempts.append(attempt)
        return attempt

    def _announce(self, call: Call, attempt: Attempt, request: Request, ticket: Ticket) -> bool:
        """Tell the journal before anything is sent; what cannot be noted is not sent."""
        if self._journal is None:
            return True
        try:
            self._journal.note_sent(call, attempt, request.name)
        except JournalError as error:
            call.attempts.pop()
            if call.started == attempt.started:
                call.started = None
            self._admission.leave(ticket, call, status=None, billed=False)
            self.stop(str(error))
            self._give_up(call)
            return False
        return True

    def _follow_up(
        self,
        call: Call,
        attempt: Attempt,
        request: Request,
        ticket: Ticket,
        tries: Tries,
        answer: Answer,
        failure: Failure | None,
    ) -> float | None:
        """Write down what an attempt came to; return the wait before the next, None for none."""
        if self.is_closed:  # an answer that came after the interrupt: its record is closed
            return None
        self._take_out_key(answer, attempt)
        answer.fill(call)
        if failure is None:
            self._admission.leave(ticket, call, status=200, billed=True, answered=True)
            self._policy.note_answer(sent=ticket.admitted)
            if not self.first.is_over:
                self.first.note_answer(call.index)
            words = answer.verdict.words
            call.outcome, call.error_type = answer.verdict.outcome, None
            call.error = words and quote(words, self._plan.endpoint.key)
            self._finish(call)
            return None
        if answer.first_token is None and self._requests.learn(failure, request):
            self._policy.say("left out", LEFT_OUT)
            self._admission.gate.keep_for(call.index)  # it may be alone still
            self._admission.leave(ticket, call, status=failure.status, billed=False)
            call.error_type, call.error = failure.error_type, LEFT_OUT
            return AT_ONCE
        verdict = self._policy.judge(
            failure,
            tries,
            sent=ticket.admitted,
            left=ticket.deadline - self.now(),
            in_flight=self._admission.gate.in_flight - 1,
            streamed=answer.first_token is not None,
        )
        billed, stays = attempt.possibly_billed, bool(verdict.wait)
        self._admission.leave(ticket, call, status=failure.status, billed=billed, stays=stays)
        message = quote(failure.message, self._plan.endpoint.key)
        call.error_type = failure.error_type
        call.error = f"{message} ({verdict.remark})" if verdict.remark else message
        if not self.first.is_over:
            self._judge_first(call, failure, is_last=verdict.wait is None)
            if self.first.turned_away:
                return None
        if verdict.stops_run:
            self.stop(f"{failure.error_type}: {message}")
        if verdict.wait is None:
            call.outcome = "timeout" if failure.error_type == "deadline" else "error"
            self._finish(call)
        return verdict.wait

    def _judge_first(self, call: Call, failure: Failure, *, is_last: bool) -> None:
        """Stop the run if one of its first calls has failed as all would."""
        why = self.first.judge(failure, call.index, is_last=is_last)
        if why:
            self.stop(why)
        if self.first.turned_away:
            self._turned_away, call.outcome = call, "error"

    def close_first(self, *, finished: bool) -> None:
        """Close the record of the first call, which was refused as all would be.

        Parameters
        ----------
        finished
            False leaves it to be sent again by a run that goes on.
        """
        call = self._turned_away
        if call is not None and finished:
            self._finish(call)
        elif call is not None:
            self._note_finished(call)
            self._on_finished(call)

    def _take_out_key(self, answer: Answer, attempt: Attempt) -> None:
        """Redact a key that the server sent back."""
        key = self._plan.endpoint.key
        if answer.raw is None or key.may_be_in(answer.raw):
            answer.body = key.redact_all(answer.body)
        attempt.request_id = attempt.request_id and key.redact(attempt.request_id)

    def _give_up(self, call: Call) -> None:
        """Close the record of a call whose next attempt is not to be sent."""
        if self.is_closed:
            return
        reason = self._admission.refusal(call)
        if self._plan.run.stopped:
            self._wake.set()
            self._wake_async.set()
        if call.started is not None and reason.is_for_later:
            # No record of it goes to the journal: a run that goes on sends it again.
            call.outcome, call.finished = "cancelled", self.now()
            call.error = f"{call.error} ({reason.message})"
        elif call.started is not None:
            call.outcome = "timeout" if reason.error_type == "deadline" else "error"
            call.error = f"{call.error} ({reason.message})"
            call.finished = self.now()
            self._finish(call, at=call.finished)
        else:
            call.error_type, call.error = reason.error_type, reason.message
            self._on_finished(call)

    def _finish(self, call: Call, *, at: float | None = None) -> None:
        call.finished = call.attempts[-1].finished if at is None else at
        self._note_finished(call)
        self._on_finished(call)

    def _note_finished(self, call: Call) -> None:
        if self._journal is not None:
            try:
                own = self._plan.prompts[call.index].parameters
                self._journal.note_finished(call, known=own)
            except JournalError as error:
                self.stop(str(error))

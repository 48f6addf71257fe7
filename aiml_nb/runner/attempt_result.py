"""What an attempt came to: its record, and whether the call is tried again."""

from __future__ import annotations

from collections.abc import Callable

from ..endpoint.failures import Failure, quote
from ..records import Attempt, Call
from .backend import AnyAnswer, AnyRequest, MakesRequests
from .first_call import FirstCalls
from .limits.admission import Admission
from .limits.permit import Permit
from .plan import Plan
from .recorder import Recorder
from .requests import STREAM_OPTIONS_OMITTED
from .retries.after_attempt import NO_DELAY, AfterAttempt
from .retries.tries import Tries
from .typed_answers import Reading, TypedAnswers, keep_usage


class AttemptResults:
    """Records what attempts come to, and decides with the run's policy whether to try again.

    Parameters
    ----------
    plan
        The run.
    requests, admission, after_attempt, first, recorder, typed
        The parts of the run's `call.CallRunner`; `typed` is None where any text will do.
    now
        Returns the seconds since the run's origin.
    stop
        Stops the run for the given reason.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        requests: MakesRequests,
        admission: Admission,
        after_attempt: AfterAttempt,
        first: FirstCalls,
        recorder: Recorder,
        typed: TypedAnswers | None,
        now: Callable[[], float],
        stop: Callable[[str], None],
    ) -> None:
        self._key = plan.endpoint.key
        self._requests, self._admission, self._after_attempt = requests, admission, after_attempt
        self._first, self._recorder, self._typed = first, recorder, typed
        self._now, self._stop = now, stop

    def record(
        self,
        call: Call,
        attempt: Attempt,
        request: AnyRequest,
        permit: Permit,
        tries: Tries,
        answer: AnyAnswer,
        failure: Failure | None,
        reading: Reading | None,
    ) -> float | None:
        """Record the result of an attempt; return the wait before the next, None for none."""
        self._recorder.redact_key(answer, attempt)
        if tries.invalid:
            keep_usage(call, call)
        answer.fill(call)
        if failure is None:
            self._admission.release(permit, call, status=200, billed=True, answered=True)
            self._after_attempt.note_answer(sent=permit.admitted)
            if not self._first.is_decided:
                self._first.note_answer(call.index)
            return self._record_answer(call, attempt, tries, answer, reading)
        if answer.first_token is None and self._requests.drop_rejected_option(failure, request):
            self._after_attempt.say("left out", STREAM_OPTIONS_OMITTED)
            # If it is the first call, its second attempt goes alone, too.
            self._admission.limiter.reserve_slot_for(call.index)
            self._admission.release(permit, call, status=failure.status, billed=False)
            call.error_type, call.error = failure.error_type, STREAM_OPTIONS_OMITTED
            return NO_DELAY
        verdict = self._after_attempt.judge(
            failure,
            tries,
            sent=permit.admitted,
            left=permit.deadline - self._now(),
            in_flight=self._admission.limiter.in_flight - 1,  # without this one
            streamed=answer.first_token is not None,
        )
        billed, delays_release = attempt.possibly_billed, bool(verdict.wait)
        self._admission.release(
            permit, call, status=failure.status, billed=billed, delays_release=delays_release
        )
        message = quote(failure.message, self._key)
        call.error_type = failure.error_type
        call.error = f"{message} ({verdict.remark})" if verdict.remark else message
        if not self._first.is_decided:
            self._judge_first(call, failure, is_last=verdict.wait is None)
            if self._first.rejected:
                return None
        if verdict.stops_run:
            self._stop(f"{failure.error_type}: {message}")
        if verdict.wait is None:
            call.outcome = "timeout" if failure.error_type == "deadline" else "error"
            self._recorder.finish(call)
        return verdict.wait

    def _record_answer(
        self,
        call: Call,
        attempt: Attempt,
        tries: Tries,
        answer: AnyAnswer,
        reading: Reading | None,
    ) -> float | None:
        """Record a whole answer; one that is not what was asked for may be asked for again."""
        words = answer.verdict.words
        call.outcome, call.error_type = answer.verdict.outcome, None
        call.error = words and quote(words, self._key)
        if reading is not None and self._typed is not None:
            call.result = reading.value
            if reading.problem is not None:
                if self._typed.judge(call, attempt, tries, reading.problem):
                    return NO_DELAY
                call.outcome = "error"
        self._recorder.finish(call)
        return None

    def _judge_first(self, call: Call, failure: Failure, *, is_last: bool) -> None:
        """Stop the run if one of its first calls has failed in a way that every call would."""
        why = self._first.judge(failure, call.index, is_last=is_last)
        if why:
            self._stop(why)
        if self._first.rejected:
            self._recorder.rejected, call.outcome = call, "error"

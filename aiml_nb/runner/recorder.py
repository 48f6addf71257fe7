"""The record of a call, from its first attempt until it is closed and in the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import JournalError
from ..records import Attempt, Call
from .answer import Answer
from .limits.admission import Refusal
from .plan import Plan

if TYPE_CHECKING:
    from .journal import Journal


class Recorder:
    """Opens and closes the records of one run's calls.

    Parameters
    ----------
    plan
        The run.
    on_finished
        Is told of each call that is finished.
    journal
        Is told of it first of all.
    stop
        Stops the run, for a reason in words: what cannot be journaled is the last.

    Attributes
    ----------
    rejected
        The first call, if it was refused as all would be: its record is still open.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        on_finished: Callable[[Call], None],
        journal: Journal | None,
        stop: Callable[[str], None],
    ) -> None:
        self._plan, self._on_finished, self._journal, self._stop = plan, on_finished, journal, stop
        self.rejected: Call | None = None

    def begin(self, call: Call, now: float) -> Attempt:
        """Open the record of an attempt."""
        attempt = Attempt(number=len(call.attempts) + 1, started=now)
        if call.started is None:
            call.started = now
        else:
            attempt.backoff_time = now - (call.attempts[-1].finished or now)
        call.attempts.append(attempt)
        return attempt

    def redact_key(self, answer: Answer, attempt: Attempt) -> None:
        """Redact a key that the server sent back."""
        key = self._plan.endpoint.key
        if answer.raw is None or key.may_be_in(answer.raw):
            answer.body = key.redact_all(answer.body)
        attempt.request_id = attempt.request_id and key.redact(attempt.request_id)

    def finish(self, call: Call, *, at: float | None = None) -> None:
        """Close the record of a call that was sent, by default as its last attempt ended."""
        call.finished = call.attempts[-1].finished if at is None else at
        self._note_finished(call)
        self._on_finished(call)

    def _note_finished(self, call: Call) -> None:
        if self._journal is not None:
            try:
                own = self._plan.prompts[call.index].parameters
                self._journal.note_finished(call, known=own)
            except JournalError as error:
                self._stop(str(error))

    def close_rejected(self, *, finished: bool) -> None:
        """Close the record of the first call, which was refused as all would be.

        Parameters
        ----------
        finished
            False leaves it to be sent again by a run that goes on.
        """
        call = self.rejected
        if call is not None and finished:
            self.finish(call)
        elif call is not None:
            self._note_finished(call)
            self._on_finished(call)

    def record_unsent(self, call: Call, reason: Refusal, *, now: float) -> None:
        """Close the record of a call whose next attempt is not to be sent, for a `reason`."""
        if call.started is not None and reason.is_for_later:
            # No record of it goes to the journal: a run that goes on sends it again.
            call.outcome, call.finished = "cancelled", now
            call.error = f"{call.error} ({reason.message})"
        elif call.started is not None:
            call.outcome = "timeout" if reason.error_type == "deadline" else "error"
            call.error = f"{call.error} ({reason.message})"
            call.finished = now
            self.finish(call, at=call.finished)
        else:
            call.error_type, call.error = reason.error_type, reason.message
            self._on_finished(call)

    def close_interrupted(self, now: float) -> None:
        """Close the records of the calls in flight: cancelled, perhaps billed."""
        for call in self._plan.run.calls:
            if call.started is not None and call.finished is None:
                call.finished = now
                call.outcome = "cancelled"
                for attempt in call.attempts[-1:]:
                    attempt.possibly_billed |= attempt.finished is None
                    attempt.finished = attempt.finished or now

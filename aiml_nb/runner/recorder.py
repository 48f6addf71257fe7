"""The record of a call: opened with its first attempt, closed and journaled with its last."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import JournalError
from ..formats.plain import shown_in, without_keys
from ..prompts.prompt import shorten
from ..records import Attempt, Call
from .backend import AnyAnswer
from .limits.permit import Refusal
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
        Called with each finished call.
    journal
        Gets the call before that.
    stop
        Stops the run for the given reason: after a failed journal write nothing more is sent.

    Attributes
    ----------
    rejected
        The first call, if it failed in a way that every call would: its record is still open.
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
        self._has_shown = False

    def begin(self, call: Call, now: float) -> Attempt:
        """Open the record of an attempt."""
        attempt = Attempt(number=len(call.attempts) + 1, started=now)
        if call.started is None:
            call.started = now
        else:
            attempt.backoff_time = now - (call.attempts[-1].finished or now)
            call.first_token = None  # that of the attempt before
        # Nearly always the only one: `append`, or a star, would make room for four.
        call.attempts = call.attempts + [attempt]  # noqa: RUF005
        return attempt

    def submit(self) -> float:
        """Stamp every call as submitted; return the stamp, in seconds since the run's origin."""
        run, began = self._plan.run, time.time()
        # A resumed run keeps its time axis: new stamps must follow the journal's even if the wall
        # clock was set back since.
        resumed = run.calls if run.started_at else ()
        known = [each.finished or each.started for call in resumed for each in call.attempts]
        before = max([0.0, *known, began - run.started_at if run.started_at else 0.0])
        run.started_at = began - before
        for call in self._plan.unfinished:
            call.submitted = before
        return before

    def journal_attempt(self, call: Call, attempt: Attempt, name: str) -> JournalError | None:
        """Journal an attempt; return what prevents it, and then its record shows no attempt."""
        try:
            if self._journal is not None:
                self._journal.note_sent(call, attempt, name)
        except JournalError as error:
            call.attempts = call.attempts[:-1]
            call.first_token = call.attempts[-1].first_token if call.attempts else None
            if call.started == attempt.started:
                call.started = None
            return error
        return None

    def redact_key(self, answer: AnyAnswer, attempt: Attempt) -> None:
        """Redact the API key where the server echoed it."""
        # `raw` is a quick filter: a walk through every answer's JSON would take longer.
        key = self._plan.endpoint.key
        if answer.raw is None or key.may_be_in(answer.raw):
            answer.body = key.redact_all(answer.body)
        attempt.request_id = attempt.request_id and key.redact(attempt.request_id)

    def finish(self, call: Call, *, at: float | None = None) -> None:
        """Close the record of a call that was sent, by default at its last attempt's end."""
        call.finished = call.attempts[-1].finished if at is None else at
        self._note_finished(call)
        self._on_finished(call)

    def _note_finished(self, call: Call) -> None:
        if self._journal is not None:
            if call.result is not None:
                self._explain_loss(call)
            try:
                own, texts = self._plan.prompts[call.index].parameters, self._plan.texts
                simulated = self._plan.run.simulated
                place = self._journal.note_finished(call, known=own, simulated=simulated)
                if texts is not None:
                    texts.put_away(call, place)
            except JournalError as error:
                self._stop(str(error))

    def close_rejected(self, *, finished: bool) -> None:
        """Close the record of the first call, which failed in a way that every call would.

        Parameters
        ----------
        finished
            False leaves it unfinished, so that a resumed run sends it again.
        """
        call = self.rejected
        if call is not None and finished:
            self.finish(call)
        elif call is not None:
            self._note_finished(call)
            self._on_finished(call)

    def record_unsent(self, call: Call, reason: Refusal, *, now: float) -> None:
        """Close the record of a call whose next attempt was not admitted, for a `reason`."""
        if call.started is not None and reason.is_for_later:
            # It has no line in the journal, so a resumed run sends it again.
            call.outcome, call.finished = "cancelled", now
            call.error = f"{call.error} (" + reason.message + ")"
        elif call.started is not None:
            # Its failed attempts stand in the record, so the reason is added to their error.
            call.outcome = "timeout" if reason.error_type == "deadline" else "error"
            call.error = f"{call.error} (" + reason.message + ")"
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
                for attempt in call.attempts[-1:]:  # it may be on its way at the server
                    attempt.possibly_billed |= attempt.finished is None
                    attempt.finished = attempt.finished or now

    def _explain_loss(self, call: Call) -> None:
        """Say if the journal cannot hold what a function returned, or only how Python shows it."""
        try:
            shown = shown_in(call.result)
        except ValueError as error:
            call.error = (
                f"The journal does not hold what came of {call.custom_id}: {error}. It is in "
                "`result` of this run alone; return what JSON can hold."
            )
            return
        if shown is not None and not self._has_shown:
            self._has_shown = True
            self._plan.run.notices.append(
                f"Of what {self._plan.run.model} returned the journal holds only how Python shows "
                f"it: {shorten(without_keys(shown))} in {call.custom_id}. Return plain data, such "
                "as a dictionary, if the run is to be gone on with."
            )

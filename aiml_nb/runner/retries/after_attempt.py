"""Decide what follows from an attempt: for its own call (`retry_policy`) and for all (`holdups`).

Which failures are tried again, how often and when: `retry_policy`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from ...endpoint.failures import Failure
from ...messages import argument
from ..pacing.clock import Clock
from ..plan import Plan, make_retries
from ..progress import Status
from .holdups import Holdups
from .outage import LOST
from .retry_policy import REFUSED_TOO_OFTEN, USED_UP
from .tries import Tries, Verdict

NO_DELAY = 0.0  # try again as soon as admission allows


class AfterAttempt:
    """Judges the attempts of one run.

    Parameters
    ----------
    plan
        The run; its record gets the notices.
    clock
        Draws the random waits.
    now
        Returns the seconds since the run's origin.
    status
        Shows what all calls wait for.
    """

    def __init__(
        self, plan: Plan, *, clock: Clock, now: Callable[[], float], status: Status
    ) -> None:
        options = plan.options
        self._plan, self._now, self._status = plan, now, status
        self._notices: dict[str, str] = {}
        self._lock = threading.Lock()
        self.retries = make_retries(plan, clock)
        self.holdups = Holdups(
            in_flight=options.max_concurrency,
            max_outage=options.outage,
            draw=clock.draw,
            status=status,
        )

    def note_answer(self, *, sent: float) -> None:
        """Note that an attempt sent at `sent` was answered."""
        with self._lock:
            self._note_reply(sent=sent, is_good=True)
            self.retries.note_answer()

    def say(self, kind: str, text: str) -> None:
        """Add a notice to the run: the first of each kind is shown, the newest is kept."""
        with self._lock:
            self._say(kind, text)

    def judge(
        self,
        failure: Failure,
        tries: Tries,
        *,
        sent: float,
        left: float,
        in_flight: int,
        streamed: bool,
    ) -> Verdict:
        """Return what follows from a failure; `NO_DELAY` if all calls wait, by `holdups`.

        Parameters
        ----------
        tries, left, streamed
            As for `Retries.judge`.
        sent
            When the attempt was sent.
        in_flight
            The other attempts in flight.
        """
        with self._lock:
            now = self._now()
            is_away = self.holdups.note_loss(failure, now, in_flight=in_flight)
            # Any reply but a gateway's shows that the server is there.
            if failure.status is not None and failure.error_type not in LOST:
                self._note_reply(sent=sent, is_good=False)
            refused = failure.error_type == "429"
            mostly_refused = refused and self.holdups.note_429(sent=sent)
            verdict = self.retries.judge(
                failure,
                tries,
                streamed=streamed,
                left=left,
                is_away=is_away,
                mostly_refused=mostly_refused,
            )
            if end := _explain_end(verdict.remark, self._plan.options.retry_share):
                self._say(verdict.remark, end)
            all_wait = is_away
            if verdict.pause and not is_away:
                all_wait = self.holdups.pause(now, verdict.pause, sent=sent)
            elif refused and not verdict.stops_run:
                all_wait = self.holdups.pause_if_burst(now, self.retries.draw_pause, sent=sent)
            # The pause replaces the call's own wait: it queues now and keeps its priority.
            return replace(verdict, wait=NO_DELAY) if all_wait and verdict.wait else verdict

    def _note_reply(self, *, sent: float, is_good: bool) -> None:
        said = self.holdups.note_reply(self._now(), sent=sent, is_good=is_good)
        if said:
            self._keep("outage", said)

    def _say(self, kind: str, text: str) -> None:
        if kind not in self._notices:
            self._status.say(self._plan.speak(text))
        self._keep(kind, text)

    def _keep(self, kind: str, text: str) -> None:
        self._notices[kind] = text
        self._plan.run.notices[:] = self._notices.values()


def _explain_end(remark: str, retry_share: float) -> str:
    """Say what the end of the retries means for the run; empty if none has come to it."""
    again = argument("retry_failed", True)
    if remark == USED_UP:
        return (
            "More calls failed than "
            + argument("retry_share", f"{retry_share:g}")
            + " allows retries for: some were not tried again. Send them again with "
            + again
            + "."
        )
    if remark == REFUSED_TOO_OFTEN:
        return (
            "The server refused calls (429) more often than there are retries for: some were not "
            "tried again. Send them with "
            + again
            + " and a smaller "
            + argument("max_concurrency")
            + "."
        )
    return ""

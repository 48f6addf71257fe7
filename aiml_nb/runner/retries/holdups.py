"""What keeps all calls from being sent, pauses and outages in one, and how they start again."""

from __future__ import annotations

from collections.abc import Callable

from ...endpoint.failures import Failure
from ...messages import Message, argument
from ..progress import Status
from .outage import Outage, ProbeResult
from .pauses import Pauses, Refusals, RetryAfterEvidence

PROBE = -1.0  # returned in place of a wait: probe the server first


class Holdups:
    """The pause, or the outage, of one run.

    Parameters
    ----------
    in_flight
        The most calls in flight.
    max_outage
        Seconds that the server may be away.
    draw
        Returns a random number between 0 and the given one.
    status
        Shows what all calls wait for.

    Attributes
    ----------
    is_on
        True while a call may have to wait: else `wait` need not be called (the fast path).
    on_resume
        Called with the time when calls are sent again after a pause.
    """

    def __init__(
        self, *, in_flight: int, max_outage: float, draw: Callable[[float], float], status: Status
    ) -> None:
        self.is_on = False
        self.on_resume: Callable[[float], None] = lambda now: None
        self._is_paused = False
        self._pauses = Pauses()
        self._refusals = Refusals(in_flight)
        self._evidence = RetryAfterEvidence()
        self._outage = Outage(max_outage, draw)
        self._status = status
        self._n_outages, self._outage_seconds = 0, 0.0

    @property
    def paused_until(self) -> float:
        """When the last pause ends, or ended."""
        return self._pauses.ends

    @property
    def is_asked_for(self) -> bool:
        """True if the server has asked for the last pause."""
        return self._pauses.is_asked_for

    @property
    def is_away(self) -> bool:
        """True while the server is away, or is being probed."""
        return self._outage.is_blocking

    def wait(self, now: float) -> float:
        """Return the seconds until a call may be sent, 0 for now, or `PROBE`; show the reason."""
        if self._outage.is_blocking:
            self._status.set(self._outage.describe(now))
            return self._outage.wait(now) or PROBE
        wait = self._pauses.wait(now)
        self._status.set(self._pauses.describe(now))
        if self._is_paused and now >= self._pauses.ends:
            self._is_paused = False
            self.on_resume(now)
        return wait

    def note_sent(self, limit: int) -> None:
        """Count a sent attempt; `limit` is how many may be in flight."""
        self._refusals.sent += 1
        if self.is_on:
            self._pauses.take(limit)
            self.is_on = self._pauses.is_on or self._outage.is_blocking

    def note_429(self, *, sent: float) -> bool:
        """Count a 429; return True if most of the last requests were refused.

        Parameters
        ----------
        sent
            When its attempt was sent.
        """
        self._evidence.note_429(sent)
        if sent >= self._pauses.began:  # else it belongs to the burst that caused the pause
            self._refusals.note()
        return self._refusals.is_burst(fewest=1)

    def pause(self, now: float, seconds: float, *, sent: float) -> bool:
        """Pause all calls for the `seconds` of a Retry-After; return False if none is needed.

        None is needed once it has shown that a Retry-After is about its own call only.
        """
        if self._refusals.is_burst():  # many are refused: the evidence no longer holds
            self._evidence.reset()
        if self._evidence.concerns_one_call:
            return False
        # Within a pause the evidence of the first 429 counts: later ones belong to the same burst.
        if now >= self._pauses.ends:
            self._evidence.note_pause(now, sent)
        self._begin_pause(now, seconds, sent, asked_for=True)
        return True

    def pause_if_burst(
        self, now: float, draw_pause: Callable[[int], float], *, sent: float
    ) -> bool:
        """Pause all calls if a 429 without Retry-After is one of many; return True if so.

        Parameters
        ----------
        draw_pause
            Returns the seconds of the pause, given the number of such pauses in a row.
        """
        if sent < self._pauses.began:  # it belongs to the burst that caused the pause
            return now < self._pauses.ends
        # After such a pause, one refusal among the first requests is evidence enough.
        if not self._refusals.is_burst(*([1] if self._pauses.bursts else [])):
            return False
        self._pauses.bursts += 1
        self._begin_pause(now, draw_pause(self._pauses.bursts), sent, asked_for=False)
        self._refusals.reset()
        return True

    def _begin_pause(self, now: float, seconds: float, sent: float, *, asked_for: bool) -> None:
        self._pauses.begin(now, seconds, asked_for=asked_for, took=now - sent)
        self.is_on = self._is_paused = True

    def note_loss(self, failure: Failure, now: float, *, in_flight: int) -> bool:
        """Note a failed attempt; return True if it failed because the server is away."""
        is_away = self._outage.note_loss(failure, now=now, in_flight=in_flight)
        self.is_on |= self._outage.is_blocking
        return is_away

    def note_reply(self, now: float, *, sent: float, is_good: bool) -> str:
        """Note a reply to an attempt; return a notice if it ends an outage, else nothing."""
        if is_good:
            self._evidence.note_answer(sent)
            if self._pauses.bursts and sent >= self._pauses.ends:
                self._pauses.bursts = 0
        if not self._outage.note_reply(sent):
            return ""
        self._n_outages += 1
        self._outage_seconds += self._outage.lasted(now)
        times = "" if self._n_outages == 1 else f"{self._n_outages} times, in all "
        return f"The server was away {times}for {self._outage_seconds:.1f} s."

    def note_probe(self, now: float, found: ProbeResult) -> None:
        """Note the result of a probe; if the server is there, calls start slowly."""
        self._outage.note_probe(now, found)
        if not self._outage.is_blocking:
            self._pauses.begin_ramp(now)

    def find_end(self, now: float) -> str:
        """Return why the run must be given up; empty if it need not."""
        if not self._outage.is_too_long(now):
            return ""
        return (
            f"the server was away for {self._outage.lasted(now):.0f} s, and "
            + argument("outage", f"{self._outage.max_outage:g}")
            + " waits no longer. "
            + Message("Go on once it is back, with resume()", "Add --resume once it is back")
        )

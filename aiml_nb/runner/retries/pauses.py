"""Pauses of a whole run: after a Retry-After, or when most requests are refused with a 429.

A 429 may be about one request, about too many in flight, or about a quota of this minute. One with
a Retry-After is taken to be about all requests, so all of them wait. Whether that was right shows
in the requests that were sent between the refused one and its reply: once `MIN_ANSWERED` of them
have been answered, and few refused, a later Retry-After delays its own call only, until there are
many again.

A 429 without a Retry-After delays its own call only: pausing everything for a server that refuses
one request in ten at random would leave it idle most of the time. Only if at least half of the last
requests were refused do all calls wait. The window is about twice as many requests as may be in
flight, between `MIN_WINDOW` and `MAX_WINDOW`: of 100 requests, each refused with probability 0.3,
half or more are refused once in 70,000 times. The window counts requests and not replies, because a
refusal is immediate and an answer takes long: of 50 requests sent in one moment the first ten
replies are the refusals, however few they are.

After a pause the calls start in waves: `FIRST_WAVE` of them, then twice as many every two refusal
round trips, for as long as none of them is refused.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

BURST = 0.5  # the share of refusals in the window that pauses all calls
MIN_WINDOW, MAX_WINDOW = 10, 100  # requests
FIRST_WAVE = 4  # calls
MAX_WAVES = 20  # at once: 2 to this power is a million calls, more than any run sends
MIN_STEP, MAX_STEP = 0.05, 0.5  # seconds between two waves
MIN_ANSWERED = 3  # requests
ANSWERED_PER_REFUSAL = 4


class Refusals:
    """Counts the refusals among the last requests.

    Parameters
    ----------
    in_flight
        The most requests in flight.
    """

    def __init__(self, in_flight: int) -> None:
        self.sent = 0
        self._window = min(max(2 * MIN_WINDOW, 2 * in_flight), MAX_WINDOW)
        self._refused: deque[int] = deque()  # for each refusal, how many had been sent by then
        self._since = 0

    def note(self) -> None:
        """Count a refusal."""
        self._refused.append(self.sent)

    def reset(self) -> None:
        """Begin a new window."""
        self._refused.clear()
        self._since = self.sent

    def is_burst(self, fewest: int = MIN_WINDOW) -> bool:
        """Return True if at least half of the last requests (`fewest` or more) were refused."""
        last = min(self._window, self.sent - self._since)
        while self._refused and self._refused[0] <= self.sent - last:
            self._refused.popleft()
        return last >= fewest and len(self._refused) >= BURST * last


class RetryAfterEvidence:
    """Evidence on whether a Retry-After is about all calls or only about the refused one.

    It comes from the requests that were on their way when the pause began: sent after the refused
    one, and before its 429 arrived.
    """

    def __init__(self) -> None:
        self._sent, self._refused_at = math.inf, -math.inf
        self._answered = self._refused = 0

    @property
    def concerns_one_call(self) -> bool:
        """True if most of those requests were answered: a Retry-After is about its own call."""
        return (
            self._answered >= MIN_ANSWERED and self._answered > ANSWERED_PER_REFUSAL * self._refused
        )

    def note_pause(self, now: float, sent: float) -> None:
        """Note that the 429 to a request sent at `sent` begins a pause of all calls."""
        self._sent, self._refused_at = sent, now

    def note_answer(self, sent: float) -> None:
        """Note an answered request."""
        self._answered += self._sent < sent <= self._refused_at

    def note_429(self, sent: float) -> None:
        """Note a refused request."""
        self._refused += self._sent < sent <= self._refused_at

    def reset(self) -> None:
        """Forget the evidence: a Retry-After is taken to be about all calls again."""
        self._answered = self._refused = 0


@dataclass(slots=True)
class Pauses:
    """The current pause of all calls, and the waves in which calls start after it.

    Attributes
    ----------
    is_on
        True while a call may have to wait.
    began, ends
        Of the last pause, in seconds since the run's origin.
    is_asked_for
        The server has asked for the last pause.
    bursts
        How many pauses without a Retry-After have come in a row.
    """

    is_on: bool = False
    began: float = -1.0
    ends: float = -1.0
    bursts: int = 0
    is_asked_for: bool = False
    _wave: float = field(default=math.inf)
    _left: float = field(default=math.inf)
    _next: float = field(default=math.inf)
    _step: float = 0.1

    def begin(self, now: float, seconds: float, *, asked_for: bool, took: float) -> None:
        """Pause all calls for `seconds`, unless the current pause ends later.

        Parameters
        ----------
        asked_for
            The server asked for it, with a Retry-After.
        took
            Seconds from the request to its refusal, which set the interval of the waves.
        """
        self._step = min(max(MIN_STEP, 2 * took), MAX_STEP)
        if now >= self.ends:
            self.began, self.is_asked_for = now, asked_for
        if now + seconds > self.ends:
            self.ends, self.is_asked_for = now + seconds, asked_for
        self._begin_waves(FIRST_WAVE if self.is_asked_for else math.inf, self.ends)

    def begin_ramp(self, now: float) -> None:
        """Send one call now, then two, and so on."""
        self._begin_waves(1, now)

    def _begin_waves(self, first: float, at: float) -> None:
        self._wave = self._left = first
        self._next, self.is_on = at + self._step, True

    def wait(self, now: float) -> float:
        """Return the seconds until the next call may be sent; 0 if it may now."""
        if now < self.ends:
            return self.ends - now
        if now >= self._next:
            # No call may have asked for a long time; the bound keeps the power finite.
            waves = min((now - self._next) // self._step + 1, MAX_WAVES)
            self._wave *= 2.0**waves
            self._left, self._next = self._wave, now + self._step
        return 0.0 if self._left > 0 else self._next - now

    def take(self, limit: int) -> None:
        """Count a sent call; the waves are over once one of them reaches `limit`."""
        self._left -= 1
        if self._wave >= limit:
            self.is_on = False

    def describe(self, now: float) -> str:
        """Return the status text of the pause; empty if it is over."""
        if now >= self.ends:
            return ""
        whole, left = math.ceil(self.ends - self.began), math.ceil(self.ends - now)
        why = "by the server" if self.is_asked_for else "after many 429s"
        return f"paused for {whole} s {why}, {left} s left"

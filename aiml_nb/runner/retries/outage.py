"""A server that is away: all calls wait, and one probe at a time looks whether it is back.

An outage is suspected when a connection is refused; behind a gateway that still answers, when at
least `MIN_LOST` attempts in a row, and half as many as are in flight, are reset or end in a 502,
503 or 504 (or Cloudflare's 521 to 523) with no other reply in between. One such failure among
answers means nothing and a few in a row little more, so the suspicion is confirmed by a probe:
sending stops, and one of the waiting calls asks the server for its list of models, which costs
nothing, starts no call and is in no journal. Its result decides:

- No connection: the server is away. The next probe follows after waits that double up to a second,
  so that little time is lost once it is back.
- A lost reply, as the calls had: the same. But some servers have no such list, so after 5 s, and
  each time the outage has lasted twice as long, one call is sent and shows whether the server is
  back.
- Any other reply: the server is there. Calls are sent again, one, then two, and so on; a failure of
  theirs is judged as usual.

The outage ends with the first reply to a call. Its failures are charged to no call and to no retry
budget, and it may last for as long as the user allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

from ...endpoint.failures import Failure

# Failures without a reply of the model server itself.
LOST = frozenset({"connect", "no_reply", "502", "503", "504", "521", "522", "523"})
MIN_LOST = 2  # in a row; fewer than the attempts of a call, so that no call fails before
MIN_WAIT, MAX_WAIT = 0.1, 1.0  # seconds between two probes
PROBE_TIMEOUT = 2.0  # seconds
TRY_AFTER = 5.0  # seconds of lost probes, after which a call is sent
# A server that was reached and lost nothing for so many seconds was back, even without a reply:
# a loss after that is a new outage.
STABLE_AFTER = 5.0


class ProbeResult(Enum):
    """The result of a probe."""

    NO_CONNECTION = "no connection"
    LOST_REPLY = "a lost reply"
    REPLIED = "a reply"


class Outage:
    """Whether the server is away, since when, and when to probe next.

    Parameters
    ----------
    max_outage
        Seconds after which the run is given up; 0 turns outage handling off.
    draw
        Returns a random number between 0 and the given one.

    Attributes
    ----------
    is_blocking
        True while no call may be sent.
    """

    def __init__(self, max_outage: float, draw: Callable[[float], float]) -> None:
        self.max_outage = max_outage
        self._draw = draw
        self.is_blocking = False
        self._is_suspected = False  # until a call gets a reply
        self._is_confirmed = False
        self._lost, self._min_lost = 0, MIN_LOST
        self._began = self._next_probe_at = self._next_try_at = self._reached_at = 0.0
        self._probes = 0

    def note_loss(self, failure: Failure, *, now: float, in_flight: int) -> bool:
        """Note a failed attempt; return True if it is certain that the server is away.

        Parameters
        ----------
        in_flight
            The other attempts in flight.
        """
        if failure.error_type not in LOST or not self.max_outage:
            return False
        self._lost += 1
        self._is_confirmed |= failure.error_type == "connect"  # needs no probe to confirm it
        if not self.is_blocking and (self._is_confirmed or self._are_enough_lost(in_flight)):
            if not self._is_suspected or now >= self._reached_at + STABLE_AFTER:
                self._is_suspected, self._began, self._probes = True, now, 0
                self._next_try_at = now + TRY_AFTER
            self.is_blocking = True
            self._next_probe_at = now
            if self._is_confirmed:
                self._schedule_probe(now, failure.retry_after or 0.0)
        return self._is_confirmed

    def _are_enough_lost(self, in_flight: int) -> bool:
        """Return True if so many are lost in a row that the server may be away."""
        return self._lost >= max(self._min_lost, in_flight / 2)

    def note_reply(self, sent: float) -> bool:
        """Note a reply to an attempt; return True if that ends a confirmed outage."""
        self._lost, self._min_lost = 0, MIN_LOST
        if not self._is_suspected or sent < self._began:  # sent before the outage: no evidence
            return False
        was_confirmed = self._is_confirmed
        self._is_suspected = self.is_blocking = self._is_confirmed = False
        return was_confirmed

    def note_probe(self, now: float, found: ProbeResult) -> None:
        """Note the result of a probe."""
        self._is_confirmed |= found is not ProbeResult.REPLIED
        if found is ProbeResult.NO_CONNECTION or (
            found is ProbeResult.LOST_REPLY and now < self._next_try_at
        ):
            self._schedule_probe(now)
            return
        self._next_try_at = 2 * now - self._began  # when the outage has lasted twice as long
        self.is_blocking, self._reached_at = False, now
        if not self._is_confirmed:
            # The server answers probes but loses calls: not an outage. Doubling the threshold
            # keeps such a server from being probed all the time.
            self._is_suspected = False
            self._lost, self._min_lost = 0, 2 * self._min_lost

    def wait(self, now: float) -> float:
        """Return the seconds until the next probe; 0 for now."""
        return max(0.0, self._next_probe_at - now)

    def is_too_long(self, now: float) -> bool:
        """Return True if the outage has lasted too long for the run."""
        return self.is_blocking and now - self._began >= self.max_outage

    def lasted(self, now: float) -> float:
        """Return the seconds from the outage's beginning until the server was reached, or now."""
        return (self._reached_at if self._reached_at > self._began else now) - self._began

    def describe(self, now: float) -> str:
        """Return the status text; empty if the outage is unconfirmed, or shorter than a second."""
        seconds = math.floor(now - self._began)
        if not self._is_confirmed or seconds < 1:
            return ""
        return f"the server is away for {seconds} s, waited for up to {self.max_outage:g} s"

    def _schedule_probe(self, now: float, at_least: float = 0.0) -> None:
        # Jitter on half of the wait, as several notebooks may wait for the same server.
        max_wait = min(MAX_WAIT, MIN_WAIT * 2.0**self._probes)
        self._probes += 1
        wait = max(max_wait / 2 + self._draw(max_wait / 2), at_least)
        self._next_probe_at = min(now + wait, self._began + self.max_outage)

"""A server that is away: everybody waits, and one looks whether it is back.

One may be away if a connection is refused; and, behind a gateway that still answers, if at least
`FEWEST` attempts in a row, and half as many as are in flight, are reset or end in a 502, 503 or 504
(or in Cloudflare's 521 to 523) and nobody gets any other reply in between. One such failure among
answers means nothing, and a few in a row little more: that the server is away it takes a look to
tell. No call is sent, and one of those that wait asks the server for its list of models, which
costs nothing, begins no call, and stands in no journal:

- No connection: it is away. The next look follows after waits that double up to a second, so that
  little is lost once it is back.
- A reply that is lost as those of the calls were: the same. But some servers have no such list, so
  after 5 s, and whenever twice as many have gone by, a call goes and shows whether it is so.
- Any other: it is there. Calls go again, one, then two, and so on; what they fail with is theirs.

The outage is over with the first reply to a call. What it has cost is charged to no call and to no
budget, and lasts for as long as the user lets it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

from ...endpoint.failures import Failure

LOST = frozenset({"connect", "no_reply", "502", "503", "504", "521", "522", "523"})
FEWEST = 2  # before a call has had all its attempts
SHORTEST, LONGEST = 0.1, 1.0  # seconds between two looks
LOOK_TIME = 2.0  # seconds that one may take
FIRST_TRY = 5.0
# A server that was found and has lost nothing for so many seconds was back, reply or not.
SETTLED = 5.0


class Found(Enum):
    """What a look at the server found."""

    NOBODY = "no connection"
    SILENCE = "a lost reply"
    SERVER = "a reply"


class Outage:
    """Whether the server is away, since when, and when to look next.

    Parameters
    ----------
    patience
        Seconds after which the run is given up; 0 waits for no server.
    draw
        Draws a number between 0 and the given one.

    Attributes
    ----------
    is_shut
        True while nobody may send.
    """

    def __init__(self, patience: float, draw: Callable[[float], float]) -> None:
        self.patience = patience
        self._draw = draw
        self.is_shut = False
        self._is_on = False  # until a call is replied to
        self._is_sure = False
        self._lost, self._most_lost = 0, FEWEST
        self._began = self._looks_at = self._tries_at = self._found_at = 0.0
        self._looks = 0

    def note_loss(self, failure: Failure, *, now: float, in_flight: int) -> bool:
        """Note a failed attempt; say whether it is certain that the server is away.

        Parameters
        ----------
        in_flight
            The attempts that are still on their way.
        """
        if failure.error_type not in LOST or not self.patience:
            return False
        self._lost += 1
        self._is_sure |= failure.error_type == "connect"
        if not self.is_shut and (self._is_sure or self._are_many(in_flight)):
            if not self._is_on or now >= self._found_at + SETTLED:
                self._is_on, self._began, self._looks = True, now, 0
                self._tries_at = now + FIRST_TRY
            self.is_shut = True
            self._looks_at = now
            if self._is_sure:
                self._wait_again(now, failure.retry_after or 0.0)
        return self._is_sure

    def _are_many(self, in_flight: int) -> bool:
        """Say whether so many are lost in a row that the server may be away."""
        return self._lost >= max(self._most_lost, in_flight / 2)

    def note_reply(self, sent: float) -> bool:
        """Note that the server has answered an attempt; say whether that ends an outage."""
        self._lost, self._most_lost = 0, FEWEST
        if not self._is_on or sent < self._began:  # it was on its way
            return False
        was_sure = self._is_sure
        self._is_on = self.is_shut = self._is_sure = False
        return was_sure

    def note_look(self, now: float, found: Found) -> None:
        """Note what a look found."""
        self._is_sure |= found is not Found.SERVER
        if found is Found.NOBODY or (found is Found.SILENCE and now < self._tries_at):
            self._wait_again(now)
            return
        self._tries_at = 2 * now - self._began
        self.is_shut, self._found_at = False, now
        if not self._is_sure:
            # It loses what it is sent; to look again as often would tell nothing new.
            self._is_on = False
            self._lost, self._most_lost = 0, 2 * self._most_lost

    def wait(self, now: float) -> float:
        """Return the seconds until somebody is to look; 0 for now."""
        return max(0.0, self._looks_at - now)

    def is_too_long(self, now: float) -> bool:
        """Say whether the run is to be given up."""
        return self.is_shut and now - self._began >= self.patience

    def lasted(self, now: float) -> float:
        """Return the seconds since the outage began, until the server was found."""
        return (self._found_at if self._found_at > self._began else now) - self._began

    def describe(self, now: float) -> str:
        """Say that the server is away, and for how long; empty where it is not certain, or new."""
        seconds = math.floor(now - self._began)
        if not self._is_sure or seconds < 1:
            return ""
        return f"the server is away for {seconds} s, waited for up to {self.patience:g} s"

    def _wait_again(self, now: float, at_least: float = 0.0) -> None:
        longest = min(LONGEST, SHORTEST * 2.0**self._looks)
        self._looks += 1
        wait = max(longest / 2 + self._draw(longest / 2), at_least)
        self._looks_at = min(now + wait, self._began + self.patience)

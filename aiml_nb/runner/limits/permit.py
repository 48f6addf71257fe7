"""What `admission` decides for an attempt: a permit, or a refusal."""

from __future__ import annotations

from typing import NamedTuple

from .quotas import Reservation


class Permit(NamedTuple):
    """Permission to send one attempt.

    Parameters
    ----------
    admitted, deadline
        Seconds since the run's origin.
    others_in_flight
        The other attempts in flight at that moment, which `congestion` needs to judge a 429.
    """

    admitted: float
    deadline: float
    reservation: Reservation
    others_in_flight: int

    @property
    def left(self) -> float:
        """Seconds that the attempt may take."""
        return self.deadline - self.admitted


class Refusal(NamedTuple):
    """Why nothing more is sent for a call, and whether a resumed run is to send it again."""

    error_type: str | None
    message: str
    is_for_later: bool = False

"""The retries that a run has left: a token bucket that answers refill."""

from __future__ import annotations


class RetryBudget:
    """A token bucket, full at first, to which each answer adds a share of a retry.

    Parameters
    ----------
    capacity
        The retries that it holds when full.
    share
        What an answer adds.
    """

    def __init__(self, capacity: int, share: float) -> None:
        self.capacity, self.share = capacity, share
        self.left = float(capacity)

    def take(self) -> bool:
        """Take one retry; return False if there is none."""
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def refill(self) -> None:
        """Add the share of one answer."""
        self.left = min(self.left + self.share, self.capacity)

    def max_taken(self, answers: int) -> int:
        """Return the most retries that can be taken in a run with so many answers."""
        return self.capacity + int(self.share * answers)

"""How many retries a run has left."""

from __future__ import annotations


class RetryBudget:
    """A token bucket: so many at first, and a share of one more for each answer up to as many.

    Parameters
    ----------
    capacity
        What it holds when it is full, as it is at first.
    share
        What an answer adds.
    """

    def __init__(self, capacity: int, share: float) -> None:
        self.capacity, self.share = capacity, share
        self.left = float(capacity)

    def take(self) -> bool:
        """Take one, if there is one."""
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def refill(self) -> None:
        """Add what an answer adds."""
        self.left = min(self.left + self.share, self.capacity)

    def max_taken(self, answers: int) -> int:
        """Return the most that can be taken with so many answers."""
        return self.capacity + int(self.share * answers)

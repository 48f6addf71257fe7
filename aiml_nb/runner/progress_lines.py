"""Progress where there is no terminal, such as in cron or a log: a line now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..records import Call
from .remaining import in_words

_MIN_GAP = 30.0  # seconds between two lines, and before the first
_MAX_GAP = 300.0  # seconds after which there is one whatever was done
_PARTS = 10  # else one each time that so many parts of all calls are done


@dataclass(slots=True)
class ProgressLines:
    """Prints how far a run is, and how long it will still take.

    Parameters
    ----------
    calls
        How many calls there are.
    now
        Returns seconds.
    left
        Returns the words on how long it will still take; empty if nothing is known yet.
    say
        Prints a line.
    """

    calls: int
    now: Callable[[], float]
    left: Callable[[], str]
    say: Callable[[str], None]
    _done: int = 0
    _failed: int = 0
    _said_at: float | None = None
    _said_done: int = 0
    _began: float = field(default=0.0)

    def __post_init__(self) -> None:
        """Begin to count the time."""
        self._began = self.now()

    def finish(self, call: Call) -> None:
        """Note a finished call; print a line if it is time."""
        self._done += 1
        self._failed += call.outcome in {"error", "timeout"}
        self.tick()

    def tick(self) -> None:
        """Print a line if it is time."""
        now = self.now()
        since = now - (self._began if self._said_at is None else self._said_at)
        is_part = (self._done - self._said_done) * _PARTS >= self.calls
        is_due = self._said_at is None or is_part or since >= _MAX_GAP
        if since < _MIN_GAP or not is_due or self._done >= self.calls:
            return
        self._said_at, self._said_done = now, self._done
        parts = [f"{self._done:,} of {self.calls:,} calls in {in_words(now - self._began)}"]
        parts += [f"{self._failed:,} failed"] if self._failed else []
        self.say(", ".join([*parts, *filter(None, [self.left()])]))

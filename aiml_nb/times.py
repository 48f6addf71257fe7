"""The durations of a call, computed from its time stamps: all in seconds, None if unknown.

Each property is a column of the table of calls (`analysis.table`).
"""

from __future__ import annotations


class Timed:
    """The properties of a `records.Call` that are computed from its time stamps."""

    __slots__ = ()
    submitted: float | None
    started: float | None
    first_token: float | None
    finished: float | None
    output_tokens: int | None

    @property
    def queue_time(self) -> float | None:
        """Seconds from `submitted` to `started`: waiting for our own limit."""
        return _between(self.submitted, self.started)

    @property
    def duration(self) -> float | None:
        """Seconds from `started` to `finished`, retries and back-off included."""
        return _between(self.started, self.finished)

    @property
    def total_time(self) -> float | None:
        """Seconds from `submitted` to `finished`: what the user waited."""
        return _between(self.submitted, self.finished)

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds from `started` to `first_token`; None for calls that were not streamed."""
        return _between(self.started, self.first_token)

    @property
    def time_per_output_token(self) -> float | None:
        """Seconds per token after the first: the mean time between tokens; None if unknown."""
        streamed = _between(self.first_token, self.finished)
        if streamed is None or self.output_tokens is None or self.output_tokens < 2:
            return None
        return streamed / (self.output_tokens - 1)


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start

"""`Stopwatch`: record the calls that a learner's own code makes, for tables and pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from ...analysis import peak_in_flight
from ...endpoint import Endpoint
from ...records import Call, Run


class Stopwatch:
    """Records each call that the learner's own code makes; a warm-up goes before, untimed.

    Parameters
    ----------
    endpoint
        Where the calls go.

    Examples
    --------
    >>> watch = Stopwatch(endpoint)
    >>> with watch.time("What is 2+2?"):
    ...     answer = client.chat.completions.create(…)
    >>> watch.run                     # shows itself like any other run
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        with endpoint.open() as client:  # else the first call would wait for what is made once
            endpoint.warm_up(client)
        self._origin = time.perf_counter()
        self._calls: list[Call] = []
        self._numbers = count()  # calls may begin in several threads at once

    @property
    def now(self) -> float:
        """Seconds since the stopwatch was made."""
        return time.perf_counter() - self._origin

    @contextmanager
    def time(self, question: str, *, due: float = 0.0) -> Iterator[Call]:
        """Time what is done in the ``with`` block, as one call.

        Parameters
        ----------
        question
            What the call asks.
        due
            When it ought to be sent, seconds since the stopwatch was made.
        """
        number, started = next(self._numbers), self.now
        call = Call(
            index=number,
            custom_id=f"call-{number + 1:06d}",
            prompt=question,
            submitted=min(due, started),
            started=started,
        )
        self._calls.append(call)
        try:
            yield call
            call.outcome = "ok"
        # KeyboardInterrupt and cancellation, too, end the call with an error.
        except BaseException:
            call.outcome = "error"
            raise
        finally:
            call.finished = self.now

    @property
    def run(self) -> Run:
        """All calls so far as a run."""
        return Run(
            strategy="gather",
            max_concurrency=max(1, len(self._calls)),
            stream=False,
            model=self.endpoint.model,
            base_url=self.endpoint.base_url,
            simulated=self.endpoint.simulated,
            seed=self.endpoint.seed,
            started_at=time.time() - self.now,
            calls=sorted(self._calls, key=lambda call: call.index),
        )

    @property
    def peak_in_flight(self) -> int:
        """The most calls that were in flight at one moment."""
        return peak_in_flight(self.run)

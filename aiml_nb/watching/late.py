"""Who holds the event loop of a run: looked for only while the loop is late."""

from __future__ import annotations

import threading
import time
from collections import Counter

from ..loop import LoopLag
from ..loop.waiting import block_sigint
from .blocked import STEP, Held, Place, find_place, read_stack

_INTERVAL = 0.04  # seconds between two glances at the timer
_LATE = 0.02


class DelayWatcher:
    """Looks at the thread of a running loop whenever the loop is late, in a ``with`` block.

    A loop that is in time costs a glance at its timer, some twenty times a second.

    Parameters
    ----------
    lag
        The loop's timer.
    """

    def __init__(self, lag: LoopLag) -> None:
        self._lag = lag
        self._seen: list[tuple[float, Place]] = []
        self._loop_thread = threading.get_ident()
        self._end = threading.Lock()
        self._thread = threading.Thread(target=self._look, name="aiml_nb delays", daemon=True)

    def __enter__(self) -> DelayWatcher:
        self._end.acquire()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.release()
        self._thread.join()

    def held(self) -> list[Held]:
        """Return the delays of which it is known who caused them."""
        found = []
        for started, duration in self._lag.delays:
            places = Counter(
                place for at, place in self._seen if started - _LATE <= at <= started + duration
            )
            if not places:
                continue
            (function, file, line, makes_client), often = places.most_common(1)[0]
            if often * _INTERVAL >= duration / 3:  # else it is the machine that is busy
                found.append(Held(function, file, line, makes_client, started, duration))
        return found

    def _look(self) -> None:
        block_sigint()
        while not self._end.acquire(timeout=_INTERVAL):
            if self._lag.overdue < _LATE:
                continue
            stack = read_stack(self._loop_thread)
            step = next((each for each in stack if each.f_code is STEP), None)
            place = None if step is None else find_place(stack, step)
            if place is not None:
                self._seen.append((time.perf_counter(), place))

"""Python's garbage collector, held back from full collections while many calls are in flight.

With 1,000 calls in flight some hundred thousand objects live at once, and each time they have grown
by a quarter the collector looks at every object of the process: a third of a run's processor time,
in pauses that stand in the records as if the server had been slow. So while runs last, the oldest
generation is looked at a tenth as often; the younger ones as ever. It is the one global setting
that a run changes, and it is put back.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FULL_GC_THRESHOLD = (
    100  # passes over the middle generation before one over the oldest; by default 10
)

_lock = threading.Lock()
_runs = 0
_before = gc.get_threshold()


@contextmanager
def fewer_full_gc() -> Iterator[None]:
    """Let full collections be rare until the last of the runs that ask for it has ended."""
    global _runs, _before
    with _lock:
        _runs += 1
        if _runs == 1:
            _before = gc.get_threshold()
            gc.set_threshold(*_with_rare_full_gc(_before))
    try:
        yield
    finally:
        with _lock:
            _runs -= 1
            # Whoever has set something else meanwhile meant it.
            if _runs == 0 and gc.get_threshold() == _with_rare_full_gc(_before):
                gc.set_threshold(*_before)


def _with_rare_full_gc(threshold: tuple[int, int, int]) -> tuple[int, int, int]:
    return (threshold[0], threshold[1], max(threshold[2], FULL_GC_THRESHOLD))

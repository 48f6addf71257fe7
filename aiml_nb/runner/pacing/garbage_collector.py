"""Make Python's full garbage collections rarer while runs last.

With 1,000 calls in flight some hundred thousand objects are alive, and each time their number has
grown by a quarter the collector visits every object of the process: a third of a run's processor
time, in pauses that show in the records as if the server had been slow. So the oldest generation is
collected a tenth as often; the younger ones are not affected. This is the only global setting that
a run changes, and it is restored.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Collections of the middle generation before one of the oldest; Python's default is 10.
FULL_GC_THRESHOLD = 100

_lock = threading.Lock()
_runs = 0
_before = gc.get_threshold()


@contextmanager
def fewer_full_gc() -> Iterator[None]:
    """Make full collections rare until the last of the runs in this block has ended."""
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
            # Do not undo a setting that other code made meanwhile.
            if _runs == 0 and gc.get_threshold() == _with_rare_full_gc(_before):
                gc.set_threshold(*_before)


def _with_rare_full_gc(threshold: tuple[int, int, int]) -> tuple[int, int, int]:
    return (threshold[0], threshold[1], max(threshold[2], FULL_GC_THRESHOLD))

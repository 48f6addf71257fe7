"""No garbage is collected for a moment: it would take long, or run finalizers in its middle."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()  # a signal may come in the middle
_blocks = 0
_was_enabled = True


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect no garbage until the last of these blocks, in any thread, has ended."""
    global _blocks, _was_enabled
    begun = False
    try:
        with _lock:
            begun, _blocks = True, _blocks + 1
            if _blocks == 1:
                _was_enabled = gc.isenabled()
                gc.disable()
        yield
    finally:
        with _lock:
            _blocks -= begun
            if begun and _blocks == 0 and _was_enabled:
                gc.enable()

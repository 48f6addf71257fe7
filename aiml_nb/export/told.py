"""A line now and then while a large file is written: minutes without a word look like a hang."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..printable import say

_FIRST, _GAP = 5.0, 10.0  # seconds before the first line, and between two


def told(pieces: Iterable[bytes], path: Path, *, total: int, rows: int = 1) -> Iterator[bytes]:
    """Yield the pieces of a file, of so many rows each, and say how many of all are written."""
    due = time.monotonic() + _FIRST
    for number, piece in enumerate(pieces, 1):
        yield piece
        if (now := time.monotonic()) >= due and number * rows < total:
            due = now + _GAP
            done = f"aiml_nb: writing {path.name}: {number * rows:,} of {total:,}"
            say(done, file=sys.stderr, flush=True)

"""A line now and then while a large file is written: minutes without a word look like a hang."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..printable import say

_FIRST, _GAP = 5.0, 10.0  # seconds before the first line, and between two
_MANY = 100_000  # rows: of more it is said at once, since all are looked through before the first


def with_progress(
    pieces: Iterable[bytes], path: Path, *, total: int, rows: int = 1
) -> Iterator[bytes]:
    """Yield the pieces of a file, of so many rows each, and say how many of all are written."""

    def tell(done: int) -> None:
        said = f"aiml_nb: writing {path.name}: {done:,} of {total:,}"
        say(said, file=sys.stderr, flush=True)

    due = time.monotonic() + _FIRST
    if total > _MANY:
        tell(0)
    for number, piece in enumerate(pieces, 1):
        yield piece
        if (now := time.monotonic()) >= due and number * rows < total:
            due = now + _GAP
            tell(number * rows)

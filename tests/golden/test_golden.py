"""What is written, said and drawn is what the golden files hold, to the byte."""

from __future__ import annotations

import difflib
from pathlib import Path

from .dump import dump_all

FILES = Path(__file__).with_name("files")


def encode(text: str) -> bytes:
    """Return the bytes of a golden file; line ends within a text are written out."""
    return text.replace("\r", "\\r").encode("utf-8", "backslashreplace")


def test_all_is_as_it_was() -> None:
    made = {name: encode(text) for name, text in dump_all().items()}
    kept = {path.name: path.read_bytes() for path in FILES.iterdir()}

    assert sorted(made) == sorted(kept)
    changed = [
        line
        for name in sorted(made)
        if made[name] != kept[name]
        for line in difflib.unified_diff(
            kept[name].decode().splitlines(), made[name].decode().splitlines(), name, name, n=0
        )
    ]
    assert changed == [], "python -m tests.golden writes them anew, where that is meant"

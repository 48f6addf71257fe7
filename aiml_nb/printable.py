"""Make text from outside safe for a terminal: no control characters, no direction marks."""

from __future__ import annotations

from typing import TextIO
from unicodedata import category

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_MAX_ACCENTS = 2  # of those piled on one letter
_SPACES = {"Zl": " ", "Zp": " ", "Zs": " "}
# Letters and symbols by their Unicode category that are invisible all the same.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def printable(text: str) -> str:
    """Return `text` as a terminal may show it; lines stay lines.

    Marks that change the direction of text or take no room are dropped. Control characters, lone
    surrogates and code points without a character become U+FFFD. Of accents piled on one letter
    the first two stay.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    accents = 0
    for character in text:
        kind = category(character)
        accents = accents + 1 if kind in ("Mn", "Me") else 0
        if kind == "Cf" or accents > _MAX_ACCENTS or character in _BLANK:
            continue
        if character in "\n\t":
            shown.append(character)
        elif kind in ("Cc", "Cs", "Cn", "Co"):
            shown.append(_UNKNOWN)
        else:
            shown.append(_SPACES.get(kind, character))
    return "".join(shown)


def say(*parts: object, file: TextIO | None = None, end: str = "\n", flush: bool = False) -> None:
    """Print like `print`, with every part made `printable`; all terminal output goes here."""
    print(*(printable(str(part)) for part in parts), file=file, end=end, flush=flush)

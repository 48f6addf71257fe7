"""Names for calls, made from their prompts and safe to show anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import category, east_asian_width, normalize

from ..printable import printable

if TYPE_CHECKING:
    from ..records import Run

LABEL_WIDTH = 26
ELLIPSIS = "…"


def labels(run: Run, *, width: int = LABEL_WIDTH) -> list[str]:
    """Return a short name for each call: the beginning of its prompt, or ``call 3`` without one.

    Where two would be the same, all of them carry the number of their call. Where the kinds of call
    differ, each begins with its own, which is not counted in its width.

    Parameters
    ----------
    run
        The run.
    width
        The most characters of a label.
    """
    names = [sanitize(call.prompt, width=width) for call in run.calls]
    named = [name or f"call {i}" for i, name in enumerate(names, start=1)]
    if len(set(named)) < len(named):
        named = [sanitize(f"{i}. {name}", width=width) for i, name in enumerate(named, start=1)]
    if len({call.api for call in run.calls}) < 2:
        return named
    return [f"{sanitize(call.api)}: {name}" for call, name in zip(run.calls, named, strict=True)]


def sanitize(text: str, *, width: int = LABEL_WIDTH) -> str:
    """Make one printable line of any text, cut to `width` characters with an ellipsis.

    White space of all kinds becomes single blanks. Marks that change the direction of text or take
    no room are dropped. Control characters, lone surrogates and code points without a character
    become U+FFFD. Of accents piled on one letter the first two stay.

    Parameters
    ----------
    text
        Any text, prompts and answers of strangers included.
    width
        The most characters of the result.
    """
    # Enough of the text to fill the line whatever is dropped from it; the rest may be megabytes.
    start = text.lstrip()[: 40 * width]
    line = " ".join(start.split())
    if not (line.isascii() and line.isprintable()):
        line = " ".join(printable(normalize("NFC", line)).split())
    cut_before = len(start) < len(text.strip())
    if len(line) <= width and not cut_before:
        return line
    return line[: width - 1].rstrip() + ELLIPSIS


def cells(text: str) -> int:
    """Return how many columns of a terminal `text` takes; wide characters take two."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1

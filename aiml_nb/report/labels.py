"""Names for calls, made from their prompts and safe to show anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import category, east_asian_width, normalize

from ..printable import printable

if TYPE_CHECKING:
    from ..records import Run

LABEL_WIDTH = 26
ELLIPSIS = "…"


def labels(run: Run, *, places: Sequence[int] | None = None, width: int = LABEL_WIDTH) -> list[str]:
    """Return a short name for each call: the beginning of its prompt, or ``call 3`` without one.

    Where two calls of the run would have the same, all carry the number of their call. Where the
    kinds of call differ, each begins with its own, which is not counted in its width.

    Parameters
    ----------
    run
        The run.
    places
        The places in ``run.calls`` of the calls to name; None for all.
    width
        The most characters of a label.
    """
    chosen = range(len(run.calls)) if places is None else places
    names = [_name(run, i, width=width) for i in chosen]
    if not _all_differ(run, width=width):
        numbered = (f"{i + 1}. {name}" for i, name in zip(chosen, names, strict=True))
        names = [sanitize(name, width=width) for name in numbered]
    if len({call.api for call in run.calls}) < 2:
        return names
    return [f"{sanitize(run.calls[i].api)}: {name}" for i, name in zip(chosen, names, strict=True)]


def _name(run: Run, place: int, *, width: int) -> str:
    return sanitize(run.calls[place].prompt, width=width) or f"call {place + 1}"


def _all_differ(run: Run, *, width: int) -> bool:
    """Tell whether no two calls of a run have the same name, kinds aside."""
    if not any(call.prompt for call in run.calls):
        return True  # a file without texts: the numbers differ
    seen: set[str] = set()
    for place in range(len(run.calls)):
        name = _name(run, place, width=width)
        if name in seen:  # soon, where prompts begin alike
            return False
        seen.add(name)
    return True


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
    # Only the beginning is cleaned, long enough to fill the line: a prompt may have megabytes.
    start = text.lstrip()[: 40 * width]
    line = " ".join(start.split())
    if not (line.isascii() and line.isprintable()):
        # Composed letters first, so that ordinary accents are not counted among the piled ones.
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

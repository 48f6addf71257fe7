"""Which name was most likely meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_NEAR = 0.85  # of the letters in common; `top_k` is not `top_p`


def closest(unknown: str, names: Iterable[str], *, cutoff: float = _NEAR) -> str | None:
    """Return the name that is most like `unknown`, None if none is."""
    given = _plain(unknown)
    scored = ((_likeness(given, _plain(name)), name) for name in names)
    score, name = max(scored, default=(0.0, ""))
    return name if score >= cutoff else None


def _likeness(given: str, name: str) -> float:
    if given == name or (len(given) > 3 and sorted(given) == sorted(name)):  # letters swapped
        return 1.0
    return SequenceMatcher(None, given, name).ratio()


def _plain(name: str) -> str:
    return name.lower().strip("-_ ").replace("-", "_").replace(" ", "_")

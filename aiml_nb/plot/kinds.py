"""What calls of each kind look like: a colour for what they give, a hatch for each of them."""

from __future__ import annotations

from collections.abc import Iterable

from ..analysis.kinds import HOLDERS
from .style import BARS, Look

# Pale, strong, and the hatch. Colours are shared by kinds that are alike; no two have one hatch.
_TEXT, _NUMBERS, _MEDIA, _OTHER = (
    ("#BFE6D8", "#007A59"),
    ("#EDD3E2", "#8E3B73"),
    ("#F6EDB0", "#7A6A00"),
    ("#DDDDDD", "#4D4D4D"),
)
_KINDS: dict[str, tuple[tuple[str, str], str]] = {
    "chat": (_TEXT, "|-"),
    "responses": (_TEXT, "---"),
    "messages": (_TEXT, "+++"),
    "completions": (_TEXT, "\\\\\\"),
    "embeddings": (_NUMBERS, "|||"),
    "moderations": (_NUMBERS, "ooo"),
    "images": (_MEDIA, "***"),
    "edits": (_MEDIA, "**//"),
    "speech": (_MEDIA, "OO"),
    "transcription": (_MEDIA, "||\\\\\\"),
    "other": (_OTHER, "--///"),
}
PHASES = ("whole", "waiting", "streaming")


def _looks() -> dict[str, Look]:
    looks = {
        "function": Look("function at work", "#F1F1F1", "#8C8C8C"),
        "step": Look("step", "#FFFFFF", "#6E6E6E"),
    }
    for kind, ((pale, strong), hatch) in _KINDS.items():
        looks[f"{kind} whole"] = Look(f"{kind} call", pale, strong, hatch)
        looks[f"{kind} waiting"] = Look(f"{kind}: waiting for first token", pale, strong, hatch)
        looks[f"{kind} streaming"] = Look(f"{kind}: answer streaming", strong, "white", hatch)
    return looks


KIND_BARS = _looks()


def kind_of(api: str) -> str:
    """Return how a kind of call is drawn: as itself, or as ``other`` if it is not known."""
    return api if api in _KINDS or api in HOLDERS else "other"


def state_of(kind: str, phase: str) -> str:
    """Return the state of a kind in a phase; the plain kind is named ``""``."""
    if kind in HOLDERS:
        return kind
    return f"{kind} {phase}" if kind else phase


def meanings(states: Iterable[str], *, plain: str) -> dict[str, str]:
    """Return what the legend calls bars; the plain kind by its name where there are others."""
    looks = BARS | KIND_BARS
    named = {state: look.meaning for state, look in looks.items()}
    if any(state in KIND_BARS and state not in HOLDERS for state in states):
        named |= {phase: looks[state_of(plain, phase)].meaning for phase in PHASES}
    return named

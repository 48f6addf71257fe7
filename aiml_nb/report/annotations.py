"""Short lines beside a picture."""

from __future__ import annotations

from ..analysis.bounds import efficiency
from ..analysis.order import inverted_share, kendall_tau
from ..analysis.slowdown import SpeedupParts, speedup_parts
from ..analysis.subject import Shown, Subject
from .wording import format_percent, format_ratio, in_both


def margin_notes(shown: Shown) -> list[str]:
    """Return what is written beside the order of completion: a few words a line.

    The order, the efficiency, and of a comparison where its speed-up comes from.

    Parameters
    ----------
    shown
        A run; or a comparison, of which the concurrent run of the pair with the median speed-up is
        described.
    """
    subject = Subject.of(shown)
    run = subject.run
    parts = None if subject.pair is None else speedup_parts(*subject.pair)
    notes = []
    inverted, tau = inverted_share(run), kendall_tau(run)
    if inverted is not None:
        notes.append(f"{format_percent(inverted)} of pairs overtook")
    if tau is not None:
        notes.append(
            f"Kendall's τ {tau:.2f}".replace("-", "−")
        )  # a hyphen is too short for a minus
    reached = efficiency(run)
    if reached is not None:
        notes.append(f"efficiency {format_percent(reached)} of the bound")
    return notes + (identity_notes(parts) if parts else [])


def identity_notes(parts: SpeedupParts) -> list[str]:
    """Return the identity of the speed-up on two lines, or three if calls were left out."""
    how = "slower" if parts.slowdown >= 1 else "quicker"
    notes = [
        f"{format_ratio(parts.speedup)} = {parts.mean_in_flight:.3g} in flight",
        f"        ÷ {parts.slowdown:.2f} {how} per call",
    ]
    if parts.kept < parts.prompts:
        notes.append(f"over the {parts.kept:,} {in_both(parts.cut)}")
    return notes

"""The words at the right end of each bar: when a call finished, as which, and whom it overtook."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.bounds import end_of, origin_of
from ..analysis.order import finishing_ranks, overtakes
from ..analysis.wording import OUTCOME_WORDS, ordinal, seconds
from ..records import Call, Run
from .lettering import width_of
from .placing import LABEL_GAP
from .style import FAILED_INK, INK

# A cross at the end of a bar reaches this many pixels beyond it.
_MARK_REACH = 5
_MARKED = ("error", "timeout", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is written beside the bar of one call.

    Parameters
    ----------
    time
        Where the bar ends, seconds since the first submit.
    text
        What is written.
    bold
        True if the call overtook another.
    colour
        Of the text.
    gap, width
        Pixels: from the end of the bar to the text, and how wide the text is.
    """

    time: float
    text: str
    bold: bool
    colour: str
    gap: float
    width: float


def endings(run: Run, *, ranked: bool, size: float) -> list[Ending]:
    """Return what is written beside each call of a run.

    Parameters
    ----------
    run
        The run.
    ranked
        True to write the rank and the calls overtaken, False to write the time alone.
    size
        Points.
    """
    ranks, passed = finishing_ranks(run), overtakes(run)
    origin, end = origin_of(run), end_of(run)
    made = []
    for call, rank, overtaken in zip(run.calls, ranks, passed, strict=True):
        text = _words(call, rank=rank if ranked else None, origin=origin)
        bold = bool(ranked and overtaken and call.outcome == "ok")
        if bold:
            text += f"  ▲{overtaken}"
        made.append(
            Ending(
                time=(end if call.finished is None else call.finished) - origin,
                text=text,
                bold=bold,
                colour=INK if call.outcome == "ok" else FAILED_INK,
                gap=LABEL_GAP + (_MARK_REACH if call.outcome in _MARKED else 0),
                width=width_of(text, size=size, bold=bold),
            )
        )
    return made


def _words(call: Call, *, rank: int | None, origin: float) -> str:
    finish = [] if call.finished is None else [seconds(call.finished - origin)]
    if call.outcome != "ok":
        return " · ".join([OUTCOME_WORDS[call.outcome], *finish])
    return " · ".join([*([] if rank is None else [ordinal(rank)]), *finish])

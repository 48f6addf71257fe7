"""What is written beside each call of the layout "rows": its rank, its time, what became of it."""

from __future__ import annotations

from ..analysis.answered import is_answered, is_cut
from ..analysis.bounds import end_of, origin_of
from ..analysis.kinds import is_watched, models_of
from ..analysis.order import finishing_ranks, overtakes
from ..records import Call, Run
from ..report.labels import sanitize
from ..report.wording import fate, format_seconds, ordinal
from .geometry import LABEL_GAP
from .rows import Ending
from .style import FAILED_INK, INK
from .text import drawable, width_of

# The most characters of a model's name, where they differ.
_MODEL_WIDTH = 20
# A cross at the end of a bar reaches this many pixels beyond it.
_MARK_REACH = 5
FROM_JOURNAL = "\N{WHITE DIAMOND} from the journal"
_MARKED = ("failed", "timed out", "cancelled", "unfinished")


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
    models = is_watched(run) and len(models_of(run)) > 1
    origin, end = origin_of(run), end_of(run)
    made = []
    for call, rank, overtaken in zip(run.calls, ranks, passed, strict=True):
        text = _words(call, rank=rank if ranked else None, origin=origin)
        if models and call.model and is_answered(call):
            text += f" · {drawable(sanitize(call.model.rsplit('/', 1)[-1], width=_MODEL_WIDTH))}"
        bold = bool(ranked and overtaken and is_answered(call))
        if bold:
            text += f"  ▲{overtaken}"
        made.append(
            Ending(
                time=_ending_time(call, origin, end),
                text=text,
                bold=bold,
                colour=INK if is_answered(call) else FAILED_INK,
                gap=LABEL_GAP + (_MARK_REACH if fate(call) in _MARKED else 0),
                width=width_of(text, size=size, bold=bold),
            )
        )
    return made


def _ending_time(call: Call, origin: float, end: float) -> float:
    """Return where the words of a call stand, seconds: at the beginning for one without a bar."""
    if call.from_journal:
        return 0.0
    return (end if call.finished is None else call.finished) - origin


def _words(call: Call, *, rank: int | None, origin: float) -> str:
    if call.from_journal:
        return FROM_JOURNAL
    finish = [] if call.finished is None else [format_seconds(call.finished - origin)]
    if not is_answered(call):
        return " · ".join([fate(call), *finish])
    place = [] if rank is None else [ordinal(rank)]
    return " · ".join([*place, *finish, *(["cut"] if is_cut(call) else [])])

"""What is written beside each call of the layout "rows": its rank, its time, what became of it."""

from __future__ import annotations

from itertools import pairwise

from ..analysis.answered import is_answered, is_cut
from ..analysis.bounds import end_of, origin_of
from ..analysis.kinds import is_watched, models_of
from ..analysis.order import finishing_ranks, overtakes
from ..analysis.workers import Placement
from ..records import Call, Run
from ..report.labels import sanitize
from ..report.wording import fate, format_seconds, ordinal
from .geometry import LABEL_GAP
from .rows import Ending
from .style import FAILED_INK, GREY, INK
from .text import cut, drawable, width_of

# The most characters of a model's name, where they differ; under so many pixels it has no room.
_MODEL_WIDTH = 20
_MIN_MODEL = 30
# A cross at the end of a bar reaches this many pixels beyond it.
_MARK_REACH = 5
FROM_JOURNAL = "\N{WHITE DIAMOND} from the journal"
_MARKED = ("failed", "timed out", "cancelled", "unfinished")


def endings(run: Run, *, ranked: bool, size: float, room: float) -> list[Ending]:
    """Return what is written beside each call of a run.

    Parameters
    ----------
    run
        The run.
    ranked
        True to write the rank and the calls overtaken, False to write the time alone.
    size
        Points.
    room
        Pixels that the words with the name of a model may take.
    """
    ranks, passed = finishing_ranks(run), overtakes(run)
    models = is_watched(run) and len(models_of(run)) > 1
    origin, end = origin_of(run), end_of(run)
    made = []
    for call, rank, overtaken in zip(run.calls, ranks, passed, strict=True):
        text = _words(call, rank=rank if ranked else None, origin=origin)
        if models and call.model and is_answered(call):
            text += _model(call.model, size=size, room=room - width_of(text, size=size, bold=True))
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


def in_rows(
    run: Run,
    placed: Placement,
    names: list[str],
    said: list[Ending],
    *,
    called: dict[str | None, str],
    size: float,
) -> tuple[list[str], list[Ending]]:
    """Return the names and the endings of calls in the order of the rows that they are in.

    Where another worker sent the next attempt of a call, it is said where it went on, by the names
    that the workers are called.
    """
    if not placed.bands:
        return names, said
    found = {row: (names[i], said[i]) for i, row in enumerate(placed.rows) if row is not None}
    origin = origin_of(run)
    for place, rows in placed.attempt_rows.items():
        attempts = run.calls[place].attempts
        for (row, _), (other, following) in pairwise(zip(rows, attempts, strict=True)):
            if other != row:
                text = f"→ {called.get(following.worker, 'elsewhere')}"
                found[row] = (
                    names[place],
                    Ending(
                        time=following.started - origin,
                        text=text,
                        bold=False,
                        colour=GREY,
                        gap=LABEL_GAP,
                        width=width_of(text, size=size),
                    ),
                )
    ordered = [found[row] for row in sorted(found)]
    return [name for name, _ in ordered], [ending for _, ending in ordered]


def _model(name: str, *, size: float, room: float) -> str:
    """Return the name of a model after a dot, as far as there is room."""
    room -= width_of(" · ", size=size)
    if room < _MIN_MODEL:
        return ""
    shown = drawable(sanitize(name.rsplit("/", 1)[-1], width=_MODEL_WIDTH))
    return f" · {cut(shown, width=room, size=size, bold=True)}"


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

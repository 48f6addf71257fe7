"""The limit of a run over time: what it was, and the line that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..analysis.bounds import origin_of
from ..analysis.kinds import is_watched
from ..analysis.pauses import refusal_times
from ..analysis.subject import Subject
from ..records import Run
from .legend import Entry
from .style import BARS, INK

_LIMIT: dict[str, Any] = {"color": "black", "linestyle": ":", "linewidth": 1.3}
_REFUSED: dict[str, Any] = {
    "linestyle": "none",
    "marker": "v",
    "markersize": 6.0,
    "markerfacecolor": BARS["retried"].face,
    "markeredgecolor": INK,
    "markeredgewidth": 0.7,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The limit over time.

    Parameters
    ----------
    times, limits
        Seconds since the first submit, and the limit from then on.
    refused
        When answers of status 429 came, in seconds; empty where the limit did not change.
    """

    times: list[float]
    limits: list[int]
    refused: list[float]

    @property
    def changed(self) -> bool:
        """Whether the limit was another one later."""
        return len(self.limits) > 1


def limit_of(run: Run) -> Limit | None:
    """Return the limit of a run, None if there was no effective one."""
    origin = origin_of(run)
    if len(run.limit_history) > 1:
        return Limit(
            times=[max(0.0, change.at - origin) for change in run.limit_history],
            limits=[change.limit for change in run.limit_history],
            refused=(refusal_times(run) - origin).tolist(),
        )
    if 1 < run.max_concurrency < len(run.calls) and not is_watched(run):
        return Limit(times=[0.0], limits=[run.max_concurrency], refused=[])
    return None


def limit_below(subject: Subject) -> Limit | None:
    """Return the limit over time that is drawn under rows: of one run, if its limit changed."""
    limit = None if subject.are_several else limit_of(subject.run)
    return limit if limit is not None and limit.changed else None


def limit_entries(limit: Limit | None) -> list[Entry]:
    """Return the legend of what `draw_limit` draws."""
    if limit is None:
        return []
    made: list[Entry] = [("limit", Line2D([], [], **_LIMIT))]
    if limit.refused:
        made.append(("status 429", Line2D([], [], **_REFUSED)))
    return made


def draw_limit(axes: Axes, limit: Limit | None, *, horizon: float, most: float) -> None:
    """Draw the limit over time, and over it the answers of status 429.

    Parameters
    ----------
    axes
        Its x is seconds.
    limit
        None if there is none.
    horizon, most
        The end of the axis in seconds, and the most that was in flight or allowed.
    """
    if limit is None:
        return
    times, limits = [*limit.times, horizon], [*limit.limits, limit.limits[-1]]
    axes.step(times, limits, where="post", zorder=5, gid="limit", **_LIMIT)
    if limit.refused:
        heights = [1.04 * most] * len(limit.refused)
        axes.plot(limit.refused, heights, zorder=6, clip_on=False, gid="429s", **_REFUSED)

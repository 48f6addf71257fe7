"""Which parts a card has, for what is shown."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.panels import Shown, layout_of, panels
from ..analysis.sentences import caveat, finding
from ..records import Comparison, Run
from .card import Block, Card
from .layout import key_of, plan_rows, plan_strategies
from .lettering import drawable
from .limits import Limits
from .repeats import plan_repeats
from .rows import Rows
from .strips import limit_of
from .zoom import plan_zoom


def compose(shown: Shown) -> Card:
    """Compose the card for a run, a comparison or several runs.

    Parameters
    ----------
    shown
        What is shown.
    """
    blocks: list[Block] = []
    if isinstance(shown, Comparison) and (repeats := plan_repeats(shown)):
        blocks.append(repeats)
    body = _body(shown)
    blocks.append(body)
    key = ""
    if isinstance(body, Rows):
        key = key_of(body)
        blocks += _limits(shown, body)
    return Card(
        finding=drawable(finding(shown), others=()),
        caveat=drawable(" ".join(filter(None, [caveat(shown), key])), others=()),
        blocks=blocks,
    )


def _body(shown: Shown) -> Block:
    layout = layout_of(shown)
    if isinstance(shown, Sequence):
        return plan_strategies(shown)
    return plan_rows(shown) if layout == "rows" else plan_zoom(shown, in_lanes=layout == "lanes")


def _limits(shown: Shown, rows: Rows) -> list[Block]:
    """Return the limit over time, if one run is shown whose limit changed."""
    if not isinstance(shown, Run | Comparison):
        return []
    run = panels(shown)[-1][1]
    limit = limit_of(run)
    return [Limits(run=run, axis=rows.axis)] if limit is not None and limit.changed else []

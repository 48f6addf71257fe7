"""The picture of a race: where its texts are, for a desk and for a projector."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from aiml_nb.plot.style import BARS, LINES
from aiml_nb.plot.text import drawable, width_of
from aiml_nb.records import Run
from aiml_nb.widgets.layout import (
    DESK,
    PROJECTOR,
    PROJECTOR_WITH_TEXT,
    Layout,
    Panel,
    place_panels,
)
from aiml_nb.widgets.legend import legend
from aiml_nb.widgets.row_texts import row_texts
from aiml_nb.widgets.side import Side
from aiml_nb.widgets.svg import text_width, ticks
from aiml_nb.widgets.track import draw_race

from ..analysis.builders import make_run, make_sync, timed

LONG = "Jumping gypsies: quickly, jog by my puppy, and explain what the queue is good for!"


def runs_of(n: int) -> tuple[Run, Run]:
    """Return two runs; some calls of the second end just before its bound."""
    concurrent = [(0.0, 2.0 - 0.07 * (i % 9)) for i in range(n)]
    prompts = [LONG] * n
    sync = make_sync(*timed(*((i, i + 1) for i in range(n))), prompts=prompts)
    sync.calls[-1].outcome, sync.calls[-1].error_type = "timeout", "deadline"
    return sync, make_run(*timed(*concurrent), prompts=prompts, max_concurrency=max(1, n - 1))


def sides_of(n: int) -> list[Side]:
    return [Side(letter, run, over=True) for letter, run in zip("AB", runs_of(n), strict=True)]


def panels_of(n: int, *, large: bool) -> list[Panel]:
    return place_panels(sides_of(n), [n, n], end=float(max(n, 3)), large=large)


def elements(image: str) -> list[ET.Element]:
    found = re.search(r"base64,([^\"]+)", image)
    assert found is not None
    return list(ET.fromstring(base64.b64decode(found[1])).iter())  # noqa: S314  our own


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("n", [1, 2, 4, 6, 20, 40])
def test_texts_beside_rows_cover_neither_each_other_nor_the_bound(n: int, large: bool):
    for panel in panels_of(n, large=large):
        texts = list(row_texts(panel))
        bound = None if panel.side.bound is None else panel.x(panel.side.bound)
        for anchor in ("start", "end"):
            column = [text for text in texts if text.anchor == anchor]
            for above, below in pairwise(column):
                assert below.y - above.y >= 0.99 * above.size
            for text in column:
                width = width_of(drawable(text.text), size=text.size * 0.72)
                left = text.x if anchor == "start" else text.x - width
                assert left >= 0 or panel.row < panel.layout.least_text
                assert not (bound is not None and left < bound < left + width)


def test_the_white_around_letters_is_drawn_before_all_letters_of_a_side():
    texts = [each for each in elements(draw_race(sides_of(20), end=20.0)) if "text" in each.tag]
    second = next(n for n, each in enumerate(texts) if (each.text or "").startswith("B: "))

    for side in (texts[:second], texts[second:]):
        said = [each for each in side if re.search(r"(^|· )[\d.]+ s$", each.text or "")]
        beside = [each.get("fill") for each in said if each.get("font-weight") is None]
        assert beside[:20] == ["white"] * 20
        assert len(beside) == 40
        assert "white" not in beside[20:]


@pytest.mark.parametrize(
    ("rows", "large", "layout"), [(40, False, DESK), (40, True, PROJECTOR),
     (4, True, PROJECTOR_WITH_TEXT), (4, False, DESK)],
)  # fmt: skip
def test_a_projector_has_text_beside_rows_where_it_can_be_large(
    rows: int, large: bool, layout: object
):
    panels = panels_of(rows // 2, large=large)

    assert panels[0].layout is layout
    assert panels[0].bottom < panels[1].top
    assert panels[0].x(1e9) == layout.width - layout.endings  # type: ignore[attr-defined]


def test_the_picture_keeps_its_size_and_its_axis_while_bars_grow():
    sides = sides_of(6)
    drawn = [draw_race([side.at(t) for side in sides], end=6.0) for t in (0.0, 1.5, 6.0)]

    sizes = {re.search(r'width="(\d+)" height="(\d+)"', each)[0] for each in drawn}  # type: ignore[index]
    numbers = {tuple(e.text for e in elements(each) if re.fullmatch(r"\d+", e.text or ""))
               for each in drawn}  # fmt: skip

    assert len(sizes) == len(numbers) == 1


@pytest.mark.parametrize("layout", [DESK, PROJECTOR])
@pytest.mark.parametrize("unseen", [{"whole"}, {"waiting", "streaming"}], ids=["stream", "whole"])
def test_the_legend_fits_with_all_that_can_be_in_it(layout: Layout, unseen: set[str]):
    states = {*BARS, *LINES} - unseen
    drawn = list(legend(states, [12.34], top=0.0, layout=layout))

    places = [float(x) for x in re.findall(r"translate\(([\d.]+) ", "".join(drawn))]
    last = ET.fromstring(drawn[-1])  # noqa: S314  our own
    size = float(last.get("font-size", 0))
    assert len(places) == len(states) + 1
    assert places == sorted(places)
    assert last.text == "lower bound 12.3 s"
    assert places[-1] + 28 + text_width(last.text, size) <= layout.width
    assert size >= 0.75 * layout.axis


@pytest.mark.parametrize("end", [0.3, 1.0, 12.0, 240.0])
def test_ticks_are_round_few_and_within_the_axis(end: float):
    found = ticks(end)

    assert found[0] == 0
    assert found[-1] <= end
    assert 4 <= len(found) <= 11
    steps = {round(later - sooner, 9) for sooner, later in pairwise(found)}
    assert len(steps) == 1

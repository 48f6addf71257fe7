from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.plot.geometry import LABEL_GAP, Label, Rect, clear_of, place_arrow, time_axis
from aiml_nb.plot.style import EDGE, WIDTH

RIGHT = WIDTH - EDGE


def test_the_axis_leaves_room_for_the_label_of_the_longest_bar() -> None:
    labels = [Label(end=10, width=60), Label(end=5, width=60)]
    axis = time_axis(left=100, right=RIGHT, horizon=10, labels=labels)

    assert axis.px(0) == 100
    assert axis.px(10) + 60 == RIGHT


@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(LABEL_GAP, 200)), max_size=24),
    st.floats(20, 400),
    st.none() | st.floats(1, 10),
)
def test_no_label_runs_off_the_card_or_is_crossed(
    labels: list[tuple[float, float]], left: float, bound: float | None
) -> None:
    made = [Label(end=end, width=width, bound=bound) for end, width in labels]
    axis = time_axis(left=left, right=RIGHT, horizon=10, labels=made)

    for label in made:
        start = axis.px(label.end) + LABEL_GAP
        if bound is not None:
            start = clear_of(axis.px(bound), start=start, width=label.width - LABEL_GAP)
            assert start >= axis.px(bound) or start + label.width - LABEL_GAP <= axis.px(bound)
        assert start + label.width - LABEL_GAP <= RIGHT + 0.1


def test_words_that_would_cover_the_bound_begin_behind_it() -> None:
    assert clear_of(200, start=150, width=80) == 200 + LABEL_GAP
    assert clear_of(200, start=150, width=40) == 150
    assert clear_of(200, start=300, width=80) == 300


def test_the_arrow_takes_the_first_level_that_is_free() -> None:
    taken = [Rect(0, 28, 400, 56)]
    arrow = place_arrow(
        start=300, end=600, text_width=90, levels=[42, 14], taken=taken, bottom=56, right=RIGHT
    )

    assert (arrow.y, arrow.start, arrow.end, arrow.align) == (14, 300, 600, "left")
    assert not arrow.needs_strip


def test_the_text_stands_over_an_arrow_long_enough() -> None:
    arrow = place_arrow(
        start=300, end=600, text_width=90, levels=[42], taken=[], bottom=56, right=RIGHT
    )

    assert (arrow.text_x, arrow.align) == (450, "center")


@pytest.mark.parametrize(("start", "end", "align"), [(300, 330, "left"), (850, 880, "right")])
def test_the_text_of_a_short_arrow_stands_beside_it(start: float, end: float, align: str) -> None:
    arrow = place_arrow(
        start=start, end=end, text_width=90, levels=[42], taken=[], bottom=56, right=RIGHT
    )

    assert arrow.align == align


def test_without_a_free_level_the_arrow_goes_below() -> None:
    taken = [Rect(0, 0, 500, 56)]
    arrow = place_arrow(
        start=300, end=600, text_width=90, levels=[42, 14], taken=taken, bottom=56, right=RIGHT
    )

    assert arrow.needs_strip
    assert arrow.y > 56

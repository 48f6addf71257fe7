from __future__ import annotations

from dataclasses import replace

import pytest

from aiml_nb.records import Comparison
from aiml_nb.report.subjects import layout_of, run_names, subjects

from ..analysis.builders import call, faq, make_run, make_sync, timed
from ..analysis.schedules import first_come, serialised


def compared(n: int, slots: int) -> Comparison:
    sync = serialised([1.0] * n, slots=1)
    sync.strategy = "sequential"
    return Comparison(pairs=[(sync, first_come([1.0] * n, slots=slots))])


@pytest.mark.parametrize(
    ("calls", "slots", "layout"),
    [
        (2, 2, "rows"),
        (24, 5, "rows"),
        (24, 6, "lanes"),
        (25, 1, "lanes"),
        (770, 10, "lanes"),
        (780, 10, "overview"),
        (10_000, 50, "overview"),
        (3000, 1000, "lanes"),
    ],
)
def test_the_layout_of_a_comparison(calls: int, slots: int, layout: str) -> None:
    """Bars of 1/77 of 616 pixels are 8 pixels wide."""
    assert layout_of(compared(calls, slots)) == layout


def test_the_layout_of_runs() -> None:
    assert layout_of(faq().concurrent) == "rows"
    assert layout_of(first_come([1.0] * 25, slots=5)) == "lanes"
    never = make_run(*(call(outcome="not_started") for _ in range(2)))
    assert layout_of(Comparison(pairs=[(faq().sync, never)])) == "rows"
    assert layout_of([faq().sync, faq().concurrent]) == "strategies"
    assert layout_of(make_run(*(call(outcome="not_started") for _ in range(99)))) == "lanes"
    assert layout_of(make_run()) == "rows"


def test_runs_are_named_after_what_sets_them_apart() -> None:
    a, b = make_run(*timed((0, 1))), make_run(*timed((0, 1)), max_concurrency=7)

    assert run_names([make_sync(call(0, 1)), a]) == ["sequential", "gather"]
    assert run_names([a, b]) == ["gather, at most 1", "gather, at most 7"]
    assert run_names([a, a]) == ["gather, at most 1 (1)", "gather, at most 1 (2)"]
    streamed = make_run(call(0, 1), stream=True)
    assert run_names([a, streamed]) == ["gather, not streamed", "gather, streamed"]
    assert run_names([a, b, replace(b, stream=True)])[2] == "gather, at most 7, streamed"
    assert [name for name, _ in subjects([a, b])] == run_names([a, b])
    assert run_names([make_run(strategy="\x1b[31m$x$" + "y" * 99)])[0].isprintable()

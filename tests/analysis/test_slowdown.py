from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.analysis import speedup_parts
from aiml_nb.records import Comparison
from aiml_nb.report.annotations import identity_notes, margin_notes

from .builders import call, make_run, make_sync, timed


def test_the_identity_by_hand() -> None:
    """Four calls of 1 s became calls of 1.25 s in two slots: 4 / 2.5 = 2 / 1.25."""
    sync = make_sync(*timed((0, 1), (1, 2), (2, 3), (3, 4)))
    concurrent = make_run(*timed((0, 1.25), (0, 1.25), (1.25, 2.5), (1.25, 2.5)), max_concurrency=2)
    parts = speedup_parts(sync, concurrent)

    assert parts is not None
    assert (parts.speedup, parts.mean_in_flight, parts.slowdown) == (1.6, 2, 1.25)
    assert identity_notes(parts) == ["1.6× = 2 in flight", "        ÷ 1.25 slower per call"]
    assert margin_notes(Comparison(pairs=[(sync, concurrent)])) == [
        "0% of pairs overtook",
        "Kendall's τ 0.67",
        "efficiency 100% of the bound",
        *identity_notes(parts),
    ]


def test_only_prompts_ok_in_both_count() -> None:
    sync = make_sync(*timed((0, 1), (1, 3), (3, 6)))
    concurrent = make_run(call(0, 1), call(0, 0.1, outcome="error"), call(0, 3))
    parts = speedup_parts(sync, concurrent)

    assert parts is not None
    assert (parts.kept, parts.prompts) == (2, 3)
    assert parts.speedup == pytest.approx(4 / 3)
    assert identity_notes(parts)[-1] == "over the 2 ok in both"


def test_quicker_calls_are_called_so() -> None:
    parts = speedup_parts(make_sync(*timed((0, 2), (2, 4))), make_run(*timed((0, 1), (0, 1))))

    assert parts is not None
    assert identity_notes(parts)[1].strip() == "÷ 0.50 quicker per call"


def test_nothing_to_compare() -> None:
    assert speedup_parts(make_sync(), make_run()) is None
    assert speedup_parts(make_sync(*timed((0, 0))), make_run(*timed((0, 0)))) is None


lengths = st.lists(st.floats(0.01, 10), min_size=1, max_size=20)


@given(lengths, lengths)
def test_the_identity_holds_for_any_pair(first: list[float], second: list[float]) -> None:
    n = min(len(first), len(second))
    ends = [sum(first[: i + 1]) for i in range(n)]
    sync = make_sync(*timed(*zip([0.0, *ends], ends, strict=False)))
    parts = speedup_parts(sync, make_run(*timed(*((0, d) for d in second[:n]))))

    assert parts is not None
    assert parts.speedup == pytest.approx(parts.mean_in_flight / parts.slowdown)

from __future__ import annotations

from math import exp, log

import pytest

from aiml_nb.analysis import interval, median_pair, pair_times, speedup
from aiml_nb.analysis.pairs import length_ratio, t_quantile
from aiml_nb.records import Call, Comparison, Run

from .builders import call, faq, make_run, make_sync, timed


def pair(sync: float, concurrent: float) -> tuple[Run, Run]:
    """Return two calls whose runs took these seconds."""
    half = sync / 2
    return make_sync(*timed((0, half), (half, sync))), make_run(*timed((0, concurrent), (0, 0.1)))


def failed(started: float, finished: float) -> Call:
    return call(started, finished, outcome="error", error_type="500")


def test_one_pair_is_the_ratio_of_the_makespans_without_an_interval() -> None:
    comparison = faq()

    assert speedup(comparison) == pytest.approx(4.21 / 3.12)
    assert interval(comparison) is None


def test_several_pairs_are_averaged_geometrically() -> None:
    comparison = Comparison(pairs=[pair(2, 1), pair(8, 1)])

    assert speedup(comparison) == pytest.approx(4)


def test_the_interval_is_t_on_the_logarithms() -> None:
    """Logarithms 0, 1 and 2: mean 1, standard deviation 1, t of 2 degrees 4.302653."""
    comparison = Comparison(pairs=[pair(exp(k), 1) for k in range(3)])
    low, high = interval(comparison) or (0, 0)

    assert log(low) == pytest.approx(1 - 4.302653 / 3**0.5, abs=1e-5)
    assert log(high) == pytest.approx(1 + 4.302653 / 3**0.5, abs=1e-5)


def test_equal_pairs_leave_no_doubt() -> None:
    assert interval(Comparison(pairs=[pair(2, 1)] * 3)) == pytest.approx((2, 2))


@pytest.mark.parametrize(
    ("freedom", "published"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (120, 1.980)],
)
def test_t_agrees_with_the_published_tables(freedom: int, published: float) -> None:
    assert t_quantile(freedom) == pytest.approx(published, abs=5e-4)


def test_a_prompt_that_failed_in_async_is_left_out_of_both_runs() -> None:
    """Sync without its middle call takes 1 + 3 s; async is done with the others after 3 s."""
    sync = make_sync(*timed((0, 1), (1, 3), (3, 6)))
    concurrent = make_run(call(0, 1), failed(0, 0.1), call(0, 3))
    times = pair_times(sync, concurrent)

    assert (times.sync, times.concurrent) == (4, 3)
    assert (times.kept, times.prompts) == (2, 3)
    assert speedup(Comparison(pairs=[(sync, concurrent)])) == pytest.approx(4 / 3)


def test_a_prompt_that_failed_in_sync_is_left_out_of_both_runs() -> None:
    sync = make_sync(call(0, 1), failed(1, 1.1), call(1.1, 3.1))
    times = pair_times(sync, make_run(*timed((0, 1), (0, 9), (0, 2))))

    assert times.sync == pytest.approx(3)
    assert times.concurrent == 2


def test_an_early_failure_does_not_flatter() -> None:
    sync = make_sync(*timed((0, 1), (1, 11)))
    concurrent = make_run(call(0, 1), failed(0, 0.1))

    assert speedup(Comparison(pairs=[(sync, concurrent)])) == pytest.approx(1)


def test_nothing_ok_in_both_has_no_speedup() -> None:
    comparison = Comparison(
        pairs=[(make_sync(call(0, 1), failed(1, 2)), make_run(failed(0, 1), call(0, 1)))]
    )

    assert speedup(comparison) is None
    assert median_pair(comparison) is comparison.pairs[0]


def test_identical_stamps_have_no_speedup() -> None:
    assert speedup(Comparison(pairs=[pair(0, 0.1)])) is None


@pytest.mark.parametrize(("ratios", "middle"), [([3, 1, 2], 2), ([4, 1, 2, 3], 2), ([5], 5)])
def test_the_median_pair_is_the_lower_of_the_middle(ratios: list[float], middle: float) -> None:
    comparison = Comparison(pairs=[pair(ratio, 1) for ratio in ratios])

    assert median_pair(comparison)[0].makespan == middle


def test_a_comparison_needs_a_pair() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        median_pair(Comparison(pairs=[]))


def test_answers_are_compared_by_their_characters() -> None:
    sync = make_sync(call(0, 1, text="1234"), failed(1, 2))
    concurrent = make_run(call(0, 1, text="123456"), call(0, 1, text="not counted"))

    assert length_ratio(sync, concurrent) == 1.5
    assert length_ratio(make_sync(call(0, 1)), concurrent) is None

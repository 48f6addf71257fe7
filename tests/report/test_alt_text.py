"""The alternative text says what each layout shows."""

from __future__ import annotations

from aiml_nb.records import Comparison, LimitChange, Run
from aiml_nb.report import alt_text

from ..analysis.builders import LONG, SHORT, call, faq, make_run, make_sync, timed, with_retries


def pooled(n: int, *, limit: int, **fields: object) -> Run:
    spans = ((i // limit, i // limit + 1) for i in range(n))
    return make_run(*timed(*spans), max_concurrency=limit, **fields)


def test_the_alternative_text_tells_the_order() -> None:
    said = alt_text(faq())

    assert said.startswith("Timeline. Async answered both prompts in 3.12 s instead of 4.21 s")
    assert (
        "At the same time (async), 2 bars: both at once, the last finished at 3.12 s. They "
        f"finished in this order: “{SHORT}” at 1.29 s and “{LONG}” at 3.12 s. A dashed line marks "
        "the lower bound, 3.12 s."
    ) in said


def test_the_alternative_text_of_many_calls_stays_short() -> None:
    calls = timed(*((0, i + 1) for i in range(1000)))
    comparison = Comparison(pairs=[(make_sync(*calls), make_run(*calls, max_concurrency=2000))])

    assert len(alt_text(comparison)) < 900


def test_lanes() -> None:
    sync = make_sync(*timed(*((i, i + 1) for i in range(40))))
    said = alt_text(Comparison(pairs=[(sync, pooled(40, limit=10))]))

    assert (
        "Two bars on one time axis: sync 40.0 s, async 4.00 s. Below, the second enlarged." in said
    )
    assert "40 calls as bars in 10 lanes, a row for each of its slots." in said
    assert "Under it the calls in flight, 10 on average, and the calls done, 40 ok." in said
    assert "Dashed lines mark the lower bound, 4.00 s." in said
    assert "0% of pairs overtook; Kendall's τ 0.77; efficiency 100% of the bound;" in said
    assert said.endswith("10.0× = 10 in flight; ÷ 1.00 slower per call.")


def test_durations_over_time() -> None:
    said = alt_text(pooled(2000, limit=10))

    assert "The durations of 2,000 calls over time, as a line for the median (1.00 s over all)" in (
        said
    )
    assert "Two bars" not in said


def test_repeats() -> None:
    said = alt_text(Comparison(pairs=faq().pairs * 3))

    assert "show the speed-ups of the 3 pairs, from 1.35× to 1.35×, beside a line at 1×" in said


def test_a_limit_that_changed() -> None:
    history = [
        LimitChange(at=0.0, limit=8, cause="start"),
        LimitChange(at=0.5, limit=4, cause="429"),
        LimitChange(at=3.0, limit=5, cause="ok"),
    ]
    run = make_run(
        with_retries(0, times=(0.5, 1, 1)), call(0, 3), max_concurrency=8, limit_history=history
    )

    assert alt_text(run).endswith(
        "A dotted line shows the limit of attempts in flight, from 8 at first to 5 at last, "
        "between 4 and 8, with 1 mark for answers of status 429."
    )


def test_several_runs() -> None:
    said = alt_text([make_sync(*timed((0, 1), (1, 3))), make_run(*timed((0, 1), (0, 2)))])

    assert "sequential, 2 bars: one at a time, the last finished at 3.00 s." in said
    assert "gather, 2 bars: both at once, the last finished at 2.00 s." in said


def test_nothing_finished() -> None:
    assert "No call finished." in alt_text(
        make_run(*(call(outcome="not_started") for _ in range(99)))
    )

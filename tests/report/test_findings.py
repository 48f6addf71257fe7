"""Each sentence in the cases it must be true in."""

from __future__ import annotations

from typing import Any

import pytest

from aiml_nb.messages import for_command_line
from aiml_nb.records import Call, Comparison, LimitChange, Run
from aiml_nb.report import caveat, compare_strategies, describe, finding
from aiml_nb.report.subjects import subjects

from ..analysis.builders import call, faq, make_run, make_sync, timed, with_retries


def compared(sync: Run, concurrent: Run) -> Comparison:
    return Comparison(pairs=[(sync, concurrent)])


def failed(started: float, finished: float, **fields: Any) -> Call:
    return call(started, finished, **{"outcome": "error", "error_type": "429"} | fields)


def of_makespans(sync: float, concurrent: float) -> tuple[Run, Run]:
    half = sync / 2
    return make_sync(*timed((0, half), (half, sync))), make_run(*timed((0, 0.1), (0, concurrent)))


def in_a_row(n: int) -> list[Call]:
    return timed(*((i, i + 1) for i in range(n)))


def test_two_prompts() -> None:
    assert finding(faq()) == "Async answered both prompts in 3.12 s instead of 4.21 s: 1.3× faster"
    assert caveat(faq()) == (
        "1 run each, so no error bar. The short answer was submitted second and finished first; "
        "the slowest call sets the async total."
    )


def test_one_prompt() -> None:
    comparison = compared(make_sync(*timed((0, 3.05))), make_run(*timed((0, 3.1))))

    assert finding(comparison) == (
        "Async answered the prompt in 3.10 s, sync in 3.05 s: one prompt leaves nothing to overlap"
    )
    assert caveat(comparison) == "1 run each, so no error bar."


def test_many_prompts_under_a_limit() -> None:
    spans = [(0.0, 2.0), (0.0, 1.0), (1.0, 2.0), (2.0, 2.5)]
    comparison = compared(make_sync(*in_a_row(4)), make_run(*timed(*spans), max_concurrency=2))

    assert finding(comparison) == "4 prompts, 2 at a time: 2.50 s instead of 4.00 s (1.6× faster)"
    assert "1 of 6 pairs finished out of submission order." in caveat(comparison)


def test_many_prompts_at_once() -> None:
    comparison = compared(make_sync(*in_a_row(4)), make_run(*timed(*[(0, 1)] * 4)))

    assert finding(comparison) == "4 prompts, all at once: 1.00 s instead of 4.00 s (4.0× faster)"
    assert "The calls finished in the order submitted." in caveat(comparison)


def test_slower() -> None:
    comparison = compared(*of_makespans(4.2, 4.7))

    assert (
        finding(comparison) == "Async took 4.70 s for both prompts instead of 4.20 s: 1.1× slower"
    )


def test_many_prompts_slower() -> None:
    comparison = compared(
        make_sync(*in_a_row(3)), make_run(*timed((0, 2), (0, 2), (0, 6)), max_concurrency=3)
    )

    assert finding(comparison) == "3 prompts, all at once: 6.00 s instead of 3.00 s (2.0× slower)"


def test_async_that_never_overlapped() -> None:
    comparison = compared(make_sync(*in_a_row(3)), make_run(*in_a_row(3)))

    assert finding(comparison) == (
        "3 prompts, one at a time: 3.00 s instead of 3.00 s (about as fast)"
    )
    assert (
        "No two calls were ever in flight at once, though 3 might have been: the run took 3.00 s, "
        "at least 1.33 s too long. Look for code that blocks, or that awaits each call before the "
        "next one starts."
    ) in caveat(comparison)


def test_some_failed() -> None:
    comparison = compared(
        make_sync(*timed((0, 1), (1, 3), (3, 6))), make_run(call(0, 1), failed(0, 0.1), call(0, 3))
    )

    assert finding(comparison) == (
        "2 of 3 prompts, all at once: 3.00 s instead of 4.00 s (1.3× faster)"
    )
    assert (
        "Not like for like: 1 failed (429) in async; compared over the 2 prompts ok in both."
    ) in caveat(comparison)


def test_one_of_two_failed() -> None:
    comparison = compared(make_sync(*timed((0, 2), (2, 3))), make_run(call(0, 1), failed(0, 0.1)))

    assert finding(comparison) == (
        "Async answered 1 of 2 prompts in 1.00 s, sync in 2.00 s: one prompt leaves nothing to "
        "overlap"
    )


def test_one_prompt_repeated() -> None:
    pairs = [(make_sync(*timed((0, s))), make_run(*timed((0, 1)))) for s in (1.1, 1.2, 1.3)]

    assert finding(Comparison(pairs=pairs)) == (
        "One prompt leaves nothing to overlap: async was 1.20× faster (95% interval 1.03× slower "
        "to 1.47× faster, 3 interleaved pairs)"
    )


def test_none_answered() -> None:
    comparison = compared(
        make_sync(failed(0, 1), failed(1, 2)), make_run(failed(0, 1), failed(0, 1))
    )

    assert finding(comparison) == "Neither of the 2 prompts was answered, in sync or in async"
    assert caveat(comparison) == "2 failed (429) in sync, 2 failed (429) in async."
    assert finding(compared(make_sync(failed(0, 1)), make_run(failed(0, 1)))) == (
        "The prompt was not answered, in sync or in async"
    )


def test_none_answered_in_both() -> None:
    comparison = compared(make_sync(call(0, 1), failed(1, 2)), make_run(failed(0, 1), call(0, 1)))

    assert finding(comparison) == (
        "No prompt was answered in both runs, so there is nothing to compare"
    )


def test_not_started() -> None:
    stopped = [failed(0, 0.1, error_type="401"), *(call(outcome="not_started") for _ in range(2))]
    comparison = compared(make_sync(*in_a_row(3)), make_run(*stopped))

    assert caveat(comparison).startswith("2 not started and 1 failed (401) in async.")


def test_no_calls() -> None:
    assert finding(make_run()) == "No calls were made"
    assert finding(compared(make_sync(), make_run())) == "No calls were made"
    assert caveat(make_run()) == ""


def test_identical_stamps() -> None:
    comparison = compared(make_sync(*timed((0, 0))), make_run(*timed((0, 0))))

    assert finding(comparison) == (
        "Async answered the prompt in 0 s, sync in 0 s: one prompt leaves nothing to overlap"
    )
    both = compared(make_sync(*timed((0, 0), (0, 0))), make_run(*timed((0, 0), (0, 0))))
    assert finding(both) == (
        "Async answered both prompts in 0 s instead of 0 s: too short to compare"
    )


def test_repeats() -> None:
    comparison = Comparison(pairs=[of_makespans(s, 1) for s in (1.9, 2.0, 2.1)])

    assert finding(comparison) == (
        "Async was 2.00× faster (95% interval 1.76× to 2.26×, 3 interleaved pairs)"
    )
    assert caveat(comparison).startswith(
        "Async was faster in 3 of 3 pairs. Shown is the pair with the median speed-up."
    )


def test_repeats_that_leave_it_open() -> None:
    comparison = Comparison(pairs=[of_makespans(s, 2) for s in (1.0, 2.0, 3.0)])

    assert finding(comparison) == (
        "Async was 1.10× slower (95% interval 4.38× slower to 3.61× faster, 3 interleaved pairs)"
    )
    assert "The interval contains 1×: they may be equally fast." in caveat(comparison)
    assert "Async was faster in 1 of 3 pairs." in caveat(comparison)


def test_repeats_slower() -> None:
    comparison = Comparison(pairs=[of_makespans(2, s) for s in (3.9, 4.0, 4.1)])

    assert finding(comparison) == (
        "Async was 2.00× slower (95% interval 1.88× to 2.13×, 3 interleaved pairs)"
    )


def test_repeats_of_which_one_failed() -> None:
    lost = (make_sync(*in_a_row(2)), make_run(failed(0, 1), failed(0, 1)))
    comparison = Comparison(pairs=[of_makespans(2, 1), of_makespans(3, 1), lost])

    assert "2 interleaved pairs)" in finding(comparison)
    assert "2 of 3 pairs could be compared." in caveat(comparison)
    assert "Not like for like: 2 failed (429) in async." in caveat(comparison)


def test_threads_are_not_called_async() -> None:
    sync, concurrent = of_makespans(4, 2)
    concurrent.strategy = "threads"
    other = of_makespans(4, 2)
    other[1].strategy = "threads"

    assert finding(compared(sync, concurrent)).startswith("Threads answered both prompts")
    assert finding(Comparison(pairs=[(sync, concurrent), other])).startswith("Threads were 2.00×")


def test_simulated_comes_first() -> None:
    assert caveat(faq(simulated=True)).startswith("Simulated. ")
    assert caveat(make_run(call(0, 1), simulated=True)) == "Simulated."


@pytest.mark.parametrize(
    ("text", "said"), [("x" * 12, "20% longer"), ("x" * 5, "50% shorter"), ("x" * 11, None)]
)
def test_answers_of_different_lengths(text: str, said: str | None) -> None:
    comparison = compared(make_sync(call(0, 1, text="x" * 10)), make_run(call(0, 1, text=text)))
    sentence = f"The answers in async were {said} than in sync."

    assert (sentence in caveat(comparison)) is (said is not None)
    assert ("answers" in caveat(comparison)) is (said is not None)


@pytest.mark.parametrize(
    ("worst", "total", "said"),
    [(None, None, False), (0.05, 4.0, False), (0.3, 0.1, False), (0.3, 1.2, True)],
)
def test_a_late_loop_is_said_with_how_much_it_explains(
    worst: float | None, total: float | None, said: bool
) -> None:
    """One late moment of a tenth of a second explains nothing of ten seconds."""
    run = make_run(*timed((0, 10)), loop_lag_max=worst, loop_lag_total=total)
    sentence = (
        "The event loop was late for 1.20 s of 10.0 s (12%), by 0.30 s at worst: for that part "
        "the client may have been the bottleneck, not the model."
    )

    assert (sentence in caveat(run)) is said
    assert ("event loop" in caveat(run)) is said


def test_of_several_runs_the_one_most_affected_is_spoken_of() -> None:
    little = make_run(*timed((0, 10)), loop_lag_max=0.9, loop_lag_total=1.0)
    much = make_run(*timed((0, 1)), loop_lag_max=0.3, loop_lag_total=0.5)

    assert "late for 0.50 s of 1.00 s (50%), by 0.30 s" in caveat([little, much])


def test_a_file_that_knows_the_worst_moment_alone() -> None:
    assert (
        "The event loop was late, by 0.30 s at worst: the client may have been slow, not the model."
    ) in caveat(make_run(*timed((0, 1)), loop_lag_max=0.3))


@pytest.mark.parametrize(("lag", "said"), [(0.019, False), (0.031, True)])
def test_a_late_loop_is_measured_against_the_first_token(lag: float, said: bool) -> None:
    """A tenth of 0.3 s, but never less than the 20 ms that the probe sleeps."""
    for first in (0.3, 0.01):
        run = make_run(call(0, 1, first_token=first), loop_lag_max=lag, loop_lag_total=0.2)

        assert ("event loop" in caveat(run)) is said


def test_each_diagnosis_has_its_sentence() -> None:
    batches = make_run(*timed((0, 1), (0, 4), (4, 5), (4, 8), (8, 9), (8, 12)), max_concurrency=2)
    too_few = make_run(*timed(*((i // 2, i // 2 + 1) for i in range(12))), max_concurrency=6)
    gaps = make_run(*timed((0, 1), (0, 2), (1.5, 4), (6, 7), (6, 7)), max_concurrency=2)
    pauses = make_run(
        *timed((0, 1), (0, 1.5), (1, 2)), with_retries(9, times=(0.1, 1, 0.1)), max_concurrency=2
    )

    assert caveat(batches).endswith(
        "The calls went in 3 batches of 2, and each batch waited for its slowest call: on average "
        "a slot stood empty for 3.00 s of 12.0 s. Let a call start as soon as a slot is free, as "
        "gather with a limit does."
    )
    assert caveat(too_few).endswith(
        "Never more than 2 of 6 slots were in use: the run took 6.00 s, at least 3.17 s too long. "
        "Look for another limit, such as a pool of threads or connections."
    )
    assert caveat(gaps).endswith(
        "Slots stood empty while calls waited: the run took 7.00 s, at least 2.00 s too long. Look "
        "for code that blocks between one call and the next."
    )
    assert (
        "Slots stood empty in the pauses after 429s: the run took 10.2 s, at least 7.10 s too "
        'long. Try a smaller max_concurrency, or strategy="adaptive".'
    ) in caveat(pauses)
    said = for_command_line(describe(pauses))
    assert "Try a smaller --max-concurrency, or --strategy adaptive." in said


def test_a_run_that_wastes_nothing_is_not_diagnosed() -> None:
    assert "idle" not in caveat(make_run(*timed((0, 1), (0, 2), (1, 3)), max_concurrency=2))


def test_much_backoff_is_said() -> None:
    run = make_run(with_retries(0, times=(0.5, 3, 0.5)))

    assert "75% of the calls' time was back-off between attempts." in caveat(run)


def test_tokens_that_are_none_are_said() -> None:
    """The FAQ's own printout: 9,293 "tokens" for an answer of some 1,200 characters."""
    run = make_run(call(0, 4, text="x" * 1200, output_tokens=9293, cost=0.0032))

    assert caveat(run) == (
        "Usage does not measure text (9,293 tokens for 1,200 characters, 300 characters/s, "
        "$0.0032)."
    )


def test_several_runs() -> None:
    slow = make_run(*in_a_row(4), strategy="batches", max_concurrency=2)
    quick = make_run(*timed((0, 1), (0, 1), (1, 2), (1, 2)), max_concurrency=2)

    assert finding([slow, quick]) == "gather was the fastest of 2 runs: 2.00 s; batches took 4.00 s"
    assert caveat([slow, quick]) == (
        "1 run each, so no error bar. batches: no two calls were ever in flight at once, though 2 "
        "might have been: the run took 4.00 s, at least 1.50 s too long. Look for code that "
        "blocks, or that awaits each call before the next one starts."
    )


def test_a_run_whose_calls_failed_is_not_the_fastest() -> None:
    runs = [
        make_run(failed(0, 0.1), failed(0, 0.1), strategy="threads"),
        make_run(*timed((0, 1), (0, 2))),
        make_run(*timed((0, 1), (0, 3))),
    ]

    assert finding(runs) == (
        "gather, at most 2 (2) was the fastest of 3 runs: 2.00 s; gather, at most 2 (3) took 3.00 s"
    )
    assert "threads: 2 failed (429)." in caveat(runs)
    assert finding(runs[:1] * 2) == "None of 2 runs answered a prompt"


def test_a_single_run_that_answered_is_not_called_the_fastest() -> None:
    lost = [make_run(failed(0, 0.1), failed(0, 0.1)), make_run(call(0, None), call(0, None))]

    assert finding([make_run(*timed((0, 1), (0, 2))), *lost]) == (
        "gather, at most 2 (1) alone answered 2 prompts: 2.00 s"
    )
    assert finding(lost) == "None of 2 runs answered a prompt"


def test_runs_without_duration_are_as_fast_as_each_other_alone() -> None:
    empty, slow = make_run(*timed((0, 0))), make_sync(*timed((0, 1)))

    assert finding([empty, empty]) == "2 runs took about as long: 0 s"
    assert finding([empty, slow]) == "gather was the fastest of 2 runs: 0 s; sequential took 1.00 s"


def test_runs_that_are_about_as_fast_are_not_ranked() -> None:
    runs = [make_run(*timed((0, 1), (0, end))) for end in (2.00, 2.05)]

    assert finding(runs) == "2 runs took about as long: 2.00 s to 2.05 s"


def alike(**fields: Any) -> Run:
    return make_run(*in_a_row(2), **{"prompts": ["one", "two"], "model": "m"} | fields)


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (alike(prompts=["one", "three"]), "different prompts"),
        (make_run(*in_a_row(3)), "different numbers of prompts"),
        (alike(simulated=True), "simulated against real"),
    ],
)
def test_unlike_runs_are_not_ranked(other: Run, difference: str) -> None:
    runs = [alike(), other]

    assert finding(runs) == f"2 runs that cannot be ranked: {difference}"
    table = compare_strategies(runs)
    assert table["not_comparable"].fillna("").tolist() == ["", difference]
    assert table["speedup"].isna().tolist() == [False, True]
    assert table["compared"].tolist() == [2, 0]


def test_what_a_file_left_out_is_not_a_difference() -> None:
    assert "ranked" not in finding([alike(), alike(prompts=["", ""], model="", base_url="")])


def test_pairs_of_different_prompts_are_not_compared() -> None:
    sync = make_sync(*in_a_row(2), prompts=["a", "b"])

    assert finding(compared(sync, alike())) == (
        "No prompt was answered in both runs, so there is nothing to compare"
    )


def history(*limits: int, cause: Any = "429") -> list[LimitChange]:
    return [
        LimitChange(at=float(i), limit=limit, cause=cause if i else "start")
        for i, limit in enumerate(limits)
    ]


def test_a_learned_limit_is_not_the_peak() -> None:
    spans = timed(*((0, 1),) * 3, *((1, 2),) * 2)
    run = make_run(*spans, strategy="adaptive", limit_history=history(4, 2))
    still = make_run(*spans, strategy="adaptive", limit_history=history(4, 5, cause="ok"))

    assert finding(run) == (
        "5 prompts were answered in 2.00 s, up to 3 at a time, limit 2 at the end"
    )
    assert finding(compared(make_sync(*in_a_row(5)), run)) == (
        "5 prompts, up to 3 at a time, limit 2 at the end: 2.00 s instead of 5.00 s (2.5× faster)"
    )
    assert subjects(run)[0][0] == "At the same time (adaptive, limit 2 at the end)"
    assert finding(make_sync(*in_a_row(2), limit_history=history(1, 1))).endswith("one at a time")
    assert finding(still).endswith("up to 3 at a time, no limit met")


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (make_run(*timed((0, 1))), "The prompt was answered in 1.00 s"),
        (make_run(*timed((0, 1), (0, 2))), "Both prompts were answered in 2.00 s, both at once"),
        (make_sync(*in_a_row(5)), "5 prompts were answered in 5.00 s, one at a time"),
        (make_run(call(0, 1), failed(0, 2)), "1 of 2 prompts was answered in 2.00 s, both at once"),
        (make_run(failed(0, 2)), "The prompt was not answered"),
        (make_run(call(0, None)), "The prompt was not answered"),
        (make_run(*[failed(0, 2)] * 3), "None of the 3 prompts was answered"),
    ],
)
def test_a_run_alone(run: Run, said: str) -> None:
    assert finding(run) == said


def test_the_losses_of_a_run_alone() -> None:
    run = make_run(call(0, 1), failed(0, 2), call(outcome="not_started"))

    assert caveat(run).startswith("1 failed (429) and 1 not started.")

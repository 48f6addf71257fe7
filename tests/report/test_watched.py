"""What is said of watched code, of functions, and of calls of several kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aiml_nb import compare_strategies, plot_timeline, what_if
from aiml_nb.analysis import diagnose, efficiency, lower_bound, upper_bound
from aiml_nb.analysis.pauses import pauses
from aiml_nb.analysis.subject import Subject
from aiml_nb.records import Attempt, Call, Run
from aiml_nb.report import alt_text, caveat, describe, finding
from aiml_nb.report.wording import mean_in_words

from ..analysis import watched
from ..analysis.builders import call, item, make_run, step, timed, watch_run, with_retries

RUNS: dict[str, Callable[[], Run]] = {
    "faq sync": watched.faq_sync,
    "faq concurrent": watched.faq_concurrent,
    "mixed": watched.mixed,
    "retries": watched.hidden_retries,
    "unfinished": watched.unfinished,
    "many": lambda: watched.many(300, slots=12),
    "hostile": lambda: watch_run(*watched.hostile_items()),
    "nothing": watch_run,
    "one": lambda: watch_run(call(0, 1)),
    "none finished": lambda: watch_run(call(0, None), call(0.5, None)),
}


def all_words(shown: Run | list[Run]) -> str:
    figure = plot_timeline(shown)
    drawn = [text.get_text() for axes in figure.axes for text in axes.texts]
    titles = [f"{axes.get_title(loc='left')} {axes.get_xlabel()}" for axes in figure.axes]
    legend = [text.get_text() for row in figure.legends for text in row.get_texts()]
    return "\n".join([alt_text(shown), describe(shown), *drawn, *titles, *legend])


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_said_of_queues_and_limits_that_nobody_set(name: str) -> None:
    run = RUNS[name]()
    said = all_words(run).lower()

    for word in ("queue", "limit", "slot", "efficiency", "bound", "submi", "gather"):
        assert word not in said, word
    assert [lower_bound(run), upper_bound(run), efficiency(run), diagnose(run)] == [None] * 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("faq sync", "Both calls were answered in 4.21 s, one at a time"),
        ("faq concurrent", "Both calls were answered in 3.12 s, both at once"),
        ("mixed", "7 calls were answered in 5.10 s; calls overlapped: at most 3 in flight"),
        ("unfinished", "1 of 6 calls was answered in 2.00 s, all at once"),
        ("nothing", "No calls were made"),
        ("one", "The call was answered in 1.00 s"),
        ("none finished", "Neither of the 2 calls was answered"),
    ],
)
def test_the_finding_of_watched_code(name: str, said: str) -> None:
    assert finding(RUNS[name]()) == said


@pytest.mark.parametrize(
    ("run", "title"),
    [
        (watched.faq_sync(), "One after another (watched): 4.21 s"),
        (watched.faq_concurrent(), "At the same time (watched): 3.12 s"),
        (watched.mixed(), "At the same time (watched, at most 3 in flight): 5.10 s"),
        (watch_run(call(0, 1)), "One call (watched): 1.00 s"),
        (watch_run(call(0, None)), "One call (watched): no call finished"),
        (watch_run(step("a", 0, 1, call(0, 1))), "One part (watched): 1.00 s"),
    ],
)
def test_titles_tell_what_the_code_did(run: Run, title: str) -> None:
    assert title in describe(run).splitlines()


def test_what_is_unfinished_is_said_once() -> None:
    run = watch_run(call(0, 1), call(0, None, outcome="incomplete", error="unfinished when …"))

    assert "1 unfinished." in caveat(run)
    assert "In words" not in caveat(run)


def test_steps_that_overlap_are_parts() -> None:
    run = watch_run(step("a", 0, 1), step("b", 0.5, 2), step("c", 1.5, 3))

    assert finding(run) == "3 parts were done in 3.00 s; parts overlapped: at most 2 in flight"


def test_calls_of_several_kinds_and_models_are_said_to_be_ranked_together() -> None:
    run = watch_run(
        call(0, 1, model="small"),
        call(0, 2, model="large"),
        call(0, 2, model="small", api="responses"),
        call(0, 3, model="asked for", outcome="error", error_type="404"),
    )

    assert (
        "Calls of 2 kinds (3 chat, 1 responses) and 2 models (2 small, 1 large) are ranked "
        "together."
    ) in caveat(run)
    assert "ranked together" not in caveat(watched.faq_concurrent())
    assert "chat: 1. call 1" not in describe(run)
    assert "responses: call 3" in describe(run)


def test_the_models_are_written_beside_the_bars_where_they_differ() -> None:
    run = watch_run(call(0, 1, model="a/small"), call(0, 2, model="x" * 10_000), call(0, 3))
    texts = [text.get_text() for text in plot_timeline(run).axes[0].texts]

    assert texts == ["1st · 1.00 s · small", f"2nd · 2.00 s · {'x' * 19}…", "3rd · 3.00 s"]


def test_hidden_retries_are_told() -> None:
    assert (
        "The client itself sent 1 call again, 2 times in all (after 429): its code sees none of "
        "that."
    ) in caveat(watched.hidden_retries())
    assert pauses(watched.hidden_retries()).spans == []


def test_retries_within_a_function_are_told_too() -> None:
    run = make_run(item(0, 9, with_retries(0, times=(1, 1, 1))))

    assert "The client itself sent 1 call again, once in all (after 429)" in caveat(run)


def test_a_function_that_is_tried_again_is_our_own_retry() -> None:
    run = make_run(with_retries(0, times=(1, 1, 1)))
    run.calls[0].api = "function"

    assert "The client itself" not in caveat(run)


def test_what_functions_did_is_said_in_items() -> None:
    run = watched.chain(50)

    assert finding(run) == "50 items were done in 12.3 s, 8 at a time"
    assert "Within the items 150 calls were made (100 chat, 50 embeddings)." in caveat(run)
    assert "Steps, at the median: look up 0.29 s, draft 1.06 s, check 0.44 s." in caveat(run)
    assert "the functions at work, 7.29 on average, before them the calls in flight, 6.8" in (
        alt_text(run)
    )


def test_a_mean_is_no_more_exact_than_it_can_be_read() -> None:
    run = make_run(item(0, 10, call(0, 0.2537)), item(0, 10))

    assert mean_in_words(run) == "mean 2 functions at work, 0.03 calls in flight"


def test_calls_that_lie_deeper_are_counted_as_all_others() -> None:
    deep = step("b", 0, 1, call(0, 0.5), call(0.5, 1), call(0.6, 1))
    run = make_run(item(0, 1, step("a", 0, 1, deep)))

    assert "Within the items 3 calls were made (3 chat)." in caveat(run)
    assert "3 calls were made" in alt_text(run)


def test_many_steps_are_counted() -> None:
    steps = [step(f"s{i}", i, i + 1 + i / 10) for i in range(7)]

    assert "Steps, at the median: s3 1.30 s, s4 1.40 s, s5 1.50 s, s6 1.60 s, 3 others." in (
        caveat(make_run(item(0, 9, *steps)))
    )


def test_steps_beside_calls_are_parts_of_watched_code() -> None:
    run = watch_run(step("fetch", 0, 1, call(0.1, 0.9)), call(1, 2))

    assert finding(run) == "Both parts were done in 2.00 s, one at a time"
    assert caveat(run) == (
        "Within the parts 1 call was made (1 chat). Steps, at the median: fetch 1.00 s."
    )


def test_what_is_the_same_of_several_runs_is_said_once() -> None:
    runs = [watched.chain(12, slots=slots) for slots in (1, 4)]
    said = caveat(runs)

    assert said.count("Within the items 36 calls were made") == 1
    assert said.count("Steps, at the median") == 1
    assert "workers, at most 1: within the items" in caveat([runs[0], watched.chain(11, slots=4)])


def test_a_call_that_goes_on_is_unfinished() -> None:
    run = watched.unfinished()
    (axes,) = plot_timeline(run).axes
    marks = {
        str(line.get_gid()): np.size(line.get_xdata()) for line in axes.lines if line.get_gid()
    }

    assert "1 unfinished, 1 incomplete, 1 cancelled" in caveat(run)
    assert marks == {"ends failed": 2, "ends cancelled": 1, "ends unfinished": 1}


# Two runs of the same calls are a comparison.


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_calls_in_turn_and_at_once_are_compared(turned: bool) -> None:
    runs = [watched.faq_sync(), watched.faq_concurrent()]
    shown = runs[::-1] if turned else runs
    upper, lower = plot_timeline(shown).axes

    assert finding(shown) == (
        "Overlapping calls answered both prompts in 3.12 s instead of 4.21 s: 1.3× faster"
    )
    assert upper.get_title(loc="left") == "One after another (watched)"
    assert lower.get_title(loc="left") == "At the same time (watched)"
    assert "1.09 s saved" in [text.get_text() for text in lower.texts]


def test_calls_that_were_begun_in_another_order_are_matched_by_their_prompts() -> None:
    names = [f"p{i}" for i in range(6)]
    one = watch_run(*timed(*((i, i + 1) for i in range(6))), prompts=names)
    other = watch_run(
        *timed(*((i / 100, 1 + i / 5) for i in range(6))), prompts=names[3:] + names[:3]
    )
    pair = Subject.of([one, other]).pair

    assert pair is not None
    assert [each.prompt for each in pair[1].calls] == names
    assert [each.index for each in pair[1].calls] == [*range(6)]
    assert finding([one, other]) == "6 prompts, all at once: 2.00 s instead of 6.00 s (3.0× faster)"
    assert [each.prompt for each in other.calls] == names[3:] + names[:3]


def test_what_failed_in_either_is_left_out_of_the_comparison() -> None:
    one = watch_run(*timed((0, 1), (1, 3), (3, 4)), prompts=["a", "b", "c"])
    other = watch_run(
        call(0, 1), call(0, 0.1, outcome="error", error_type="500"), call(0, 1.5), prompts=[*"abc"]
    )

    assert finding([one, other]) == (
        "2 of 3 prompts, all at once: 1.50 s instead of 2.00 s (1.3× faster)"
    )
    assert "Not like for like: 1 failed (500) in the overlapping run; compared over the 2" in (
        caveat([one, other])
    )


def unlike() -> dict[str, tuple[Run, Run]]:
    sync, overlapping = watched.faq_sync(), watched.faq_concurrent()
    return {
        "different prompts": (sync, watch_run(*timed((0, 1), (0, 2)), prompts=["x", "y"])),
        "different numbers of prompts": (sync, watch_run(*timed((0, 1), (0, 2), (0, 3)))),
        "different kinds of call": (
            sync,
            watch_run(
                *timed((0, 1), (0, 2), api="responses"), prompts=[c.prompt for c in sync.calls]
            ),
        ),
        "different models": (
            watch_run(*timed((0, 1), (1, 2), model="a")),
            watch_run(*timed((0, 1), (0, 2), model="b")),
        ),
        "": (overlapping, overlapping),
    }


@pytest.mark.parametrize("why", unlike())
def test_others_are_shown_below_each_other_and_why_is_said(why: str) -> None:
    runs = [*unlike()[why]]
    said = finding(runs)

    assert Subject.of(runs).pair is None
    assert said == (f"2 runs that cannot be ranked: {why}" if why else said)
    assert "faster" not in said
    assert "lower bound" not in describe(runs)


def test_many_watched_calls_beside_each_other_are_drawn_in_lanes() -> None:
    names = [f"p{i}" for i in range(200)]
    one = watch_run(*timed(*((i, i + 1) for i in range(200))), prompts=names)
    other = watch_run(*timed(*((i // 20, i // 20 + 1) for i in range(200))), prompts=names)
    said = all_words([one, other])

    assert "200 prompts, at most 20 in flight: 10.0 s instead of 200 s (20.0× faster)" in said
    assert "Two bars on one time axis: in turn 200 s, at once 10.0 s." in said


def test_strategies_with_watched_runs() -> None:
    table = compare_strategies([watched.faq_sync(), watched.faq_concurrent()])

    assert [*table.index] == ["watched, one at a time", "watched, at most 2 in flight"]
    assert table["speedup"].round(2).tolist() == [1.0, 1.35]
    assert table["compared"].tolist() == [2, 2]
    assert (
        table[["max_concurrency", "lower_bound", "efficiency", "diagnosis"]].isna().all(axis=None)
    )


def test_a_forecast_says_what_it_assumes() -> None:
    forecast = what_if(watched.faq_sync(), max_concurrency=[1, 2])

    assert forecast.makespans == pytest.approx([4.2, 3.05])
    assert "and no call needed the answer of another" in forecast.caveat
    assert "needed the answer" not in what_if(make_run(*timed((0, 1), (0, 2)))).caveat


def test_tokens_and_dollars_of_functions_are_those_of_their_calls() -> None:
    paid: dict[str, Any] = {"output_tokens": 5, "cost": 0.25}
    run = make_run(
        item(0, 1, call(0, 1, **paid), step("s", 0, 1, call(0, 1, **paid))),
        item(0, 1, call(0, 1, output_tokens=100), output_tokens=7),
    )
    table = run.summary()

    assert table["output_tokens"].tolist() == [17]
    assert table["cost"].tolist() == [0.5]
    assert table["inner_calls"].tolist() == [3]


def test_names_are_cut_and_made_printable() -> None:
    run = make_run(*watched.hostile_items(), *_named("\x1b[31m" + "y" * 10_000))
    words = all_words(run)

    assert all(character.isprintable() or character == "\n" for character in words)
    assert "x" * 50 not in words
    assert "y" * 50 not in words


def _named(name: str) -> list[Call]:
    attempts = [
        Attempt(number=1, started=0, finished=0.1, error_type=name),
        Attempt(number=2, started=0.2, finished=1),
    ]
    inner = call(0, 1, api=name, attempts=attempts, model=name)
    return [item(0, 1, step(name, 0, 1, inner), prompt=name)]

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from aiml_nb import compare_strategies, plot_timeline
from aiml_nb.analysis.arrays import Columns
from aiml_nb.analysis.effects import compare_calls, effects
from aiml_nb.export.named_runs import named_runs
from aiml_nb.records import Attempt, Run
from aiml_nb.report import alt_text, caveat, describe, finding, summary
from aiml_nb.report.subjects import run_names

from ..analysis.builders import call, make_run, timed

PROMPTS = ["a", "b", "c", "d"]
# Student's t for 3 degrees of freedom, from a printed table.
T3 = 3.182


def asked(*seconds: float, **fields: Any) -> Run:
    """Make a run of calls of these lengths, all begun at once."""
    calls = [call(0, each, text="four word answer here") for each in seconds]
    return make_run(*calls, prompts=PROMPTS[: len(seconds)], **fields)


def big() -> Run:
    return asked(2.0, 4.4, 6.0, 7.2, model="gpt-4o")


def small() -> Run:
    return asked(1.0, 2.0, 3.0, 4.0, model="gpt-4o-mini")


def test_two_models_are_compared_by_the_calls_of_the_same_prompts() -> None:
    """The logarithms of the ratios 2, 2.2, 2 and 1.8, and t for four prompts."""
    logs = [log(each) for each in (2.0, 2.2, 2.0, 1.8)]
    mean, half = np.mean(logs), T3 * np.std(logs, ddof=1) / 2

    ratio, ends, kept = compare_calls(big(), small())

    assert ratio == pytest.approx(exp(mean))
    assert ends == pytest.approx((exp(mean - half), exp(mean + half)), rel=1e-3)
    assert kept == 4
    assert finding([big(), small()]) == (
        "gpt-4o-mini was 2.0× faster than gpt-4o (95% interval 1.8× to 2.3×, 4 prompts)"
    )
    assert "Compared by the times of calls, over all 4 prompts." in caveat([big(), small()])


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ({"model": "m"}, {"model": "n"}, ["m", "n"]),
        (
            {"parameters": {"temperature": 0}},
            {"parameters": {"temperature": 1}},
            ["temperature=0", "temperature=1"],
        ),
        ({"parameters": {}}, {"parameters": {"n": 2}}, ["n=default", "n=2"]),
        (
            {"base_url": "https://one.example/v1"},
            {"base_url": "https://two.example:81/v1"},
            ["one.example", "two.example:81"],
        ),
        (
            {"simulated": True, "service": "scenario=faq"},
            {"simulated": True, "service": "scenario=seven", "base_url": "http://127.0.0.1:9/v1"},
            ["scenario=faq", "scenario=seven"],
        ),
        (
            {"simulated": True, "seed": 1},
            {"simulated": True, "seed": 2},
            ["simulator_seed=1", "simulator_seed=2"],
        ),
        (
            {"model": "m", "parameters": {"temperature": 0}},
            {"model": "n", "parameters": {"temperature": 1}},
            ["m, temperature=0", "n, temperature=1"],
        ),
        ({"model": "m", "strategy": "threads"}, {"model": "n"}, None),
    ],
)
def test_runs_are_compared_and_named_by_what_they_were_asked_for(
    one: dict[str, Any], other: dict[str, Any], names: list[str] | None
) -> None:
    runs = [asked(2.0, 4.4, 6.0, 7.2, **one), asked(1.0, 2.0, 3.0, 4.0, **other)]
    first, second = names or ["m, threads", "n, gather"]
    if names:
        assert run_names(runs) == names
    else:
        first, second = run_names(runs)
        assert first.startswith("m")
        assert second.startswith("n")

    said = finding(runs)

    assert said == (f"{second} was 2.0× faster than {first} (95% interval 1.8× to 2.3×, 4 prompts)")
    table = compare_strategies(runs)
    assert table.index.tolist() == [first, second]
    assert table["not_comparable"].isna().all()
    assert table["speedup"].tolist() == pytest.approx([1.0, 1.995], rel=1e-3)
    assert (table["speedup_low"].iloc[1], table["speedup_high"].iloc[1]) == pytest.approx(
        (1.75, 2.27), rel=0.01
    )
    assert first in describe(runs)
    assert first in alt_text(runs)


def test_the_times_of_a_whole_run_do_not_rank_models() -> None:
    """The slower model had all its calls at once, the faster one by one."""
    one_by_one = make_run(
        *timed((0, 1), (1, 2), (2, 3), text="x"), prompts=PROMPTS[:3], model="quick"
    )
    at_once = make_run(
        *timed((0, 2), (0, 2), (0, 2.1), text="x"), prompts=PROMPTS[:3], model="slow"
    )

    assert at_once.makespan < one_by_one.makespan
    assert finding([at_once, one_by_one]).startswith("quick was 2.0× faster than slow")


def test_waits_before_retries_are_not_the_models() -> None:
    patient = call(
        0,
        61,
        attempts=[
            Attempt(number=1, started=0, finished=0.5, status=429),
            Attempt(number=2, started=60, finished=61, backoff_time=59.5),
        ],
    )
    runs = [
        make_run(patient, prompts=["a"], model="m"),
        make_run(call(0, 1.5), prompts=["a"], model="n"),
    ]

    assert finding(runs) == "m was about as fast as n (1 prompt, so no interval)"


def test_what_is_not_clear_is_not_ranked() -> None:
    one, other = asked(1, 2, 3, 4, model="m"), asked(2, 1, 4, 3, model="n")

    said = finding([one, other])

    assert said.startswith("No clear difference between ")
    assert "faster" not in said
    assert "95% interval 0." in said


def test_what_failed_is_left_out_and_said() -> None:
    one, other = big(), small()
    one.calls[3].outcome, one.calls[3].error_type = "error", "500"

    assert "3 prompts)" in finding([one, other])
    assert "3 of 4 prompts, those answered in all" in caveat([one, other])
    for each in other.calls:
        each.outcome = "error"
    assert finding([one, other]) == "gpt-4o alone answered 3 prompts: 7.20 s"


def test_longer_answers_are_said() -> None:
    one, other = big(), small()
    for each in other.calls:
        each.text = "x" * 42

    assert "The answers of gpt-4o-mini were 100% longer than those of gpt-4o." in caveat(
        [one, other]
    )


def grid_runs() -> dict[str, Run]:
    return {
        f"{model}/{heat}": asked(
            *[slow * each * wobble for each in (1, 2, 3, 4)],
            model=model,
            parameters={"temperature": heat},
        )
        for model, slow in (("m", 1.0), ("n", 3.0))
        for heat, wobble in ((0, 1.0), (1, 1.02))
    }


def test_each_thing_that_was_varied_is_judged_by_itself() -> None:
    runs = grid_runs()
    runs["m/1"].calls[0].finished = 0.9  # so that temperatures differ both ways

    found = effects([*runs.values()], [*runs])

    assert [each.factor for each in found] == ["model", "temperature"]
    assert (found[0].faster, found[0].slower) == ("m", "n")
    assert found[0].ratio == pytest.approx(3, rel=0.05)
    said = finding(runs)
    assert said.startswith("m was 3.")
    assert "faster than n" in said
    assert "; temperature made no clear difference (" in said


def test_what_was_not_crossed_is_compared_as_it_is() -> None:
    runs = grid_runs()
    del runs["m/0"]

    found = effects([*runs.values()], [*runs])

    assert [(each.factor, each.faster, each.slower, each.groups) for each in found] == [
        ("", "m/1", "n/1", 3)
    ]
    assert finding(runs).startswith("m/1 was the fastest of 3, 3.0× faster than n/1 (")


def test_picking_the_farthest_of_many_widens_the_interval() -> None:
    rng = np.random.default_rng(7)
    runs = {str(i): asked(*rng.lognormal(0, 0.2, 4).tolist(), model=f"m{i}") for i in range(8)}

    alone = compare_calls(runs["0"], runs["1"])[1]
    (among,) = effects([*runs.values()], [*runs])

    assert alone is not None
    assert among.interval is not None
    assert among.interval[1] / among.interval[0] > 2 * alone[1] / alone[0]


@pytest.mark.parametrize("keys", [("one", "two"), (0.2, 0.7), ("a\x1b[31m", "$x$")])
def test_the_keys_of_a_dictionary_are_the_names_everywhere(keys: tuple[Any, Any]) -> None:
    runs = dict(zip(keys, (big(), small()), strict=True))
    first, second = run_names([Columns.called(*item) for item in runs.items()])

    assert finding(runs).startswith(f"{second} was 2.0× faster than {first}")
    assert compare_strategies(runs).index.tolist() == [first, second]
    assert summary(runs).index.tolist() == [first, second]
    assert [name for name, _ in named_runs(runs)] == [first, second]
    texts = " ".join(each.get_text() for each in plot_timeline(runs).findobj(Text))
    assert first in texts
    assert second in texts


def test_one_run_may_have_two_names() -> None:
    run = small()

    assert compare_strategies({"x": run, "y": run}).index.tolist() == ["x", "y"]
    assert "x" in finding({"x": run}) or finding({"x": run}) == finding(run)


def test_what_is_no_run_is_refused_by_its_name() -> None:
    wrong: Any = {"a": small(), "b": "x"}
    for ask in (finding, compare_strategies, summary):
        with pytest.raises(TypeError, match=r"'b' names a str .* Give \{'a name': run, …\}"):
            ask(wrong)

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.analysis.bounds import peak_in_flight
from aiml_nb.grids.make import plan_grid
from aiml_nb.records import Grid, Run
from aiml_nb.runner.execute import execute

PROMPTS = ["One?", "Two?", "Three?", "Four?"]
MODELS = ["gpt-4o", "gpt-4o-mini"]


def started_in_order(grid: Grid) -> list[tuple[int, str]]:
    """Return the place and the variant of each call, in the order in which they began."""
    calls = [
        (call.started, call.index, name) for name, run in grid.runs.items() for call in run.calls
    ]
    assert all(started is not None for started, *_ in calls)
    return [(index, name) for _, index, name in sorted(calls)]


@pytest.mark.parametrize("strategy", ["gather", "threads", "sequential", "workers"])
def test_variants_take_turns_and_share_the_limit(endpoint: nb.Endpoint, strategy: str) -> None:
    limit = 1 if strategy == "sequential" else 3
    grid = nb.grid(
        PROMPTS,
        endpoint,
        model=MODELS,
        temperature=[0, 1],
        strategy=strategy,
        max_concurrency=limit,
        max_tokens=4,
    )

    assert [*grid] == [f"{model}, temperature={heat}" for model in MODELS for heat in (0, 1)]
    order = started_in_order(grid)
    assert [index for index, _ in order] == sorted(index for index, _ in order)
    assert [call.text for run in grid.runs.values() for call in run.calls if not call.text] == []
    together = nb.Run(
        strategy="gather",
        max_concurrency=99,
        stream=False,
        model="",
        base_url="",
        simulated=True,
        started_at=0,
        calls=[call for run in grid.runs.values() for call in run.calls],
    )
    assert peak_in_flight(together) <= limit


def test_the_run_of_a_variant_is_what_it_would_have_been_alone(endpoint: nb.Endpoint) -> None:
    prompts = [{"custom_id": "x", "prompt": "One?"}, {"prompt": "Two?", "max_tokens": 7}]

    grid = nb.grid(prompts, endpoint, model=MODELS, temperature=[None, 1], top_p=0.5)

    run = grid["gpt-4o-mini, temperature=1"]
    alone = nb.run(prompts, endpoint, model="gpt-4o-mini", temperature=1, top_p=0.5)
    for name in ("strategy", "stream", "model", "base_url", "parameters", "service", "seed"):
        assert getattr(run, name) == getattr(alone, name)
    for mine, its in zip(run.calls, alone.calls, strict=True):
        for name in ("index", "custom_id", "prompt", "parameters", "text", "output_tokens"):
            assert getattr(mine, name) == getattr(its, name)
    assert grid["gpt-4o, temperature=default"].parameters == {"top_p": 0.5}
    assert len({each.run_id for each in grid.runs.values()}) == 4


def test_what_is_varied_wins_over_the_prompts_own(endpoint: nb.Endpoint) -> None:
    prompts = [{"prompt": "One?", "model": "gpt-4o", "temperature": 1}, {"prompt": "Two?"}]

    grid = nb.grid(prompts, endpoint, temperature=[0, 0.5])

    assert [run.parameters for run in grid.runs.values()] == [
        {"temperature": 0},
        {"temperature": 0.5},
    ]
    assert [call.parameters for call in grid["temperature=0"].calls] == [{"model": "gpt-4o"}, {}]
    assert grid.notices == [
        "1 of 2 prompts have a temperature of their own, in the place of which the grid's is sent."
    ]


def test_tables(endpoint: nb.Endpoint) -> None:
    grid = nb.grid(PROMPTS, endpoint, model=MODELS, temperature=[0], max_tokens=5)

    answers = grid.answers()
    assert [*answers.columns] == ["prompt", *MODELS]
    assert answers["prompt"].tolist() == PROMPTS
    assert answers["gpt-4o"].tolist() == [call.text for call in grid["gpt-4o"].calls]
    frame = grid.to_frame()
    assert len(frame) == 8
    assert Counter(frame["variant"]) == {"gpt-4o": 4, "gpt-4o-mini": 4}
    assert grid.summary().index.tolist() == MODELS
    assert nb.compare_strategies(grid.runs).index.tolist() == MODELS


def test_a_grid_is_drawn_and_shown(endpoint: nb.Endpoint) -> None:
    grid = nb.grid(PROMPTS, endpoint, temperature=[0, 0.1, *range(1, 3)], n=[1, 2, 3])

    assert len(grid) == 12
    bundle = grid._repr_mimebundle_()
    assert bundle["text/plain"].startswith(grid.finding)
    assert "temperature=0.1, n=3" in bundle["text/plain"]
    assert "cannot be ranked" not in grid.finding
    assert repr(grid) == "<Grid of 12 variants: 48 of 48 calls ok>"


def test_several_endpoints_work_at_the_same_time(tmp_path: Path) -> None:
    """Each has its limit; the finding names them as they are named."""
    quick, slow = (nb.connect(speed=speed, verbose=False) for speed in (20, 4))

    grid = nb.grid(
        nb.prompts.TWENTY[:6],
        {"quick": quick, "slow": slow},
        temperature=[0, 1],
        max_concurrency=2,
        journal=tmp_path / "j.jsonl",
    )

    assert [*grid] == [
        f"{name}, temperature={heat}" for name in ("quick", "slow") for heat in (0, 1)
    ]
    assert grid.finding.startswith("quick was ")
    assert "faster than slow" in grid.finding
    assert sorted(Path(each).name for each in grid.journals) == ["j-quick.jsonl", "j-slow.jsonl"]
    kept = nb.read_saved(grid.journals[0])
    assert isinstance(kept, Run)
    assert len(kept.calls) == 12
    starts = {name: min(c.started or 0 for c in run.calls) for name, run in grid.runs.items()}
    ends = {name: max(c.finished or 0 for c in run.calls) for name, run in grid.runs.items()}
    assert max(starts.values()) < min(ends.values())


def test_endpoints_without_names_are_named_by_what_differs() -> None:
    one, other = (nb.connect(seed=seed, speed=50, verbose=False) for seed in (1, 2))

    assert [*nb.grid(PROMPTS[:1], [one, other], max_tokens=1)] == ["seed=1", "seed=2"]


def double(item: int) -> int:
    return 2 * item


async def triple(item: int) -> int:
    return 3 * item


def test_functions_stand_beside_each_other() -> None:
    grid = nb.grid([1, 2, 3], {"double": double, "triple": triple})

    assert grid["triple"].results == [3, 6, 9]
    assert grid.answers()["double"].tolist() == [2, 4, 6]


def test_a_parameter_that_is_a_list_is_varied_by_lists(endpoint: nb.Endpoint) -> None:
    grid = nb.grid(PROMPTS[:1], endpoint, stop=["a", "b"], temperature=[0, 1])
    assert [run.parameters["stop"] for run in grid.runs.values()] == [["a", "b"]] * 2

    varied = plan_grid(PROMPTS[:1], endpoint, stop=[["a"], ["b", "c"], None])
    assert [each.name for each in varied.variants] == [
        "stop=['a']",
        "stop=['b', 'c']",
        "stop=default",
    ]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"model": []}, ValueError, "model is an empty list.*nothing to try. Write grid"),
        ({"temperature": [0, 0]}, ValueError, "temperature has 0 twice.*Leave one of them out"),
        ({"strategy": ["gather"]}, TypeError, r"strategy=\['gather'\] is a list.*Give one value"),
        ({"max_cost": [1]}, TypeError, "max_cost=.* is one for the whole grid"),
        ({"temprature": [1]}, TypeError, "temprature"),
        ({"endpoint": []}, ValueError, "endpoint is an empty list"),
        ({"endpoint": [7]}, TypeError, "endpoint must be what connect"),
        (
            {"endpoint": {"f": double}, "model": ["a"]},
            TypeError,
            "model is varied, and double is a",
        ),
        ({"endpoint": [double, double]}, ValueError, "endpoint has <function double.* twice"),
    ],
)
def test_what_is_wrong_is_said(
    endpoint: nb.Endpoint, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        plan_grid(PROMPTS, **{"endpoint": endpoint} | options)


def test_no_variant_of_that_name(endpoint: nb.Endpoint) -> None:
    grid = nb.grid(PROMPTS[:1], endpoint, temperature=[0, 1], max_tokens=1)

    with pytest.raises(KeyError, match=r"no variant of this grid\. Write one of 'temperature=0'"):
        grid["temperature=2"]


def test_an_interrupt_keeps_what_is_there() -> None:
    calls = []

    def slow(item: int) -> int:
        calls.append(item)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
        return item

    with pytest.raises(KeyboardInterrupt):
        nb.grid([1, 2, 3, 4], {"slow": slow}, strategy="sequential")

    kept = nb.last_grid()
    assert kept is not None
    assert len(kept["all"].calls) == 4
    assert [call.outcome for call in kept["all"].calls[:2]] == ["ok", "ok"]


def test_a_grid_comes_back_from_its_file(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    grid = nb.grid(PROMPTS, endpoint, model=MODELS, temperature=[0, 1], max_tokens=4)

    again = nb.read_saved(nb.to_jsonl(grid, tmp_path / "g.jsonl", texts=True))

    assert isinstance(again, Grid)
    assert again.varied == grid.varied
    assert again.finding == grid.finding
    assert again.answers().equals(grid.answers())
    assert len(nb.to_csv(grid, tmp_path / "g.csv").read_text().splitlines()) == 17
    assert nb.plot_timeline(tmp_path / "g.jsonl").axes


_MODERATIONS = ["omni-moderation-latest", "text-moderation-latest"]


def test_answers_that_are_no_texts_are_side_by_side_too(endpoint: nb.Endpoint) -> None:
    vectors = nb.grid(["a", "b"], endpoint, api="embeddings", dimensions=[8, 16]).answers()
    verdicts = nb.grid(["a"], endpoint, api="moderations", model=_MODERATIONS).answers()

    assert [each.shape for each in vectors["dimensions=8"]] == [(8,), (8,)]
    assert [each.shape for each in vectors["dimensions=16"]] == [(16,), (16,)]
    assert {*verdicts.iloc[0, 1:]} <= {True, False}


def test_a_table_goes_in_as_it_is(endpoint: nb.Endpoint) -> None:
    table = pd.DataFrame({"review": ["Good.", "Bad."], "stars": [5, 1]}, index=[7, 9])

    grid = nb.grid(table, endpoint, prompt="Classify: {review}", temperature=[0, 1])

    found = grid.answers()
    pd.testing.assert_frame_equal(found[["review", "stars"]], table)
    assert list(found.columns) == ["review", "stars", "temperature=0", "temperature=1"]
    assert [call.prompt for call in grid["temperature=1"].calls] == [
        "Classify: Good.",
        "Classify: Bad.",
    ]
    assert grid["temperature=1"].table.index.tolist() == [7, 9]


def test_a_journal_that_is_there_is_gone_on_with(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    """The answers of an earlier grid count for all variants that it had."""
    first = nb.grid(PROMPTS, endpoint, journal=tmp_path / "g", temperature=[0, 1])

    again = nb.grid(PROMPTS, endpoint, journal=tmp_path / "g", temperature=[0, 1, 1.5])

    taken = {name: [call.from_journal for call in run.calls] for name, run in again.runs.items()}
    assert taken == {
        "temperature=0": [True] * 4,
        "temperature=1": [True] * 4,
        "temperature=1.5": [False] * 4,
    }
    assert again.answers()["temperature=1"].equals(first.answers()["temperature=1"])


async def test_the_same_without_blocking(endpoint: nb.Endpoint) -> None:
    grid = await nb.grid_async(PROMPTS, endpoint, model=MODELS, max_tokens=4)

    assert [*grid] == MODELS
    assert nb.last_grid() is grid


def test_one_journal_goes_on_with_all_variants(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    journal = tmp_path / "g.jsonl"
    parts = plan_grid(PROMPTS, endpoint, journal=journal, temperature=[0, 1], max_tokens=4)
    whole = execute(parts.plans[0])

    resumed = nb.resume(journal, endpoint)

    assert [call.text for call in resumed.calls] == [call.text for call in whole.calls]


def test_endpoints_are_compared_in_turns() -> None:
    quick, slow = (nb.connect(speed=speed, verbose=False) for speed in (40, 8))

    grid = nb.compare(nb.prompts.TWENTY[:5], {"quick": quick, "slow": slow}, repeats=2)

    assert [*grid] == [
        f"{name}, repetition={number}" for number in (1, 2) for name in ("quick", "slow")
    ]
    assert grid.finding.startswith("quick was ")
    spans = sorted((run.started_at, run.started_at + run.makespan) for run in grid.runs.values())
    assert all(end <= start + 0.01 for (_, end), (start, _) in pairwise(spans))
    assert nb.compare_strategies(grid.runs)["speedup_low"].notna().all()


async def test_endpoints_are_compared_without_blocking(endpoint: nb.Endpoint) -> None:
    other = nb.connect(seed=9, speed=20, verbose=False)

    grid = await nb.compare_async(PROMPTS, [endpoint, other], max_tokens=3)

    assert isinstance(grid, Grid)
    assert len(grid) == 2


def test_a_grid_is_taken_where_several_runs_are(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    grid = nb.grid(PROMPTS, endpoint, model=["gpt-4o", "gpt-4o-mini"], progress=False)

    assert [*nb.compare_strategies(grid).index] == ["gpt-4o", "gpt-4o-mini"]
    again = nb.parse(grid, {"type": "array"})
    assert isinstance(again, Grid)
    kinds = {call.error_type for name in again for call in again[name].calls}
    assert kinds == {"invalid_answer"}
    for write in (nb.to_csv, nb.to_jsonl, nb.to_chrome_trace, nb.to_otlp):
        assert write(grid, tmp_path / write.__name__).stat().st_size > 0


def test_functions_are_compared_in_turns() -> None:
    def pause(item: int) -> int:
        time.sleep(0.1)  # long beside what a busy machine adds
        return item

    grid = nb.compare([1, 2, 3, 4], [double, pause])

    assert grid.finding.startswith("double was ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"endpoint": [double]}, "a list of 1 endpoint.*Write compare"),
        ({"endpoint": [double, triple], "sync": double}, "beside sync= or concurrent=.*Write"),
        ({"endpoint": [double, triple], "repeats": 0}, "repeats must be a whole number from 1"),
        ({"endpoint": [double, triple], "journal": "x"}, "journal must be True or False"),
    ],
)
def test_wrong_comparisons_of_endpoints(given: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        nb.compare([1, 2], **given)

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pandas as pd
import pytest

from aiml_nb.analysis import attempts_table, call_table
from aiml_nb.records import Run
from aiml_nb.report import compare_strategies, summary

from .builders import call, faq, make_run, make_sync, timed, with_retries
from .test_workers import moved


def test_importing_the_numbers_does_not_import_pandas() -> None:
    code = (
        "import sys, aiml_nb.analysis as a, aiml_nb.report as w; "
        "from aiml_nb.records import Run, Call; "
        "r = Run(strategy='gather', max_concurrency=1, stream=False, model='', base_url='', "
        "simulated=False, started_at=0, calls=[]); "
        "w.finding(r), a.overtakes(r), a.lower_bound(r), w.describe(r), w.alt_text(r); "
        "print([m for m in ('pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_row_per_call_with_its_times() -> None:
    run = make_run(
        call(1, 3, first_token=1.5, output_tokens=4, input_tokens=7, cost=0.5, text="hi"),
        call(0, 2),
        prompts=["a", "b"],
        simulated=True,
    )
    table = run.to_frame()
    first = table.loc[0]

    assert list(table["prompt"]) == ["a", "b"]
    assert (first["queue_time"], first["duration"], first["total_time"]) == (1, 2, 3)
    assert (first["time_to_first_token"], first["time_per_output_token"]) == (0.5, 0.5)
    assert list(table["finished_rank"]) == [2, 1]
    assert list(table["overtakes"]) == [0, 1]
    assert list(table["attempts"]) == [1, 1]
    assert table["simulated"].all()


def test_what_is_not_known_is_missing() -> None:
    table = call_table(make_run(call(outcome="not_started")))
    row = table.loc[0]

    for name in ("started", "first_token", "finished", "duration", "overtakes", "cost", "error"):
        assert row[name] is pd.NA


@pytest.mark.parametrize("table", [call_table, attempts_table])
def test_types_do_not_depend_on_what_is_missing(table: Callable[[Run], pd.DataFrame]) -> None:
    full = make_run(with_retries(0, times=(1, 1, 1)), call(0, 1, cost=1.0, output_tokens=3))
    tables = [table(run) for run in (make_run(), make_run(call()), full)]

    assert tables[0].dtypes.equals(tables[1].dtypes)
    assert tables[0].dtypes.equals(tables[2].dtypes)
    assert "object" not in map(str, tables[0].dtypes)


def test_a_row_per_attempt() -> None:
    run = make_run(with_retries(1, times=(0.2, 0.5, 2)), call(0, 1), call(outcome="not_started"))
    table = run.attempts_frame()

    assert list(table["index"]) == [0, 0, 1]
    assert list(table["number"]) == [1, 2, 1]
    assert list(table["status"][:2]) == [429, 200]
    assert list(table["backoff_time"]) == [0, 0.5, 0]
    assert table["duration"].round(6).tolist() == [0.2, 2, 1]


def test_lone_surrogates_do_not_reach_the_table() -> None:
    table = call_table(make_run(call(text="a\ud800b\x00"), prompts=["\udfff"]))

    assert table.loc[0, "text"] == "a\ufffdb\x00"
    table.to_csv().encode()


def test_the_summary_of_a_run() -> None:
    run = make_run(
        call(0, 2, output_tokens=3),
        call(0, 1),
        call(0, 0.5, outcome="error", error_type="500"),
        call(outcome="not_started"),
        max_concurrency=3,
        loop_lag_max=0.01,
    )
    row = run.summary().loc["gather"]

    assert (row["calls"], row["ok"], row["failed"], row["unfinished"]) == (4, 2, 1, 1)
    assert (row["makespan"], row["lower_bound"], row["efficiency"]) == (2, 2, 1)
    assert (row["overtakes"], row["peak_in_flight"], row["mean_in_flight"]) == (3, 3, 1.75)
    assert (row["duration_median"], row["duration_max"]) == (1.5, 2)
    assert (row["output_tokens"], row["loop_lag_max"]) == (3, 0.01)
    assert row["cost"] is pd.NA


def test_the_summary_of_a_comparison_has_a_row_for_each_side() -> None:
    table = faq(simulated=True).summary()

    assert list(table.index) == ["sync", "async"]
    assert table["makespan"].tolist() == [4.21, 3.12]
    assert table["overtakes"].tolist() == [0, 1]
    assert table["simulated"].all()
    assert "object" not in map(str, table.dtypes)


@pytest.mark.parametrize(
    ("n", "p95", "p99"), [(19, False, False), (20, True, False), (100, True, True)]
)
def test_percentiles_need_enough_calls(n: int, p95: bool, p99: bool) -> None:
    row = summary(make_sync(*timed(*((0, i) for i in range(n))))).iloc[0]

    assert (row["duration_p95"] is not pd.NA, row["duration_p99"] is not pd.NA) == (p95, p99)
    assert row["duration_max"] == n - 1


def test_percentiles_are_those_of_pandas() -> None:
    values = [((i * 37) % 101) ** 1.5 for i in range(101)]
    row = summary(make_sync(*timed(*((0, value) for value in values)))).iloc[0]

    assert row["duration_p95"] == pytest.approx(pd.Series(values).quantile(0.95))
    assert row["duration_p99"] == pytest.approx(pd.Series(values).quantile(0.99))


def test_strategies_have_a_row_each() -> None:
    sync = make_sync(*timed((0, 1), (1, 2), (2, 4)))
    both = make_run(*timed((0, 1), (0, 1), (1, 3)), max_concurrency=2)
    lost = make_run(call(0, 1), call(0, 1, outcome="error"), call(1, 3), strategy="threads")
    table = compare_strategies(iter([both, sync, lost]))

    assert table.index.tolist() == ["gather", "sequential", "threads"]
    assert table["speedup"].tolist() == pytest.approx([4 / 3, 1, 1])
    assert table["compared"].tolist() == [3, 3, 2]
    assert list(table.columns[3:]) == list(summary(both).columns)
    assert table["failed"].tolist() == [0, 0, 1]
    assert table["upper_bound"].tolist() == pytest.approx([3, 4, 4 / 3 + 4 / 3])


def test_without_a_sequential_run_the_first_is_the_measure() -> None:
    slow, quick = make_run(*timed((0, 4), (0, 4))), make_run(*timed((0, 2), (0, 2)))

    assert compare_strategies([slow, quick])["speedup"].tolist() == [1, 2]
    with pytest.raises(ValueError, match="at least one Run"):
        compare_strategies([])


def test_the_diagnosis_and_the_order_are_in_the_summary() -> None:
    run = make_run(*timed((0, 1), (1, 3), (3, 4)))
    (row,) = summary(run).to_dict("records")

    assert row["diagnosis"] == "one_at_a_time"
    assert (row["inverted_share"], row["kendall_tau"]) == (0, 1)
    assert pd.isna(summary(make_run(call(0, 1)))["diagnosis"].iloc[0])


def test_the_summary_counts_workers_only_where_there_are_some() -> None:
    alone, several = make_run(call(0, 1)), make_run(moved(), call(0, 1))

    assert "workers" not in alone.summary()
    assert several.summary()["workers"].tolist() == [2]
    assert compare_strategies([alone, several])["workers"].isna().tolist() == [True, False]

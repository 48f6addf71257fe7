"""What ``--json`` writes is complete, documented and plain."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.analysis import call_table
from aiml_nb.export import comparison_to_dict, progress, run_to_dict, to_json
from aiml_nb.export.trace import trace_events
from aiml_nb.records import Attempt, Call, Comparison, Run

from ..analysis import builders, watched
from ..analysis.test_workers import moved, sent

RUN_KEYS = [
    *("strategy", "max_concurrency", "makespan", "lower_bound", "overtakes", "loop_lag_max"),
    "calls",
]
CALL_KEYS = [
    *("index", "prompt", "submitted", "started", "first_token", "finished", "outcome"),
    *("error_type", "text", "input_tokens", "output_tokens", "cost", "attempts"),
    *("tool_calls", "reasoning", "n_choices", "body"),
]


def make_run(*finished: float, text: str = "Yes.") -> nb.Run:
    calls = [
        nb.Call(
            index=index,
            custom_id=f"call-{index}",
            prompt="Who?",
            submitted=0.0,
            started=0.0,
            finished=finish,
            outcome="ok",
            text=text,
            attempts=[nb.Attempt(number=1, started=0.0, finished=finish, status=200)],
        )
        for index, finish in enumerate(finished)
    ]
    return nb.Run(
        strategy="gather",
        max_concurrency=2,
        stream=False,
        model="gpt-4o",
        base_url="http://127.0.0.1/v1",
        simulated=True,
        seed=0,
        started_at=0.0,
        calls=calls,
    )


def test_a_run_has_its_documented_fields_in_order() -> None:
    data = run_to_dict(make_run(5.0, 1.0))

    assert list(data) == RUN_KEYS
    assert list(data["calls"][0]) == CALL_KEYS
    assert (data["makespan"], data["lower_bound"], data["overtakes"]) == (5.0, 5.0, 1)
    assert data["calls"][0]["first_token"] is None
    assert data["calls"][0]["attempts"][0]["status"] == 200


def test_pairs_are_written_when_there_are_several() -> None:
    pair = (make_run(2.0, 3.0), make_run(2.0, 1.0))

    one = comparison_to_dict(nb.Comparison(pairs=[pair]))
    two = comparison_to_dict(nb.Comparison(pairs=[pair, pair], order_seed=0))

    assert one["version"] == 1
    assert one["interval"] is None
    assert "pairs" not in one
    assert [[run["makespan"] for run in runs] for runs in two["pairs"]] == [[3.0, 2.0]] * 2
    assert json.loads(to_json(two))["pairs"] == two["pairs"]


def test_hostile_answers_and_numbers_become_plain_json() -> None:
    run = make_run(1.0, text="\ud800 \x00 \x1b[31m \u2028")
    run.calls[0].cost = float("nan")

    text = to_json(run_to_dict(run))

    assert text.isascii()
    assert json.loads(text)["calls"][0]["text"] == run.calls[0].text
    assert json.loads(text)["calls"][0]["cost"] is None


HOSTILE = [
    "=1+1",
    "+1+A1",
    "-A1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\0=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20a",
    'a,"b";\r\n=c',
    "\ud800 \u202e \u2028",
    "NA",
    "null",
    "'",
    "plain",
]


def hostile_run() -> Run:
    spans = builders.timed(*((0, i + 1) for i in range(len(HOSTILE))))
    run = builders.make_run(*spans, prompts=HOSTILE)
    for made in run.calls:
        made.text = made.error = made.finish_reason = made.prompt
    return run


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"prompt": "string"})


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    path = nb.to_csv(hostile_run(), tmp_path / "x.csv", texts=True)
    with path.open(newline="", encoding="utf-8-sig") as file:
        cells = [row["prompt"] for row in csv.DictReader(file)]

    assert len(cells) == len(HOSTILE)
    assert cells[:11] == [f"'{text}" for text in HOSTILE[:11]]
    assert cells[-4:] == ["NA", "null", "'", "plain"]


@pytest.mark.parametrize(
    "text", ["-5", "+1", "-3.2", "-1e3", "+1.5E-7", "-.5", "-3,2", "-7.", "-5 ", "0", "12"]
)
def test_what_is_a_number_and_nothing_else_stays_one(text: str, tmp_path: Path) -> None:
    assert guarded(text, tmp_path) == text


@pytest.mark.parametrize(
    "text",
    [
        *("-5+cmd|' /C calc'!A0", "-A1", "-1-1", "- item", "- 5", "+49 30 123", "--5", "-", "+"),
        *("-5\n", "-5\t=1", "-1e", "-e5", "-5%", "-\u0665", "\uff0d5", "=5", "@5", "-0x1F", "-1/2"),
        *("-inf", "-nan", "-5;=1", "-5,=1", "\t-5"),
    ],
)
def test_what_only_begins_as_a_number_is_guarded(text: str, tmp_path: Path) -> None:
    assert guarded(text, tmp_path) == f"'{text}"


def guarded(text: str, folder: Path) -> str:
    """Return what a spreadsheet finds in the cell of a prompt."""
    run = builders.make_run(builders.call(0, 1), prompts=[text])
    path = nb.to_csv(run, folder / "x.csv", texts=True)
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.DictReader(file))["prompt"]


def test_excel_is_told_that_the_table_is_utf_8(tmp_path: Path) -> None:
    run = make_run(1.0, text="Déjà vu")
    path = nb.to_csv(run, tmp_path / "x.csv", texts=True)

    assert path.read_bytes().startswith(b'\xef\xbb\xbf"run",')
    assert read(path)["text"].tolist() == ["Déjà vu"]
    assert read(path).columns[0] == "run"


def test_the_table_comes_back_from_csv(tmp_path: Path) -> None:
    run = hostile_run()
    for made in run.calls:
        made.prompt = made.text = made.error = made.finish_reason = f"a {made.prompt}"
    table = call_table(run)
    path = nb.to_csv(run, tmp_path / "x.csv", texts=True)
    types = {name: str(kind) for name, kind in table.dtypes.items()}
    # The C engine of pandas 2 ends a cell at a NUL.
    back = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=types, engine="python")

    pd.testing.assert_frame_equal(back.drop(columns="run"), table)
    assert back["run"].eq("gather").all()


@settings(deadline=None)  # pandas is slow where others work, too
@given(st.text(max_size=8))
def test_any_text_stays_in_its_cell(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    run = builders.make_run(builders.call(0, 1), builders.call(0, 2), prompts=[text, "next"])
    path = nb.to_csv(run, tmp_path_factory.mktemp("csv") / "x.csv", texts=True)
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 2
    assert rows[0]["prompt"] in (text, f"'{text}")
    assert rows[0]["prompt"][:1] not in tuple("=@\t\r\0")
    if rows[0]["prompt"][:1] in ("+", "-"):
        float(rows[0]["prompt"].replace(",", "."))
    assert rows[1]["prompt"] == "next"


def test_the_worker_of_the_last_attempt_is_a_column_only_where_there_is_one(
    tmp_path: Path,
) -> None:
    alone, several = builders.make_run(builders.call(0, 1)), builders.make_run(moved())
    for run, workers in ((alone, None), (several, ["10"])):
        tables = [run.to_frame(), read(nb.to_csv(run, tmp_path / "x.csv", all_columns=True))]
        rows = nb.to_jsonl(run, tmp_path / "x.jsonl").read_text().splitlines()
        tables.append(pd.DataFrame([json.loads(row) for row in rows]))
        for table in tables:
            assert ("worker" in table) == (workers is not None)
            assert workers is None or table["worker"].astype(str).tolist() == workers
        assert ("worker" in run.attempts_frame()) == (workers is not None)
        assert nb.read_saved(tmp_path / "x.jsonl") == run
    assert several.attempts_frame()["worker"].tolist() == ["2", "2", "10", "10"]
    assert "worker" not in alone.answers()


def test_texts_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    run = builders.make_run(
        builders.call(0, 1, text="T-secret", error="E-secret"), prompts=["P-secret"]
    )

    assert "secret" not in nb.to_csv(run, tmp_path / "x", texts=False).read_text()
    assert "secret" not in nb.to_csv([run, run], tmp_path / "x").read_text()
    for export in (nb.to_jsonl, nb.to_chrome_trace):
        assert "secret" not in export(run, tmp_path / "x").read_text()
    for export in (nb.to_csv, nb.to_jsonl, nb.to_chrome_trace):
        assert "P-secret" in export(run, tmp_path / "x", texts=True).read_text()


def test_the_runs_of_a_comparison_have_names(tmp_path: Path) -> None:
    comparison = Comparison(pairs=builders.faq().pairs * 2)
    names = read(nb.to_csv(comparison, tmp_path / "x.csv"))["run"]

    assert names.tolist() == [
        *("sync", "sync", "async", "async"),
        *("sync 2", "sync 2", "async 2", "async 2"),
    ]
    both = read(nb.to_csv([comparison.sync, comparison.concurrent], tmp_path / "x.csv"))
    assert set(both["run"]) == {"sequential", "gather"}


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (builders.faq(), "not a Comparison. Write its runs one by one: to_jsonl(result.sync"),
        (
            [builders.faq().sync],
            "not a list. Write each to a file of its own, as with to_jsonl(runs[0]",
        ),
        (None, "not a NoneType. Give it what run() returned."),
    ],
)
def test_rows_are_of_one_run(shown: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError) as caught:
        nb.to_jsonl(shown, tmp_path / "x.jsonl")

    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole_and_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("old")
    os.chmod(path, 0o644)
    nb.to_jsonl(hostile_run(), str(path))

    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["x.jsonl"]
    with pytest.raises(OSError, match="no-such") as refused:
        nb.to_csv(hostile_run(), tmp_path / "no-such" / "x.csv")
    assert re.fullmatch(
        r"'.*/no-such/x\.csv' cannot be written: there is no folder '.*/no-such'\. Name another "
        r"place, such as '.*x\.csv'\.",
        str(refused.value),
    )


def test_a_large_file_is_told_of_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    monkeypatch.setattr(progress, "_GAP", 0.0)

    nb.to_jsonl(make_run(1, 2, 3), tmp_path / "x.jsonl")

    said = [f"aiml_nb: writing x.jsonl: {number} of 3" for number in (1, 2)]
    assert capsys.readouterr().err.splitlines() == said

    monkeypatch.setattr(progress, "_MANY", 2)
    nb.to_csv(make_run(1, 2, 3), tmp_path / "x.csv")

    assert capsys.readouterr().err == "aiml_nb: writing x.csv: 0 of 3\n"


def events(run: Run, phase: str) -> list[dict[str, Any]]:
    return [event for event in trace_events([("run", run)]) if event["ph"] == phase]


def check_trace(run: Run) -> None:
    """Slices nest in every lane, and their counts are those of the records."""
    slices = events(run, "X")
    lanes: dict[int, list[dict[str, Any]]] = {}
    for event in slices:
        lanes.setdefault(event["tid"], []).append(event)
    for lane in lanes.values():
        calls = [event for event in lane if event["cat"] == "call"]
        assert all(a["ts"] + a["dur"] <= b["ts"] for a, b in pairwise(sorted_by_start(calls)))
        for event in lane:
            assert event["dur"] >= 0
            holders = [c for c in calls if holds(c, event)]
            assert holders, event
        stack_nests(lane)
    started = [call for call in run.calls if call.started is not None]
    names = Counter(event["name"] for event in slices if event["cat"] == "phase")
    assert sum(event["cat"] == "call" for event in slices) == len(started)
    assert names["retried"] == sum(max(0, len(call.attempts) - 1) for call in started)
    assert names["streaming"] == sum(call.first_token is not None for call in started)
    assert names["streaming"] + names["in flight"] == len(started)
    begins, ends = events(run, "b"), events(run, "e")
    assert [e["id"] for e in begins] == [e["id"] for e in ends]
    assert all(b["ts"] < e["ts"] for b, e in zip(begins, ends, strict=True))
    counts = [event["args"]["calls"] for event in events(run, "C")]
    assert min(counts) >= 0
    assert counts[-1] == 0
    json.dumps(slices)


def sorted_by_start(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(calls, key=lambda event: (event["ts"], event["ts"] + event["dur"]))


def holds(outer: dict[str, Any], inner: dict[str, Any]) -> bool:
    begins = outer["ts"] <= inner["ts"]
    return bool(begins and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"])


def stack_nests(lane: list[dict[str, Any]]) -> None:
    """Do as a viewer: open slices in order, outer ones first, and find none that crosses."""
    open_ends: list[int] = []
    for event in sorted(lane, key=lambda e: (e["ts"], -e["dur"])):
        while open_ends and open_ends[-1] <= event["ts"]:
            open_ends.pop()
        assert not open_ends or event["ts"] + event["dur"] <= open_ends[-1]
        open_ends.append(event["ts"] + event["dur"])


def test_a_trace_by_hand() -> None:
    run = builders.make_run(
        builders.with_retries(0, times=(0.5, 1, 0.5)),
        builders.call(1, 3, first_token=2),
        builders.call(outcome="not_started"),
        max_concurrency=2,
    )
    slices = [(e["tid"], e["name"], e["ts"], e["dur"]) for e in events(run, "X")]

    assert slices == [
        (1, "call 1", 0, 2_000_000),
        (1, "retried", 0, 500_000),
        (1, "back-off", 500_000, 1_000_000),
        (1, "in flight", 1_500_000, 500_000),
        (2, "call 2", 1_000_000, 2_000_000),
        (2, "waiting", 1_000_000, 1_000_000),
        (2, "streaming", 2_000_000, 1_000_000),
    ]
    assert [(e["ts"], e["args"]["calls"]) for e in events(run, "C")] == [
        *((0, 1), (1_000_000, 2), (2_000_000, 1), (3_000_000, 0)),
    ]
    assert [(e["id"], e["ts"]) for e in events(run, "b")] == [("1.1", 0), ("1.2", 0)]
    assert [e["args"]["name"] for e in events(run, "M")] == ["run", "lane 1", "lane 2"]
    check_trace(run)


def test_each_of_several_workers_is_a_process_of_the_trace() -> None:
    run = builders.make_run(moved(), sent(("2", 0, 4)), sent((None, 1, 2)))
    found = trace_events([("first", run), ("second", run)])

    def of(phase: str, *fields: str) -> list[tuple[Any, ...]]:
        return [tuple(e[f] for f in fields) for e in found if e["ph"] == phase and e["pid"] < 4]

    named = [(e["pid"], e["args"]["name"]) for e in found if e["name"] == "process_name"]
    assert named == [
        *((1, "first"), (2, "first: worker 2"), (3, "first: worker 10")),
        *((4, "second"), (5, "second: worker 2"), (6, "second: worker 10")),
    ]
    assert of("X", "pid", "tid", "name", "ts", "dur") == [
        (2, 1, "call 1", 0, 5_000_000),
        (3, 1, "call 1", 5_000_000, 4_000_000),
        (2, 1, "retried", 0, 1_000_000),
        (2, 1, "back-off", 1_000_000, 1_000_000),
        (2, 1, "retried", 2_000_000, 1_000_000),
        (2, 1, "back-off", 3_000_000, 2_000_000),
        (3, 1, "retried", 5_000_000, 1_000_000),
        (3, 1, "back-off", 6_000_000, 1_000_000),
        (3, 1, "in flight", 7_000_000, 2_000_000),
        (2, 2, "call 2", 0, 4_000_000),
        (2, 2, "in flight", 0, 4_000_000),
        (1, 1, "call 3", 1_000_000, 1_000_000),
        (1, 1, "in flight", 1_000_000, 1_000_000),
    ]
    counts = {2: [], 3: []}  # type: ignore[var-annotated]
    for e in found:
        if e["ph"] == "C" and e["pid"] in counts:
            counts[e["pid"]].append((e["ts"] // 1_000_000, e["args"]["calls"]))
    assert counts == {
        2: [(0, 2), (1, 1), (2, 2), (3, 1), (4, 0)],
        3: [(0, 0), (5, 1), (6, 0), (7, 1), (9, 0)],
    }


def test_sync_is_the_first_process_and_async_the_second(tmp_path: Path) -> None:
    path = nb.to_chrome_trace(builders.faq(), tmp_path / "trace.json")
    data = json.loads(path.read_text())
    names = {
        event["pid"]: event["args"]["name"]
        for event in data["traceEvents"]
        if event["name"] == "process_name"
    }

    assert names == {1: "sync", 2: "async"}
    assert data["displayTimeUnit"] == "ms"


stamp = st.none() | st.floats(0, 20)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5), stamp, st.integers(0, 3)), max_size=25)
)
def test_any_trace_nests(rows: list[tuple[float, float, float | None, int]]) -> None:
    calls: list[Call] = []
    for start, length, first, tries in rows:
        step = length / (tries + 1)
        attempts = [
            Attempt(number=i + 1, started=start + i * step, finished=start + (i + 0.5) * step)
            for i in range(tries)
        ]
        end = None if tries == 3 else start + length
        calls.append(builders.call(start, end, first_token=first, attempts=attempts))
    check_trace(builders.make_run(*calls))


def slices_by_thread(run: Run) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for event in events(run, "X"):
        found.setdefault(event["tid"], []).append(event)
    return found


def test_a_trace_nests_items_steps_calls_and_attempts() -> None:
    tried = builders.with_retries(2, times=(0.25, 0.5, 0.25))
    tried.api = "embeddings"
    inner = builders.call(0.5, 1.5, first_token=1.0)
    run = builders.make_run(
        builders.item(0, 4, builders.step("draft", 0, 2, inner), tried), builders.call(0, 1)
    )

    assert [(e["tid"], e["name"], e["cat"], e["ts"], e["dur"]) for e in events(run, "X")] == [
        (1, "call 1", "call", 0, 4_000_000),
        (1, "draft", "step", 0, 2_000_000),
        (1, "chat", "inner call", 500_000, 1_000_000),
        (1, "waiting", "phase", 500_000, 500_000),
        (1, "streaming", "phase", 1_000_000, 500_000),
        (1, "embeddings", "inner call", 2_000_000, 1_000_000),
        (1, "retried", "phase", 2_000_000, 250_000),
        (1, "back-off", "phase", 2_250_000, 500_000),
        (1, "in flight", "phase", 2_750_000, 250_000),
        (2, "call 2", "call", 0, 1_000_000),
        (2, "in flight", "phase", 0, 1_000_000),
    ]
    assert [e["args"].get("api") for e in events(run, "X") if "args" in e] == [
        *("function", "step", None, "embeddings", None),
    ]


def test_children_at_once_have_threads_beside_the_lane_of_their_item() -> None:
    run = builders.make_run(
        builders.item(0, 3, builders.call(0, 2), builders.call(1, 3), builders.call(2, 3)),
        builders.call(0, 1),
    )
    names = {e["tid"]: e["args"]["name"] for e in events(run, "M") if e["name"] == "thread_name"}

    assert names == {1: "lane 1", 2: "lane 1.1", 3: "lane 2"}
    assert [(e["tid"], e["ts"]) for e in events(run, "X") if e["cat"] == "inner call"] == [
        (1, 0),
        (2, 1_000_000),
        (1, 2_000_000),
    ]


def test_children_end_with_the_attempt_of_their_item_in_which_they_began() -> None:
    item = builders.with_retries(0, times=(1, 1, 1))
    item.api, item.children = "function", [builders.call(0.5, 9), builders.call(2.5, 2.75)]

    spans = [
        (e["name"], e["ts"], e["dur"])
        for e in events(builders.make_run(item), "X")
        if e["cat"] in ("inner call", "phase") and e["name"] != "in flight"
    ]
    assert spans == [
        ("retried", 0, 1_000_000),
        ("back-off", 1_000_000, 1_000_000),
        ("chat", 500_000, 500_000),
        ("chat", 2_500_000, 250_000),
    ]


def test_the_trace_of_hostile_items_nests_and_ends() -> None:
    for run in (
        builders.make_run(*watched.hostile_items()),
        builders.watch_run(*watched.hostile_items()),
        watched.agents(),
        watched.chain(20),
        watched.mixed(),
    ):
        for thread in slices_by_thread(run).values():
            assert all(event["dur"] >= 0 for event in thread)
            stack_nests(thread)
        assert len(json.dumps(events(run, "X"))) < 2_000_000


nested: st.SearchStrategy[Any] = st.recursive(
    st.tuples(stamp, stamp, st.just([])),
    lambda inner: st.tuples(stamp, stamp, st.lists(inner, max_size=4)),
    max_leaves=12,
)


def grown(plan: tuple[float | None, float | None, list[Any]]) -> Call:
    started, finished, children = plan
    return builders.item(
        started,
        finished,
        *map(grown, children),
        api="step" if children else "chat",
    )


@given(st.lists(nested, max_size=6))
def test_any_trace_of_calls_within_calls_nests(plans: list[Any]) -> None:
    run = builders.make_run(*map(grown, plans))

    for thread in slices_by_thread(run).values():
        stack_nests(thread)

"""Journals of runs with functions: what they hold, and how a run goes on from one."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import httpx
import numpy as np
import pandas as pd
import pydantic
import pytest
from openai import OpenAI

import aiml_nb as nb
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.formats.lines import decode, encode
from aiml_nb.runner.options import BLOCKING

from ..watch.model_server import model_server
from .test_function_ends import WAYS, raising
from .test_functions import Counter, Point, Review, double, triple
from .test_resume import cut_off


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.jsonl"


def counted(strategy: str = "threads", *, fails: int | None = None) -> Any:
    """Return a function that the strategy takes, and that counts; it fails at one item."""
    seen = Counter()

    def ask(item: Any) -> Any:
        seen.enter(item)
        if fails is not None and item == fails:
            raise ValueError("no")
        return {"double": item * 2}

    async def ask_async(item: Any) -> Any:
        await asyncio.sleep(0)
        return ask(item)

    function: Any = ask if strategy in BLOCKING else ask_async
    function.seen = seen
    return function


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class TestGoingOn:
    @pytest.mark.parametrize("strategy", WAYS)
    def test_what_is_finished_is_not_called_again(self, path: Path, strategy: str) -> None:
        first = nb.run(range(6), counted(strategy), strategy=strategy, journal=path, max_calls=4)
        assert first.journal == str(path)
        function = counted(strategy)

        run = nb.resume(path, function, max_calls=None)

        assert sorted(function.seen.items) == [4, 5]
        assert run.results == [{"double": 2 * n} for n in range(6)]
        assert {call.outcome for call in run.calls} == {"ok"}
        assert {call.api for call in run.calls} == {"function"}
        assert run.strategy == strategy
        assert run.run_id == first.run_id

    def test_what_was_in_flight_is_called_again_and_said(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        nb.run(range(6), counted(), journal=path)
        names = cut_off(path, in_flight=2)
        function = counted()

        run = nb.resume(path, function)

        assert function.seen.calls == 2
        again = [call for call in run.calls if call.custom_id in names]
        assert [len(call.attempts) for call in again] == [2, 2]
        assert all(call.attempts[0].possibly_billed for call in again)
        assert "2 were in flight" in capsys.readouterr().out

    def test_what_failed_is_called_again_if_asked_for(self, path: Path) -> None:
        nb.run(range(4), counted(fails=2), journal=path)
        function = counted()

        kept = nb.resume(path, function)
        run = nb.resume(path, function, retry_failed=True)

        assert kept.calls[2].error == "ValueError: no"
        assert function.seen.items == [2]
        assert run.results == [{"double": 2 * n} for n in range(4)]

    def test_a_whole_journal_calls_nothing(self, path: Path) -> None:
        run = nb.run(range(3), counted(), journal=path)
        function = counted()

        again = nb.resume(path, function)

        assert function.seen.calls == 0
        assert again.results == run.results
        assert again.calls == run.calls

    def test_another_kind_of_function_may_go_on(self, path: Path) -> None:
        nb.run(range(4), counted("threads"), journal=path, max_calls=2)

        run = nb.resume(path, counted("gather"), max_calls=None)

        assert run.results == [{"double": 2 * n} for n in range(4)]
        assert run.strategy == "gather"

    def test_items_come_from_the_journal_as_plain_data(self, path: Path) -> None:
        items = [Point(1, "a"), Review(text="b"), (1, 2), "Who?", pd.Timestamp("2026-01-02")]
        nb.run(items, raising(ValueError()), journal=path)
        seen = Counter()

        run = nb.resume(path, seen.enter, retry_failed=True)

        assert sorted(map(str, seen.items)) == sorted(
            map(
                str,
                [
                    {"x": 1, "y": "a"},
                    {"text": "b", "stars": 3},
                    [1, 2],
                    "Who?",
                    "2026-01-02T00:00:00",
                ],
            )
        )
        assert run.calls[0].prompt == "Point(x=1, y='a')"

    def test_items_that_are_given_are_taken_as_they_are(self, path: Path) -> None:
        items = [Point(1, "a"), Review(text="b"), {"x": float("nan")}]
        nb.run(items, raising(ValueError()), journal=path)
        seen = Counter()

        nb.resume(path, seen.enter, prompts=[*items, Point(2, "new")], retry_failed=True)

        assert {type(item) for item in seen.items} == {Point, Review, dict}
        assert Point(2, "new") in seen.items

    @pytest.mark.parametrize("lost", [object(), range(3), double, Rude()])
    def test_items_that_no_journal_holds_are_to_be_given_again(self, path: Path, lost: Any) -> None:
        nb.run(["Who?", lost], counted(), journal=path, max_calls=1, strategy="sequential")
        with pytest.raises(nb.JournalError, match=r"only how Python shows it.*, prompts=items\)"):
            nb.resume(path, double, max_calls=None)
        seen = Counter()

        nb.resume(path, seen.enter, max_calls=None, prompts=["Who?", lost])

        assert seen.items == [lost]
        assert nb.resume(path, double).results == [{"double": "Who?Who?"}, None]

    def test_other_items_are_refused(self, path: Path) -> None:
        nb.run([1, 2], double, journal=path)

        with pytest.raises(nb.JournalError, match="prompt 2 was 2 and is 3"):
            nb.resume(path, double, prompts=[1, 3])

    def test_options_of_the_journal_hold_and_can_be_replaced(self, path: Path) -> None:
        nb.run(range(4), counted(), journal=path, max_calls=1, timeout=7, max_concurrency=2)

        run = nb.resume(path, counted(), max_calls=None, max_concurrency=3)

        assert run.max_concurrency == 3
        assert {call.outcome for call in run.calls} == {"ok"}

    async def test_a_journal_cut_off_by_cancel_goes_on(self, path: Path) -> None:
        gate = asyncio.Event()

        async def ask(item: int) -> int:
            if item:
                await gate.wait()
            return item

        handle = nb.start(range(3), ask, journal=path)
        while not handle.progress[0]:
            await asyncio.sleep(0)
        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle

        run = await asyncio.to_thread(nb.resume, path, triple)

        assert run.results == [0, 3, 6]


class TestSimulated:
    """What the simulator answered is shown as simulated, whoever reads it from a journal."""

    def look_up(self, endpoint: nb.Endpoint) -> Any:
        client = OpenAI(base_url=endpoint.base_url, api_key=endpoint.key.reveal())

        @nb.step
        def ask(item: str) -> None:
            messages: Any = [{"role": "user", "content": item}]
            client.chat.completions.create(model=endpoint.model, messages=messages)

        return lambda item: ask(item) if item != "nothing" else None

    def test_a_journal_says_so(self, path: Path, endpoint: nb.Endpoint) -> None:
        items = ["nothing", "Who?", "Why?", "How?"]
        function = self.look_up(endpoint)
        run = nb.run(items, function, journal=path, strategy="sequential", max_calls=3)
        assert run.simulated

        again = nb.read_saved(path)
        assert isinstance(again, nb.Run)
        assert again.simulated
        cut_off(path, in_flight=1)
        read = nb.read_saved(path)
        assert isinstance(read, nb.Run)
        assert read.simulated  # without its last line too, as a killed process leaves it
        assert nb.resume(path, lambda item: None, max_calls=None).simulated
        assert nb.resume(path, lambda item: None).simulated

    def test_a_run_that_goes_on_with_it_says_so(self, path: Path, endpoint: nb.Endpoint) -> None:
        function = self.look_up(endpoint)
        nb.run(["Who?"], function, journal=path)

        assert nb.run(["Who?"], function, journal=path).simulated  # sends nothing
        assert nb.run(["Who?", "Why?"], function, journal=path).simulated
        read = nb.read_saved(path)
        assert isinstance(read, nb.Run)
        assert read.simulated

    def test_not_of_what_went_elsewhere_too(self, path: Path, endpoint: nb.Endpoint) -> None:
        function = self.look_up(endpoint)
        nb.run(["Who?", "Why?"], function, journal=path, strategy="sequential", max_calls=1)
        with model_server() as server:
            client = OpenAI(base_url=server.base_url, api_key="k")
            run = nb.resume(path, lambda item: next(iter(client.models.list())).id, max_calls=None)

            assert not run.simulated
            read = nb.read_saved(path)
            assert isinstance(read, nb.Run)
            assert not read.simulated
            assert not nb.resume(path, function).simulated


class TestRefused:
    def test_a_journal_of_items_without_a_function(self, path: Path) -> None:
        nb.run([1, 2], double, journal=path)

        with pytest.raises(nb.JournalError, match=r"with a function, 'double'.*, double\)"):
            nb.resume(path)

    def test_a_journal_of_prompts_with_a_function(self, path: Path, endpoint: nb.Endpoint) -> None:
        nb.run(["Who?"], endpoint, journal=path)

        with pytest.raises(nb.JournalError, match=r"not of one with a function\. Leave double out"):
            nb.resume(path, double)

    @pytest.mark.parametrize("options", [{"max_cost": 1}, {"temperature": 1}, {"stream": True}])
    def test_options_that_no_function_takes(self, path: Path, options: dict[str, Any]) -> None:
        nb.run([1, 2], double, journal=path)

        with pytest.raises(TypeError, match=next(iter(options))):
            nb.resume(path, double, **options)

    @pytest.mark.parametrize("wrong", ["double", 5, str, double(1)])
    def test_what_is_no_function(self, path: Path, wrong: Any) -> None:
        nb.run([1, 2], double, journal=path)

        with pytest.raises(TypeError):
            nb.resume(path, wrong)

    def test_a_strategy_that_does_not_fit(self, path: Path) -> None:
        nb.run([1, 2], double, journal=path, max_calls=1)

        with pytest.raises(TypeError, match="double is not async"):
            nb.resume(path, double, strategy="gather", max_calls=None)


@dataclass
class Node:
    value: Any
    next: Any = None


class Named(NamedTuple):
    name: str
    score: int


@attrs.define
class Defined:
    name: str


class Account(pydantic.BaseModel):
    """What is not to be written, beside what spoils the quick way."""

    model_config = pydantic.ConfigDict(extra="allow")
    user_name: str = pydantic.Field(serialization_alias="userName")
    password: str = pydantic.Field(exclude=True)
    hint: str

    @pydantic.field_serializer("hint")
    def hide(self, _: str) -> str:
        return "…"


ACCOUNT = Account(user_name="me", password="in clear", hint="dog")


class Odd(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    thing: Any


RESULTS: list[tuple[Any, Any]] = [
    ("text", "text"),
    (None, None),
    (True, True),
    (2**70, 2**70),
    (float("nan"), None),
    ({"a": [1, (2, 3)]}, {"a": [1, [2, 3]]}),
    (Point(1, "a"), {"x": 1, "y": "a"}),
    (Review(text="a"), {"text": "a", "stars": 3}),
    (Odd(thing=Point(1, "b")), {"thing": {"x": 1, "y": "b"}}),
    (Odd(thing=Rude()), {"thing": "<Rude>"}),
    (Rude(), "<Rude>"),
    (Named("a", 1), {"name": "a", "score": 1}),
    ([Defined("a")], [{"name": "a"}]),
    (ACCOUNT, {"userName": "me", "hint": "…"}),
    ([ACCOUNT, b"\xff"], [{"userName": "me", "hint": "…"}, "/w=="]),
    (b"text", "text"),
    (b"\xff\x00", "/wA="),
    ("a\ud800\u2028\0\x1b[31m", "a\ud800\u2028\0\x1b[31m"),
    ({"a\ud800": b"\xff"}, {"a\ud800": "/w=="}),
    ({1: 2, (1, 2): 3}, {"1": 2, "1,2": 3}),
    (np.int64(3), 3),
    (np.array([[1, 2]]), [[1, 2]]),
    ({"at": pd.NaT, "n": pd.NA}, {"at": None, "n": None}),
    (float("-inf"), None),
    (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05Z"),
    (dt.timedelta(seconds=3), "PT3S"),
    ([Decimal("1.10"), Decimal("NaN")], ["1.10", "NaN"]),
    (np.array([1.0, np.nan]), [1.0, None]),
    (np.array(["2026-01-02"], "datetime64[s]"), ["2026-01-02T00:00:00"]),
    (pd.Series([1, None]), [1.0, None]),
    (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
    (
        pd.DataFrame({"a": [1, 2], "at": [pd.Timestamp("2026-01-02"), pd.NaT]}),
        [{"a": 1, "at": "2026-01-02T00:00:00"}, {"a": 2, "at": None}],
    ),
    ({"table": pd.DataFrame({1: [np.nan]})}, {"table": [{"1": None}]}),
    ("huge " * 2_000_000, "huge " * 2_000_000),
    ({1, 2}, [1, 2]),
    (range(3), "range(0, 3)"),
    (ValueError("no"), "ValueError('no')"),
    (int, "<class 'int'>"),
]


class TestResults:
    @pytest.mark.parametrize(("value", "plain"), RESULTS, ids=[ascii(type(v)) for v, _ in RESULTS])
    def test_come_back_as_plain_data(self, path: Path, value: Any, plain: Any) -> None:
        run = nb.run([1], lambda item: value, journal=path)

        assert run.results[0] is value
        assert run.calls[0].outcome == "ok"
        assert run.calls[0].error is None
        assert nb.resume(path, double).results == [plain]
        assert nb.read_saved(path).calls[0].result == plain  # type: ignore[union-attr]

    def test_what_a_journal_cannot_hold_is_said_and_kept_in_memory(self, path: Path) -> None:
        circle: list[Any] = []
        circle.append(circle)
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        node = Node(1)
        node.next = node
        values = [circle, deep, node, "fine"]

        run = nb.run(range(4), lambda item: values[item], journal=path)

        assert all(got is value for got, value in zip(run.results, values, strict=True))
        assert [call.outcome for call in run.calls] == ["ok"] * 4
        for call in run.calls[:3]:
            assert "The journal does not hold what came of" in (call.error or "")
        assert run.calls[3].error is None
        again = nb.resume(path, double)
        assert again.results == [None, None, None, "fine"]
        assert [call.error for call in again.calls] == [call.error for call in run.calls]

    def test_what_is_written_only_as_python_shows_it_is_said_once(self, path: Path) -> None:
        with model_server() as server, httpx.Client() as http:

            def ask(item: int) -> dict[str, Any]:
                return {"item": item, "reply": http.get(f"{server.base_url}/models")}

            run = nb.run([1, 2], ask, journal=path)
        (notice,) = run.notices

        assert "only how Python shows it: '<Response [200 OK]>' in call-00000" in notice
        assert "Return plain data" in notice
        assert nb.run([1, 2], triple, journal=path, fresh=True).notices == []

    def test_what_can_be_read_once_is_not_read_by_the_journal(self, path: Path) -> None:
        hidden: list[Callable[[Any], Any]] = [
            lambda read: read,
            lambda read: {"words": read},
            lambda read: ("question", [deque([read])]),
            lambda read: Point(1, read),
            lambda read: Odd(thing=read),
            lambda read: Defined(read),
            lambda read: Account(user_name="me", password="no", hint="cat", more=read),
        ]
        reads = [map(str, [1, 2]) for _ in hidden]
        run = nb.run(range(len(hidden)), lambda item: hidden[item](reads[item]), journal=path)
        run.to_frame()
        nb.to_jsonl(run, path.with_name("results.jsonl"), texts=True)

        assert [[*read] for read in reads] == [["1", "2"]] * len(hidden)
        (words,) = nb.resume(path, double).results[1].values()
        assert words.startswith("<map object")

    def test_a_generator_is_no_result(self) -> None:
        run = nb.run([1], lambda item: (each for each in [1]))

        assert run.calls[0].outcome == "error"
        assert "returned a generator, and nothing in it has run" in (run.calls[0].error or "")


def test_items_that_are_rows_are_columns_of_the_answers_wherever_they_are_read(
    path: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [{"name": "a", "n": 1}, {"name": "b", "n": None}]

    def ask(row: dict[str, Any]) -> int:
        row["n"] = 7  # what the user's code does to its row changes no record
        return 3

    for items in (rows, pd.DataFrame(rows)):
        path.unlink(missing_ok=True)
        run = nb.run([dict(each) for each in rows] if items is rows else items, ask, journal=path)
        nb.to_jsonl(run, tmp_path / "results.jsonl", texts=True)
        read = nb.read_saved(path), nb.read_saved(tmp_path / "results.jsonl")
        for each in (run, nb.resume(path, ask), *read):
            assert isinstance(each, nb.Run)
            table = each.answers()
            assert list(table.columns) == ["name", "n", "result", "outcome", "error"]
            assert table["name"].tolist() == ["a", "b"]
            assert table["n"].iloc[0] == 1
            assert pd.isna(table["n"].iloc[1])
            assert table["result"].tolist() == [3, 3]


def test_items_of_which_some_are_rows_have_their_labels_beside_them(path: Path) -> None:
    run = nb.run([{"name": "a"}, "b"], lambda item: 3, journal=path)

    for each in (run, nb.read_saved(path)):
        assert isinstance(each, nb.Run)
        assert list(each.answers().columns) == ["prompt", "result", "outcome", "error"]


class TestTheFile:
    def test_has_items_in_its_head_and_results_in_its_lines(self, path: Path) -> None:
        nb.run(["Who?", {"q": 1}], lambda item: [item], journal=path)

        head, *lines = map(decode, path.read_text().splitlines())
        assert head["prompts"] == [
            {"custom_id": "call-000001", "item": "Who?"},
            {"custom_id": "call-000002", "item": {"q": 1}, "label": "{'q': 1}"},
        ]
        assert head["settings"]["model"] == "lambda"
        assert head["settings"]["base_url"] == ""
        calls = sorted(
            (each for each in lines if "timing" in each), key=lambda each: each["custom_id"]
        )
        assert [each["call"]["result"] for each in calls] == [["Who?"], [{"q": 1}]]
        assert [each["call"]["api"] for each in calls] == ["function"] * 2
        assert all(each["response"] is None and each["error"] is None for each in calls)

    def test_reads_as_the_run(self, path: Path) -> None:
        run = nb.run(["Who?", {"q": 1}, (1, 2)], lambda item: 7, journal=path)

        read = nb.read_saved(path)
        assert isinstance(read, nb.Run)
        assert read.calls == run.calls
        assert (read.model, read.strategy, read.run_id) == (run.model, run.strategy, run.run_id)

    def test_is_written_before_a_result_is_shown(self, path: Path) -> None:
        shown: list[bool] = []

        def ask(item: int) -> int:
            lines = path.read_text()
            shown.append(f'"call-00000{item}","sent":1' in lines.replace(" ", ""))
            return item

        nb.run([1, 2], ask, journal=path, strategy="sequential")

        assert shown == [True, True]

    def test_a_head_with_a_wrong_label_is_refused(self, path: Path) -> None:
        nb.run([{"q": 1}], double.__class__.__repr__, journal=path)
        head, *lines = path.read_text().splitlines(keepends=True)
        data = decode(head)
        data["prompts"][0]["label"] = 5
        path.write_text(encode(data) + "".join(lines))

        with pytest.raises(nb.JournalError, match="holds records, but not what is needed"):
            nb.resume(path, double)

    def test_is_written_again_where_another_program_deletes_it(self, path: Path) -> None:
        def ask(item: int) -> int:
            if item == 1:
                path.unlink()
            return item

        run = nb.run(range(4), ask, journal=path, strategy="sequential")

        contents = read_lines(path.read_bytes(), path)
        assert len(contents.calls) == 4
        assert nb.resume(path, double).results == run.results

    def test_rows_and_json_hold_results_too(self, tmp_path: Path) -> None:
        circle: list[Any] = []
        circle.append(circle)
        run = nb.run([1, 2], lambda item: circle if item == 2 else {"a": item})

        file = nb.to_jsonl(run, tmp_path / "rows.jsonl", texts=True)

        rows = [json.loads(line) for line in file.read_text().splitlines()]
        assert rows[0]["result"] == {"a": 1}
        assert "result" not in rows[1]
        assert nb.read_saved(file).results == [{"a": 1}, None]  # type: ignore[union-attr]

"""Runs whose answers are typed: read, checked, asked for again, kept, and read back."""

from __future__ import annotations

import asyncio
import datetime
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

import aiml_nb as nb
from aiml_nb.records import Run

from .conftest import Answering, prompt

BOTH = pytest.mark.parametrize("strategy", ["gather", "threads"])
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


class Address(BaseModel):
    city: str
    zip: int | None


class Review(BaseModel):
    sentiment: Literal["positive", "negative"]
    score: int
    address: Address | None = None


GOOD = {"sentiment": "positive", "score": 5, "address": {"city": "Ghent", "zip": 9000}}
TEXT = json.dumps(GOOD)
BAD = json.dumps(GOOD | {"score": "high"})
PARSED = Review.model_validate(GOOD)
COLUMNS = ["sentiment", "score", "address.city", "address.zip"]


def ask(server: Answering, *answers: Any, **options: Any) -> Run:
    """Ask one prompt, which is answered so."""
    given = {"response_format": Review, "progress": False, **options}
    return nb.run([prompt(*answers)], server.connect(), **given)


@BOTH
@STREAMED
def test_an_answer_becomes_an_object_of_the_class(
    server: Answering, strategy: str, streamed: bool
) -> None:
    run = ask(server, f"Here:\n```json\n{TEXT}\n```", strategy=strategy, stream=streamed)

    (call,) = run.calls
    assert (call.outcome, call.error, call.error_type) == ("ok", None, None)
    assert call.parsed == call.result == PARSED
    assert run.results == [PARSED]
    assert call.text.startswith("Here")
    (body,) = server.bodies
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["response_format"] == run.parameters["response_format"]
    row = run.to_frame().iloc[0]
    assert row[COLUMNS].tolist() == ["positive", 5, "Ghent", 9000]


@BOTH
@STREAMED
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (BAD, ["score is 'high'", "valid integer", "retry_invalid=1"]),
        ('{"sentiment": "positive"}', ["score is missing"]),
        (json.dumps(GOOD | {"sentiment": "so-so"}), ["sentiment is 'so-so'", "'positive' or"]),
        (json.dumps(GOOD | {"address": {"city": 1, "zip": 1}}), ["address.city is 1"]),
        (TEXT[:-1], ["is not JSON"]),
        ("It is good.", ["no JSON", "It is good."]),
        ("[]", ["Review", "object"]),
    ],
)
def test_what_does_not_fit_is_an_error_in_words_and_its_text_is_kept(
    server: Answering, answer: str, words: list[str], strategy: str, streamed: bool
) -> None:
    run = ask(server, answer, strategy=strategy, stream=streamed)

    (call,) = run.calls
    assert (call.outcome, call.error_type) == ("error", "invalid_answer")
    assert call.error is not None
    assert len(call.error) <= 300
    assert all(word in call.error for word in words), call.error
    assert (call.text, call.parsed) == (answer, None)
    (attempt,) = call.attempts
    assert (attempt.status, attempt.error_type) == (200, "invalid_answer")
    assert attempt.possibly_billed
    table = run.to_frame()
    assert list(table.columns)[-4:] == COLUMNS
    assert table[COLUMNS].isna().all(axis=None)


@STREAMED
def test_refusals_and_answers_that_broke_off_stay_what_they_are(
    server: Answering, streamed: bool
) -> None:
    refused = ask(server, {"message": {"content": "", "refusal": "No."}}, stream=streamed)
    cut = {"message": {"content": TEXT[:20]}, "finish_reason": "length"}
    broken = ask(server, cut, stream=streamed, retry_invalid=3)
    whole = ask(server, {"message": {"content": TEXT}, "finish_reason": "length"}, stream=streamed)

    assert (refused.calls[0].outcome, refused.calls[0].parsed) == ("refused", None)
    assert (broken.calls[0].outcome, broken.calls[0].error_type) == ("incomplete", None)
    assert "max_tokens" in str(broken.calls[0].error)
    assert (broken.calls[0].text, len(broken.calls[0].attempts)) == (TEXT[:20], 1)
    assert (whole.calls[0].outcome, whole.calls[0].parsed) == ("incomplete", PARSED)


def test_calls_of_tools_and_no_text(server: Answering) -> None:
    tool = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a": [1]}'}}
    own = {"id": "b", "type": "custom", "custom": {"name": "g", "input": "{}"}}
    bad = {"id": "c", "type": "function", "function": {"name": "h", "arguments": "{oops"}}
    message = {"content": None, "tool_calls": [tool, own, bad]}
    called = ask(server, {"message": message, "finish_reason": "tool_calls"})
    silent = ask(server, {"message": {"content": None, "reasoning": "Hm."}})

    assert (called.calls[0].outcome, called.calls[0].parsed) == ("ok", None)
    assert json.loads(called.to_frame().loc[0, "tool_calls"]) == [
        {"name": "f", "arguments": {"a": [1]}},
        {"name": "g", "arguments": "{}"},
        {"name": "h", "arguments": "{oops"},
    ]
    assert (silent.calls[0].outcome, silent.calls[0].error_type) == ("error", "invalid_answer")
    assert "no text" in str(silent.calls[0].error)


class TestRetries:
    @BOTH
    @STREAMED
    @pytest.mark.parametrize("attempts", [1, 3])
    def test_it_is_asked_again_whatever_max_attempts_says(
        self, server: Answering, strategy: str, streamed: bool, attempts: int
    ) -> None:
        options = {"strategy": strategy, "stream": streamed, "max_attempts": attempts}
        run = ask(server, BAD, "no", TEXT, retry_invalid=2, **options)

        (call,) = run.calls
        assert (call.outcome, call.error, call.error_type) == ("ok", None, None)
        assert call.parsed == PARSED
        kinds = [(each.error_type, each.status) for each in call.attempts]
        assert kinds == [("invalid_answer", 200), ("invalid_answer", 200), (None, 200)]
        assert call.invalid_usage == {"input_tokens": 22, "output_tokens": 14, "cost": None}
        assert (call.input_tokens, call.output_tokens) == (11, 7)
        summary = run.summary().iloc[0]
        assert (summary["input_tokens"], summary["output_tokens"]) == (33, 21)
        assert summary["attempts"] == 3

    @BOTH
    def test_it_is_bounded(self, server: Answering, strategy: str) -> None:
        run = ask(server, BAD, retry_invalid=2, strategy=strategy)

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("error", "invalid_answer")
        assert "given up after 3 answers" in str(call.error)
        assert sum(server.asked.values()) == len(call.attempts) == 3

    @BOTH
    def test_failures_have_a_bound_of_their_own(self, server: Answering, strategy: str) -> None:
        run = ask(server, BAD, 503, BAD, 503, TEXT, retry_invalid=2, strategy=strategy)

        kinds = [each.error_type for each in run.calls[0].attempts]
        assert kinds == ["invalid_answer", "503", "invalid_answer", "503", None]
        assert run.calls[0].parsed == PARSED
        assert run.calls[0].invalid_usage == {"input_tokens": 22, "output_tokens": 14, "cost": None}

    @BOTH
    def test_max_calls_counts_each(self, server: Answering, strategy: str) -> None:
        run = ask(server, BAD, retry_invalid=9, max_calls=4, strategy=strategy)

        (call,) = run.calls
        assert sum(server.asked.values()) == 4
        assert (call.outcome, call.error_type) == ("error", "invalid_answer")
        assert "max_calls=4" in str(call.error)
        assert call.text == BAD

    @BOTH
    def test_tokens_and_dollars_count_each(self, server: Answering, strategy: str) -> None:
        options = {"max_tokens": 20, "strategy": strategy, "retry_invalid": 9}
        by_tokens = ask(server, BAD, max_total_tokens=500, **options)
        asked = sum(server.asked.values())
        # At these prices a token is a dollar.
        by_cost = ask(server, BAD, max_cost=500, prices=(1e6, 1e6), **options)

        for run, n in ((by_tokens, asked), (by_cost, sum(server.asked.values()))):
            assert 2 <= n == len(run.calls[0].attempts) <= 5
            assert "budget" in str(run.stopped)
            assert run.calls[0].outcome == "error"

    def test_the_plan_knows_them(self, server: Answering, capsys: Any) -> None:
        from aiml_nb.runner.pacing.clock import Clock
        from aiml_nb.runner.plan import make_plan, make_retries

        options = {"max_attempts": 1, "journal": False, "response_format": Review}
        plan = make_plan(["a", "b"], server.connect(), retry_invalid=3, **options)

        assert make_retries(plan, Clock()).max_requests == 8

    @pytest.mark.parametrize("value", [-1, 1.5, True, "2", None, 101])
    def test_wrong_numbers_are_refused(self, server: Answering, value: object) -> None:
        with pytest.raises(ValueError, match="retry_invalid must be a whole number from 0"):
            ask(server, TEXT, retry_invalid=value)

    def test_it_needs_something_to_fit(self, server: Answering) -> None:
        with pytest.raises(ValueError, match="Add response_format="):
            ask(server, TEXT, retry_invalid=1, response_format=None)


class Odd(BaseModel):
    """A model whose validator does what the answer says."""

    do: str

    @field_validator("do")
    @classmethod
    def check(cls, do: str) -> Any:
        if do == "key":
            raise KeyError("no such\n\x1b[2J thing " + "x" * 1000)
        if do == "exit":
            raise SystemExit(3)
        if do == "cancel":
            raise asyncio.CancelledError
        if do == "interrupt":
            raise KeyboardInterrupt
        if do == "stop":
            raise StopIteration
        if do == "deep":
            return cls.check(do)
        if do == "value":
            raise ValueError("it is not nice")
        if do == "mute":
            raise MuteError
        if do == "object":
            return object()
        if do == "set":
            return {1, datetime.date(2026, 1, 1)}
        return do


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class TestValidators:
    @BOTH
    @pytest.mark.parametrize(
        ("do", "words"),
        [
            ("key", "KeyError"),
            ("exit", "SystemExit"),
            ("cancel", "CancelledError"),
            ("interrupt", "KeyboardInterrupt"),
            ("stop", "StopIteration"),
            ("deep", "RecursionError"),
            ("mute", "MuteError"),
            ("value", "do is 'value': it is not nice"),
        ],
    )
    def test_one_that_raises_anything_fails_its_own_call(
        self, server: Answering, strategy: str, do: str, words: str
    ) -> None:
        texts = [json.dumps({"do": each}) for each in ("fine", do)]
        options = {"response_format": Odd, "strategy": strategy, "progress": False}
        run = nb.run([prompt(each) for each in texts], server.connect(), **options)

        good, bad = run.calls
        assert (good.outcome, good.parsed.do) == ("ok", "fine")
        assert (bad.outcome, bad.error_type) == ("error", "invalid_answer")
        assert words in str(bad.error)
        assert "\x1b" not in str(bad.error)
        assert run.stopped is None

    @BOTH
    @pytest.mark.parametrize("do", ["object", "set"])
    def test_what_it_returns_may_be_anything(
        self, server: Answering, strategy: str, do: str, tmp_path: Path
    ) -> None:
        options = {"response_format": Odd, "strategy": strategy, "progress": False}
        journal = tmp_path / "j.jsonl"
        texts = [prompt(json.dumps({"do": do}))]
        run = nb.run(texts, server.connect(), journal=journal, **options)
        rows = nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)

        assert run.calls[0].outcome == "ok"
        for saved in (journal, rows):
            again = nb.read_saved(saved)
            pd.testing.assert_frame_equal(again.to_frame(), run.to_frame())  # type: ignore[union-attr]

    def test_one_that_blocks_leaves_the_loop_free(self, server: Answering) -> None:
        held, free = threading.Event(), threading.Event()

        class Slow(BaseModel):
            n: int

            @field_validator("n")
            @classmethod
            def check(cls, n: int) -> int:
                held.set()
                assert free.wait(20)
                return n

        async def both() -> Run:
            options = {"response_format": Slow, "progress": False}
            running = asyncio.create_task(
                nb.run_async([prompt('{"n": 1}')] * 1, server.connect(), **options)
            )
            while not held.is_set():
                await asyncio.sleep(0.001)
            free.set()  # by this loop, which is not held up
            return await running

        run = asyncio.run(both())

        assert run.results == [Slow.model_construct(n=1)]

    @BOTH
    def test_one_that_never_ends_is_left_when_the_time_of_its_call_is_over(
        self, server: Answering, strategy: str
    ) -> None:
        leave = threading.Event()

        class Endless(BaseModel):
            n: int

            @field_validator("n")
            @classmethod
            def check(cls, n: int) -> int:
                leave.wait(60)
                return n

        options = {"strategy": strategy, "timeout": 0.3}
        run = ask(server, '{"n": 1}', response_format=Endless, **options)
        leave.set()

        assert run.calls[0].error_type == "invalid_answer"
        assert "had not ended after 0.5 s" in str(run.calls[0].error)
        assert run.calls[0].text == '{"n": 1}'

    def test_they_run_one_at_a_time(self, server: Answering) -> None:
        counts = Counter[str]()

        class Counted(BaseModel):
            n: int

            @field_validator("n")
            @classmethod
            def check(cls, n: int) -> int:
                counts["inside"] += 1
                counts["most"] = max(counts["most"], counts["inside"])
                time.sleep(0.001)
                counts["inside"] -= 1
                return n

        for strategy in ("gather", "threads"):
            texts = [prompt(f'{{"n": {n}}}') for n in range(20)]
            options = {"response_format": Counted, "strategy": strategy, "progress": False}
            run = nb.run(texts, server.connect(), **options)
            assert [each.n for each in run.results] == [*range(20)]
        assert counts["most"] == 1


@dataclass
class Point:
    x: float
    y: float = 0.0


class Colour(Enum):
    RED = "red"


class Node(BaseModel):
    name: str
    kids: list[Node] = Field(default=[], description="those below")


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: datetime.date
    colour: Colour


SCHEMA = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}}
OWN = {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA}}


class TestForms:
    @pytest.mark.parametrize(
        ("given", "answer", "parsed"),
        [
            (Point, {"x": 1, "y": 2}, Point(1.0, 2.0)),
            (Node, {"name": "a", "kids": [{"name": "b", "kids": []}]}, None),
            (list[int], [1, 2], [1, 2]),
            (dict[str, int], {"a": 1}, {"a": 1}),
            (Literal["yes", "no"], "yes", "yes"),
            (Colour, "red", Colour.RED),
            (Strict, {"day": "2026-01-01", "colour": "red"}, None),
            (SCHEMA, {"x": 1, "y": 2.5}, {"x": 1, "y": 2.5}),
            (OWN, {"x": 1}, {"x": 1}),
            ({"type": "json_object"}, {"a": [1]}, {"a": [1]}),
        ],
    )
    def test_types_and_schemas_are_read(
        self, server: Answering, given: Any, answer: Any, parsed: Any
    ) -> None:
        run = ask(server, json.dumps(answer), response_format=given)

        (call,) = run.calls
        assert call.outcome == "ok", call.error
        assert call.parsed == (given.model_validate_json(call.text) if parsed is None else parsed)
        sent = server.bodies[0]["response_format"]
        if given in (OWN, {"type": "json_object"}):
            assert sent == given
        else:
            assert sent["type"] == "json_schema"
            assert sent["json_schema"]["strict"] is True

    @pytest.mark.parametrize(
        ("given", "answer", "words"),
        [
            (Point, {"y": 2}, "x is missing"),
            (SCHEMA, {"x": 1}, "the answer does not fit the schema: y is missing"),
            (SCHEMA, {}, "x is missing; y is missing"),
            (SCHEMA, [], "does not fit the schema: [] is not of type 'object'"),
            (SCHEMA, {"x": 1, "y": "z"}, "y: 'z' is not of type 'number'"),
            (OWN, {"x": "a"}, "x: 'a' is not of type 'number'"),
            ({"type": "json_object"}, [1], "no object but"),
            (Strict, {"day": 5, "colour": "red"}, "day is 5"),
            (Literal["yes", "no"], "perhaps", "'yes' or 'no'"),
        ],
    )
    def test_what_does_not_fit_them_is_said(
        self, server: Answering, given: Any, answer: Any, words: str
    ) -> None:
        (call,) = ask(server, json.dumps(answer), response_format=given).calls

        assert call.error_type == "invalid_answer"
        assert words in str(call.error)

    def test_any_text_answers_where_no_type_is_asked_for(self, server: Answering) -> None:
        for given in (None, {"type": "text"}, {"type": "grammar", "grammar": "root ::= x"}):
            run = ask(server, "Good.", response_format=given)
            assert (run.calls[0].outcome, run.calls[0].parsed) == ("ok", None)
            assert "result" not in run.to_frame()

    def test_a_schema_that_cannot_be_checked_makes_no_answer_invalid(
        self, server: Answering
    ) -> None:
        """A pattern of another language, a reference to elsewhere: neither is fetched."""
        for member in ({"pattern": r"^\p{L}+$"}, {"$ref": "http://127.0.0.1:9/x.json"}):
            schema = {"type": "object", "properties": {"a": {"type": "string", **member}}}
            own = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
            assert ask(server, '{"a": "b"}', response_format=own).results == [{"a": "b"}]

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (PARSED, "Write response_format=Review"),
            (Point(1.0), "Write response_format=Point"),
            ("json", "neither a class nor a dictionary. Give a class"),
            (5, "neither a class nor a dictionary"),
            (print, "neither a class nor a dictionary"),
            (threading.Lock().__class__, "no JSON schema can be made"),
            ({"type": "object", "properties": 5}, "no JSON schema"),
        ],
    )
    def test_what_is_none_is_refused_at_once(
        self, server: Answering, given: Any, words: str
    ) -> None:
        with pytest.raises((TypeError, ValueError), match="response_format is") as raised:
            ask(server, TEXT, response_format=given)

        assert words in str(raised.value)
        assert not server.bodies

    def test_a_prompt_may_have_its_own(self, server: Answering) -> None:
        own = {"prompt": prompt('{"x": 1, "y": 2}'), "response_format": Point}
        none = {"prompt": prompt("Hello."), "response_format": None}
        options = {"response_format": Review, "progress": False}
        run = nb.run([prompt(TEXT), own, none], server.connect(), **options)

        assert run.results == [PARSED, Point(1.0, 2.0), None]
        assert [call.outcome for call in run.calls] == ["ok"] * 3
        assert list(run.to_frame().columns)[-6:] == [*COLUMNS, "x", "y"]
        with pytest.raises(TypeError, match=r"Prompt 1 has as response_format 5"):
            nb.run([{"prompt": "a", "response_format": 5}], server.connect())


class TestFiles:
    @BOTH
    def test_a_run_is_read_back_as_it_was(
        self, server: Answering, strategy: str, tmp_path: Path
    ) -> None:
        journal = tmp_path / "j.jsonl"
        texts = [prompt(TEXT), prompt(BAD), prompt(BAD, TEXT), prompt("[1]", 503)]
        options = {"response_format": Review, "strategy": strategy, "progress": False}
        endpoint = server.connect()
        run = nb.run(texts, endpoint, journal=journal, retry_invalid=1, **options)
        rows = nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)
        nb.to_csv(run, tmp_path / "x.csv", texts=True)

        assert [call.outcome for call in run.calls] == ["ok", "error", "ok", "error"]
        table = run.to_frame()
        for saved in (journal, rows):
            again = nb.read_saved(saved)
            assert isinstance(again, Run)
            pd.testing.assert_frame_equal(again.to_frame(), table)
            pd.testing.assert_frame_equal(again.summary(), run.summary())
            assert again.results == [GOOD, None, GOOD, None]
            assert nb.parse(again, Review).results == run.results
        csv = pd.read_csv(tmp_path / "x.csv")
        assert csv[COLUMNS].columns.tolist() == COLUMNS
        assert csv["score"].isna().tolist() == [False, True, False, True]
        plain = json.loads(rows.read_text().splitlines()[0])
        assert plain["result"] == GOOD
        without = nb.to_jsonl(run, tmp_path / "y.jsonl").read_text()
        assert "Ghent" not in without

    def test_a_journal_resumes_with_and_without_the_class(
        self, server: Answering, tmp_path: Path
    ) -> None:
        journal, endpoint = tmp_path / "j.jsonl", server.connect()
        texts = [prompt(TEXT), prompt(BAD, TEXT), prompt("no")]
        nb.run(texts, endpoint, journal=journal, response_format=Review, progress=False)
        n = sum(server.asked.values())
        plain = nb.resume(journal, endpoint)
        typed = nb.resume(journal, endpoint, response_format=Review)

        assert sum(server.asked.values()) == n == 3
        assert plain.results == [GOOD, None, None]
        assert typed.results == [PARSED, None, None]
        assert [call.error_type for call in typed.calls] == [None, *["invalid_answer"] * 2]

        again = nb.resume(journal, endpoint, response_format=Review, retry_failed=True)
        assert sum(server.asked.values()) == 5
        assert again.results == [PARSED, PARSED, None]
        assert [len(call.attempts) for call in again.calls] == [1, 2, 2]
        assert again.summary().iloc[0]["output_tokens"] == 5 * 7

        other = type("Other", (Review,), {})
        with pytest.raises(nb.JournalError, match="response_format"):
            nb.resume(journal, endpoint, response_format=other)

    def test_a_journal_that_goes_on_gives_objects_and_asks_what_did_not_fit(
        self, server: Answering, tmp_path: Path
    ) -> None:
        texts = [prompt(TEXT), prompt(BAD, TEXT), prompt(BAD, BAD, TEXT)]
        endpoint = server.connect()
        options = {"response_format": Review, "journal": tmp_path / "j", "progress": False}
        first = nb.run(texts, endpoint, retry_invalid=1, **options)
        again = nb.run(texts[::-1], endpoint, **options)

        assert first.results == [PARSED, PARSED, None]
        assert again.results == [PARSED] * 3
        assert [call.from_journal for call in again.calls] == [False, True, True]
        assert sum(server.asked.values()) == 1 + 2 + 3
        assert again.summary().iloc[0]["output_tokens"] == 7
        saved = nb.read_saved(tmp_path / "j")
        assert isinstance(saved, Run)
        assert saved.results == [GOOD] * 3

        class Picky(Review):
            @field_validator("score")
            @classmethod
            def refuse(cls, score: int) -> int:
                raise ValueError("never")

        Picky.__name__ = Picky.__qualname__ = "Review"
        Picky.model_config["title"] = "Review"
        Picky.model_rebuild(force=True)
        picky = nb.run(texts, endpoint, **options | {"response_format": Picky})
        assert {call.error_type for call in picky.calls} == {"invalid_answer"}
        assert sum(server.asked.values()) == 9  # what fits no longer is asked again

    def test_a_resumed_run_checks_what_is_new_against_the_schema(
        self, server: Answering, tmp_path: Path
    ) -> None:
        journal, endpoint = tmp_path / "j.jsonl", server.connect()
        first, new = [prompt(TEXT)], [prompt(TEXT, "2"), prompt(BAD, TEXT)]
        options = {"response_format": Review, "retry_invalid": 1, "progress": False}
        nb.run(first, endpoint, journal=journal, **options)
        run = nb.resume(journal, endpoint, prompts=first + new)

        assert run.results == [GOOD, GOOD, GOOD]
        assert [len(call.attempts) for call in run.calls] == [1, 1, 2]

    def test_a_journal_says_nothing_of_it_where_it_is_not_used(
        self, server: Answering, tmp_path: Path
    ) -> None:
        journal = tmp_path / "j.jsonl"
        ask(server, TEXT, response_format=None, journal=journal)

        assert "retry_invalid" not in journal.read_text()
        assert "result" not in journal.read_text()

    def test_the_key_is_nowhere_even_if_escapes_hide_it(
        self, server: Answering, tmp_path: Path
    ) -> None:
        key = "sk-secret-0123456789abcdef"
        hidden = "".join(f"\\u{ord(each):04x}" for each in key)
        answers = [f'{{"do": "{key}"}}', f'{{"do": "{hidden}"}}', f'{{"{hidden}": "{key}"}}']
        journal, endpoint = tmp_path / "j.jsonl", server.connect(api_key=key)
        options = {"response_format": Odd, "progress": False}
        run = nb.run([prompt(each) for each in answers], endpoint, journal=journal, **options)

        assert [call.outcome for call in run.calls] == ["ok", "ok", "error"]
        assert [call.parsed.do for call in run.calls[:2]] == ["[key]", "[key]"]
        kept = f"{[(call.result, call.error) for call in run.calls]}"
        kept += json.dumps([line for line in journal.read_text().splitlines() if "timing" in line])
        assert key not in kept


class TestParse:
    def test_texts_are_read_again_and_nothing_is_sent(self, server: Answering) -> None:
        run = ask(server, TEXT, response_format=None)
        n = len(server.bodies)
        read = nb.parse(run, Review)

        assert (read.results, len(server.bodies)) == ([PARSED], n)
        assert run.results == [None]
        table = read.to_frame()
        assert table.loc[0, COLUMNS].tolist() == ["positive", 5, "Ghent", 9000]

    def test_what_does_not_fit_is_invalid_and_what_fits_is_ok(self, server: Answering) -> None:
        run = ask(server, '{"x": 1, "y": 2}')
        assert run.calls[0].error_type == "invalid_answer"
        read = nb.parse(run, Point)
        back = nb.parse(read, Review)

        assert (read.calls[0].outcome, read.calls[0].error) == ("ok", None)
        assert read.results == [Point(1.0, 2.0)]
        assert (back.calls[0].outcome, back.calls[0].parsed) == ("error", None)
        assert "sentiment is missing" in str(back.calls[0].error)

    def test_calls_without_an_answer_stay_as_they_are(self, server: Answering) -> None:
        run = ask(server, 400)
        assert nb.parse(run, Review).calls == run.calls

    def test_wrong_arguments_are_refused(self, server: Answering) -> None:
        run = ask(server, TEXT)
        with pytest.raises(TypeError, match="Give it what run"):
            nb.parse([run], Review)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="any text answers"):
            nb.parse(run, {"type": "text"})


def test_of_several_choices_the_first_is_read() -> None:
    endpoint = nb.connect(simulate=True, speed=1000, verbose=False)
    run = nb.run(["a"], endpoint, response_format=Review, n=3, progress=False)

    (call,) = run.calls
    assert call.n_choices == 3
    assert call.parsed == Review.model_validate_json(call.text)

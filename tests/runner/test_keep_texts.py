"""With keep_texts=False the journal holds the texts, and the records read them from there."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pickle
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel

import aiml_nb as nb
from aiml_nb.errors import JournalError
from aiml_nb.formats.saved import read_saved
from aiml_nb.prompts import Prompt
from aiml_nb.records import Call, Run
from aiml_nb.records.stored_calls import StoredCall
from aiml_nb.runner.plan import make_plan
from aiml_nb.runner.plan_text import describe_plan, some_prompts

from ..rows import exhaustive, slow
from .conftest import connect_faulty
from .test_journal_lost import QUESTIONS, TAKEN, obliging
from .test_resume import cut_off
from .test_run import questions

N = 25_000  # many
TIMES = ("submitted", "started", "first_token", "finished", "attempts")


@pytest.fixture
def instant() -> nb.Endpoint:
    return nb.connect(scenario="instant", verbose=False, seed=5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.jsonl"


def facts_of(call: Call) -> dict[str, Any]:
    """Return all of a record but what differs from run to run."""
    facts = {each.name: getattr(call, each.name) for each in fields(Call)}
    facts["outcomes"] = [(each.status, each.error_type) for each in call.attempts]
    if facts["body"]:
        facts["body"] = {n: each for n, each in facts["body"].items() if n not in ("id", "created")}
    return {name: each for name, each in facts.items() if name not in TIMES}


def count_alive() -> tuple[int, int]:
    """Count the prompts and the answers in memory."""
    gc.collect()
    alive = gc.get_objects()
    answers = sum(type(each) is dict and "choices" in each for each in alive)
    return sum(type(each) is Prompt for each in alive), answers


def run_both(prompts: Any, endpoint: nb.Endpoint, path: Path, **options: Any) -> tuple[Run, Run]:
    whole = nb.run(prompts, endpoint, **options)
    return whole, nb.run(prompts, endpoint, journal=path, keep_texts=False, **options)


class TestTheRecords:
    @pytest.mark.parametrize("strategy", ["gather", slow("threads"), exhaustive("sequential")])
    def test_are_the_same(self, instant: nb.Endpoint, path: Path, strategy: str) -> None:
        prompts = [
            "One?",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "Two?"}]}]},
            {"custom_id": "third", "prompt": "Three?", "max_tokens": 5, "temperature": 0.5},
            *questions(600),
        ]

        whole, run = run_both(prompts, instant, path, strategy=strategy)

        assert all(type(call) is StoredCall for call in run.calls)
        assert [*map(facts_of, run.calls)] == [*map(facts_of, whole.calls)]

    def test_hold_no_texts(self, instant: nb.Endpoint, path: Path) -> None:
        before = count_alive()

        run = nb.run(questions(800), instant, journal=path, keep_texts=False)

        assert len(run.calls) == 800
        prompts, answers = (now - then for now, then in zip(count_alive(), before, strict=True))
        assert prompts <= 0
        assert answers <= 0

    def test_are_read_while_the_run_lasts(self, instant: nb.Endpoint, path: Path) -> None:
        seen = list[str]()

        async def look() -> None:
            handle = nb.start(questions(30), instant, journal=path, keep_texts=False)
            run = await handle
            seen.extend(call.text for call in run.calls)

        asyncio.run(look())
        assert len(seen) == 30
        assert all(seen)

    def test_are_those_of_failures_too(self, path: Path) -> None:
        endpoint = connect_faulty(faults={2: 400, 4: "close:70%"})

        options: dict[str, Any] = {"strategy": "sequential", "max_attempts": 1, "stream": True}
        run = nb.run(questions(6), endpoint, journal=path, keep_texts=False, **options)

        assert [call.outcome for call in run.calls].count("ok") == 4
        assert [*map(facts_of, read_saved(path).calls)] == [*map(facts_of, run.calls)]

    def test_are_copied_with_their_texts(self, instant: nb.Endpoint, path: Path) -> None:
        run = nb.run(questions(3), instant, journal=path, keep_texts=False)
        copies = pickle.loads(pickle.dumps(run.calls))  # noqa: S301
        path.unlink()

        assert [call.prompt for call in copies] == questions(3)
        assert all(call.text and call.attempts for call in copies)


class TestWhatIsMadeOfThem:
    def test_tables_files_and_numbers_are_the_same(
        self, instant: nb.Endpoint, path: Path, tmp_path: Path
    ) -> None:
        table = pd.DataFrame({"topic": ["rain", "snow"], "n": [1, 2]})
        whole, run = run_both(table, instant, path, prompt="Say {n} words about {topic}.")

        pd.testing.assert_frame_equal(run.answers(), whole.answers())
        for kept, name in ((whole, "whole"), (run, "stored")):
            nb.to_csv(kept, tmp_path / f"{name}.csv")
        assert (tmp_path / "stored.csv").read_text() == (tmp_path / "whole.csv").read_text()
        assert run.summary()["ok"].tolist() == whole.summary()["ok"].tolist()

        nb.to_jsonl(run, tmp_path / "stored.jsonl", texts=True)
        assert [*map(facts_of, read_saved(tmp_path / "stored.jsonl").calls)] == [
            *map(facts_of, run.calls)
        ]
        assert [*map(facts_of, read_saved(path).calls)] == [*map(facts_of, run.calls)]

    def test_typed_answers_are_read_as_their_class(self, path: Path) -> None:
        class Review(BaseModel):
            stars: int

        endpoint = nb.connect(scenario="instant", verbose=False)
        whole, run = run_both(questions(4), endpoint, path, response_format=Review)

        assert [call.outcome for call in run.calls] == [call.outcome for call in whole.calls]
        assert run.results == whole.results
        assert all(isinstance(each, Review) for each in run.results)


class TestItsJournal:
    def test_is_there_for_the_simulator_too(
        self, instant: nb.Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        run = nb.run(questions(3), instant, keep_texts=False)

        assert run.journal is not None
        os.chdir("/")  # it is found from anywhere
        assert all(call.text for call in run.calls)

    def test_is_resumed(self, instant: nb.Endpoint, path: Path) -> None:
        nb.run(questions(700), instant, journal=path, keep_texts=False, max_calls=9)

        run = nb.resume(path, instant, max_calls=None)

        assert [call.prompt for call in run.calls] == questions(700)
        assert all(call.outcome == "ok" for call in run.calls)

    def test_is_gone_on_with(self, instant: nb.Endpoint, path: Path) -> None:
        first = nb.run(questions(700), instant, journal=path, keep_texts=False, max_calls=9)
        run = nb.run([*questions(700), "New?"], instant, journal=path, keep_texts=False)

        answered = [call.custom_id for call in first.calls if call.outcome == "ok"]
        assert [call.custom_id for call in run.calls if call.from_journal] == answered
        assert [call.prompt for call in run.calls] == [*questions(700), "New?"]
        assert all(call.text for call in run.calls)

    def test_of_the_same_prompts_is_gone_on_with_as_it_is(
        self, instant: nb.Endpoint, path: Path
    ) -> None:
        nb.run(questions(700), instant, journal=path, keep_texts=False, max_calls=9)
        cut_off(path, in_flight=2)

        run = nb.run(questions(700), instant, journal=path, keep_texts=False)
        size = path.stat().st_size
        again = nb.run(questions(700), instant, journal=path, keep_texts=False)

        assert [len(call.attempts) for call in run.calls].count(2) == 2
        assert all(type(call) is StoredCall and call.outcome == "ok" for call in run.calls)
        assert path.read_text().count('"aiml_nb_journal"') == 1
        assert path.stat().st_size == size
        assert [*map(facts_of, again.calls)] == [*map(facts_of, run.calls)]
        assert again.calls[-1].finished == run.calls[-1].finished

    def test_of_other_parameters_is_not(self, instant: nb.Endpoint, path: Path) -> None:
        nb.run(questions(3), instant, journal=path, keep_texts=False)

        run = nb.run(questions(3), instant, journal=path, keep_texts=False, temperature=1)

        assert path.read_text().count('"aiml_nb_journal"') == 2
        assert not any(call.from_journal for call in run.calls)
        assert [call.parameters for call in run.calls] == [{}] * 3

    @pytest.mark.parametrize("how", ["deleted", slow("saved by rename"), slow("appended to")])
    def test_is_copied_if_another_program_takes_its_file(self, path: Path, how: str) -> None:
        with obliging(lambda: TAKEN[how][0](path)) as endpoint:
            run = nb.run(QUESTIONS, endpoint, max_concurrency=2, journal=path, keep_texts=False)
            again = nb.resume(run.journal or "", endpoint, on_damage="keep")

        assert [call.text for call in run.calls] == QUESTIONS
        assert [call.prompt for call in run.calls] == QUESTIONS
        assert [call.text for call in again.calls] == QUESTIONS

    def test_that_is_cut_short_by_another_program_stops_the_run(self, path: Path) -> None:
        with obliging(lambda: os.truncate(path, 10)) as endpoint:
            run = nb.run(QUESTIONS, endpoint, strategy="sequential", journal=path, keep_texts=False)

        assert "what is gone was nowhere else" in (run.stopped or "")
        assert [call.outcome for call in run.calls[4:]] == ["not_started"] * 4

    def test_that_is_gone_is_named(self, instant: nb.Endpoint, path: Path) -> None:
        run = nb.run(questions(3), instant, journal=path, keep_texts=False)
        path.unlink()

        assert [call.outcome for call in run.calls] == ["ok"] * 3
        with pytest.raises(JournalError, match=r"j\.jsonl' holds texts of this run"):
            _ = run.calls[0].text

    def test_that_holds_other_calls_there_is_named(self, instant: nb.Endpoint, path: Path) -> None:
        run = nb.run(questions(2), instant, journal=path, keep_texts=False, strategy="sequential")
        lines = path.read_bytes().splitlines(keepends=True)
        first, other = (at for at, line in enumerate(lines) if b'"timing"' in line)
        lines[first], lines[other] = lines[other], lines[first]
        path.write_bytes(b"".join(lines))

        with pytest.raises(JournalError, match="it was changed since"):
            _ = run.calls[0].text


class TestResumed:
    @pytest.fixture
    def cut(self, instant: nb.Endpoint, path: Path) -> Path:
        """The journal of a run that was killed with four calls in flight."""
        prompts = [*questions(1200), {"custom_id": "own", "prompt": "Own?", "max_tokens": 7}]
        nb.run(prompts, instant, journal=path, keep_texts=False, max_calls=30)
        assert len(cut_off(path, in_flight=4)) == 4
        return path

    def test_it_comes_to_the_same_as_with_all_in_memory(
        self, instant: nb.Endpoint, cut: Path
    ) -> None:
        copy = cut.with_name("copy.jsonl")
        copy.write_bytes(cut.read_bytes())

        whole = nb.resume(copy, instant, max_calls=None)
        run = nb.resume(cut, instant, max_calls=None, keep_texts=False)

        assert all(type(call) is StoredCall for call in run.calls)
        assert [*map(facts_of, run.calls)] == [*map(facts_of, whole.calls)]
        assert sum(len(call.attempts) == 2 for call in run.calls) == 4

    def test_a_finished_one_is_read_and_nothing_sent(
        self, instant: nb.Endpoint, cut: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = nb.resume(cut, instant, max_calls=None)
        size, before = cut.stat().st_size, count_alive()
        capsys.readouterr()

        run = nb.resume(cut, instant, keep_texts=False)

        assert "1,201 of 1,201 calls are answered" in capsys.readouterr().out
        assert count_alive()[1] <= before[1] + 2  # what was looked at last
        assert cut.stat().st_size == size
        assert [*map(facts_of, run.calls)] == [*map(facts_of, first.calls)]

    def test_given_prompts_are_compared_and_new_ones_asked(
        self, instant: nb.Endpoint, path: Path
    ) -> None:
        nb.run(questions(700), instant, journal=path, keep_texts=False, max_calls=5)

        again = nb.resume(path, instant, prompts=questions(700), keep_texts=False, max_calls=8)
        assert sum(call.outcome == "ok" for call in again.calls) == 8
        wrong = ["Question 0?", "Else?", *questions(700)[2:]]
        with pytest.raises(JournalError, match="prompt 2 was 'Question 1"):
            nb.resume(path, instant, prompts=wrong, keep_texts=False)
        more = [*questions(700), "New?"]
        run = nb.resume(path, instant, prompts=more, keep_texts=False, max_calls=None)
        assert [call.prompt for call in run.calls] == more
        assert all(call.outcome == "ok" and call.text for call in run.calls)

    def test_damage_is_seen(self, instant: nb.Endpoint, cut: Path) -> None:
        lines = cut.read_text().splitlines(keepends=True)
        at = next(n for n, line in enumerate(lines) if '"timing"' in line)
        lines[at] = lines[at].replace("role", "rule")
        cut.write_text("".join(lines))

        with pytest.raises(JournalError, match=f"in line {at + 1}"):
            nb.resume(cut, instant, keep_texts=False)
        run = nb.resume(cut, instant, keep_texts=False, on_damage="keep", max_calls=None)
        assert {call.outcome for call in run.calls} == {"ok", "incomplete"}

    def test_a_torn_end_is_repaired(self, instant: nb.Endpoint, cut: Path) -> None:
        cut.write_bytes(cut.read_bytes() + b'{"custom_id":"call-0')

        run = nb.resume(cut, instant, keep_texts=False, max_calls=None)
        again = nb.resume(cut, instant, keep_texts=False)

        assert all(call.text for call in run.calls)
        assert [*map(facts_of, again.calls)] == [*map(facts_of, run.calls)]


class TestBadInput:
    def test_no_journal_is_refused(self, instant: nb.Endpoint) -> None:
        with pytest.raises(ValueError, match="journal=False keeps none"):
            nb.run(["Who?"], instant, keep_texts=False, journal=False)

    def test_a_function_is_refused(self) -> None:
        with pytest.raises(ValueError, match="calls of an endpoint"):
            nb.run(["Who?"], len, keep_texts=False)

    def test_a_bad_line_is_named_before_anything_is_sent(
        self, instant: nb.Endpoint, tmp_path: Path, path: Path
    ) -> None:
        file = tmp_path / "p.jsonl"
        lines = [json.dumps({"prompt": each}) for each in questions(900)]
        file.write_text("\n".join([*lines, "{", *lines, '{"prompt": 4}']))

        with pytest.raises(
            ValueError, match=r"Line 901 of .* is not JSON.* Wrong is 1 more: line 1802"
        ):
            nb.run(file, instant, keep_texts=False, journal=path)
        assert not path.exists()

    @pytest.mark.parametrize("first", ["same", "call-000002"])
    def test_two_of_one_name_are_refused(
        self, instant: nb.Endpoint, path: Path, first: str
    ) -> None:
        prompts = [{"custom_id": first, "prompt": "One?"}, {"prompt": "Two?"}]
        prompts += [{"custom_id": "same", "prompt": "Three?"}]
        with pytest.raises(ValueError, match="have the same custom_id"):
            nb.run(prompts, instant, keep_texts=False, journal=path)

    def test_headers_are_sent_and_stand_nowhere(self, instant: nb.Endpoint, path: Path) -> None:
        prompts = [{"prompt": "Who?", "extra_headers": {"X-Secret": "canary"}}, "What?"]

        run = nb.run(prompts, instant, keep_texts=False, journal=path)

        assert [call.outcome for call in run.calls] == ["ok", "ok"]
        assert "canary" not in path.read_text() + repr(run.calls)

    @pytest.mark.parametrize("call", [nb.compare, slow(nb.grid)])
    def test_what_makes_several_runs_refuses_it(
        self, instant: nb.Endpoint, call: Callable[..., object]
    ) -> None:
        with pytest.raises(ValueError, match=f"Leave it out of {call.__name__}"):
            call(["Who?"], instant, keep_texts=False)


def test_the_plan_of_very_many_is_estimated_by_some_of_them(
    instant: nb.Endpoint, path: Path
) -> None:
    few, many = (make_plan(questions(n), instant, journal=path, keep_texts=False) for n in (1, N))

    assert len(some_prompts(many, many.unfinished)) < N / 2
    (of_one,) = re.findall(r"about ([\d,]+) tokens in", describe_plan(few))
    (of_all,) = re.findall(r"about ([\d,]+) tokens in", describe_plan(many))
    assert int(of_all.replace(",", "")) == pytest.approx(N * int(of_one), rel=0.4)

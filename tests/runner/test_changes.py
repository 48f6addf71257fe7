"""One run asks in one way: other prompts and parameters are refused, or asked for and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.formats.lines import decode, encode

from ..raw_server import JSON_HEAD, RawServer, raw_server
from .test_promises import watch
from .test_run import CHOICE, GOOD, questions

BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])
Messages = list[dict[str, Any]]


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(JSON_HEAD + GOOD % CHOICE) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.jsonl"


def at(server: RawServer) -> nb.Endpoint:
    return nb.connect(base_url=server.base_url, model="m", verbose=False)


def begin(server: RawServer, path: Path, prompts: Any, *, made: int, **options: Any) -> nb.Run:
    """Make so many of the calls and leave the others to the journal."""
    options = {"strategy": "sequential", "max_calls": made} | options
    return nb.run(prompts, at(server), journal=path, **options)


def asked(server: RawServer) -> list[dict[str, Any]]:
    """Return the bodies of the requests that the server saw, with the question in place."""
    bodies = [json.loads(chat.partition(b"\r\n\r\n")[2]) for chat in server.chats]
    return [body | {"messages": body["messages"][-1]["content"]} for body in bodies]


def ask(text: str, **parameters: Any) -> dict[str, Any]:
    return {"prompt": text, **parameters}


class TestParametersOfTheRun:
    @pytest.mark.parametrize(
        ("before", "after", "said"),
        [
            ({"temperature": 0}, {"temperature": 1}, "temperature=0, not 1"),
            ({}, {"temperature": 1}, "temperature=none, not 1"),
            ({"temperature": 0}, {"temperature": None}, "temperature=0, not none"),
            ({"max_tokens": 9}, {"max_tokens": 10}, "max_tokens=9, not 10"),
            ({"system": "Be short."}, {"system": "Be long."}, "'Be short.', not 'Be long.'"),
            ({}, {"stream": True}, "whole answers, not streamed ones"),
            ({"stream": True}, {"stream": False}, "streamed answers, not whole ones"),
            ({}, {"response_format": {"type": "json_object"}}, "response_format=none, not {"),
            ({"extra_body": {"top_k": 1}}, {"extra_body": {"top_k": 2}}, "'top_k': 1}, not {"),
            ({"stop": ["a"]}, {"stop": ["b"]}, r"stop=['a'], not ['b']"),
            ({"seed": 1}, {"seed": 2, "top_p": 0.5}, "seed=1, not 2; top_p=none, not 0.5"),
        ],
    )
    def test_others_are_refused_with_both_values_and_what_to_type(
        self,
        before: dict[str, Any],
        after: dict[str, Any],
        said: str,
        server: RawServer,
        path: Path,
    ) -> None:
        begin(server, path, questions(3), made=1, **before)
        kept = path.read_bytes()

        with pytest.raises(nb.JournalError) as caught:
            nb.resume(path, at(server), max_calls=None, **after)

        assert said in str(caught.value)
        assert "change_parameters=True" in str(caught.value)
        assert len(server.chats) == 1
        assert path.read_bytes() == kept

    def test_the_same_again_are_no_change_and_limits_may_change(
        self, server: RawServer, path: Path
    ) -> None:
        before = {"temperature": 0, "stop": ["a", "b"], "stream": False}
        begin(server, path, questions(3), made=1, **before)

        run = nb.resume(
            path,
            at(server),
            temperature=0.0,
            stop=("a", "b"),
            stream=False,
            strategy="gather",
            max_concurrency=1,
            timeout=9,
            run_timeout=90,
            max_attempts=1,
            requests_per_minute=1000,
            max_calls=None,
            max_total_tokens=10_000,
            progress=False,
            extra_headers={"X-A": "b"},
        )

        assert {call.outcome for call in run.calls} == {"ok"}
        assert {body["temperature"] for body in asked(server)} == {0}
        assert "aiml_nb_resumed" not in path.read_text()

    @BOTH
    def test_that_are_changed_on_purpose_stand_in_every_record(
        self, strategy: str, server: RawServer, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        prompts = [ask("0?"), ask("1?", temperature=0.5), ask("2?"), ask("3?"), ask("4?", seed=4)]
        begin(server, path, prompts, made=1, temperature=0, system="S", strategy=strategy)

        second = nb.resume(
            path, at(server), change_parameters=True, temperature=1, top_p=0.9, max_calls=3
        )
        assert "temperature=1, not 0; top_p=0.9, not none." in capsys.readouterr().out
        run = nb.resume(path, at(server), max_calls=None)

        assert [call.outcome for call in second.calls].count("ok") == 3
        assert [each.get("temperature") for each in asked(server)] == [0, 0.5, 1, 1, 1]
        assert [each.get("top_p") for each in asked(server)] == [None, *[0.9] * 4]
        own = [
            {},
            {"temperature": 0.5, "top_p": 0.9},
            *[{"temperature": 1, "top_p": 0.9}] * 2,
            {"temperature": 1, "top_p": 0.9, "seed": 4},
        ]
        assert run.parameters == {"temperature": 0, "system": "S"}
        assert [call.parameters for call in run.calls] == own
        for made in (nb.read_saved(path), nb.resume(path, at(server))):
            assert isinstance(made, nb.Run)
            assert made.parameters == run.parameters
            assert [call.parameters for call in made.calls] == own
        assert path.read_text().count("aiml_nb_resumed") == 1
        with pytest.raises(nb.JournalError, match="temperature=1, not 0"):
            nb.resume(path, at(server), temperature=0)

    def test_streams_and_whole_answers_are_told_apart(self, server: RawServer, path: Path) -> None:
        begin(server, path, questions(2), made=1)
        run = nb.resume(path, at(server), change_parameters=True, stream=True, max_calls=None)

        assert [body["stream"] for body in asked(server)] == [False, True]
        assert (run.stream, run.parameters) == (False, {})
        assert [call.parameters for call in run.calls] == [{}, {"stream": True}]

    def test_a_failed_call_that_is_sent_again_has_the_new_ones(self, path: Path) -> None:
        failing = JSON_HEAD.replace(b"200 OK", b"400 Bad Request")
        with raw_server(failing + b"{}") as server:
            begin(server, path, questions(2), made=2, temperature=0)
        with raw_server(JSON_HEAD + GOOD % CHOICE, port_of=server) as server:
            run = nb.resume(
                path,
                at(server),
                retry_failed=True,
                change_parameters=True,
                temperature=1,
                max_calls=None,
            )

        assert [call.parameters for call in run.calls] == [{"temperature": 1}] * 2
        assert [body["temperature"] for body in asked(server)] == [1, 1]

    @BOTH
    def test_a_journal_that_is_written_again_says_it_too(
        self, strategy: str, server: RawServer, path: Path
    ) -> None:
        prompts = [ask("0?"), ask("1?", seed=1), ask("2?"), ask("3?")]
        begin(server, path, prompts[:3], made=1, temperature=0, strategy=strategy)
        server.requests.clear()
        watch(server, path.unlink)  # while the first of the others is under way

        run = nb.resume(
            path,
            at(server),
            prompts=prompts,
            change_parameters=True,
            temperature=1,
            stream=True,
            max_calls=3,
        )
        again = nb.resume(path, at(server), max_calls=None)

        changed = {"temperature": 1, "stream": True}
        own = [{}, {"seed": 1, **changed}, changed, changed]
        assert [call.parameters for call in run.calls] == own
        assert [call.parameters for call in again.calls] == own
        assert [each["temperature"] for each in asked(server)] == [1, 1, 1]
        assert (again.parameters, again.stream) == ({"temperature": 0}, False)
        assert nb.read_saved(path).calls == again.calls  # type: ignore[union-attr]

    def test_a_journal_of_before_is_read_as_it_was(self, server: RawServer, path: Path) -> None:
        """Earlier ones hold the request parameters among the options of the run."""
        begin(server, path, questions(2), made=1, temperature=0, max_tokens=7)
        first, *lines = path.read_text().splitlines(keepends=True)
        head = decode(first)
        head["settings"]["options"] |= head["settings"].pop("parameters")
        path.write_text("".join([encode(head), *lines]))

        with pytest.raises(nb.JournalError, match="temperature=0, not 1"):
            nb.resume(path, at(server), temperature=1)
        run = nb.resume(path, at(server), max_calls=None)

        assert isinstance(nb.read_saved(path), nb.Run)
        assert {call.outcome for call in run.calls} == {"ok"}
        assert [body["max_tokens"] for body in asked(server)] == [7, 7]
        assert run.parameters == {"temperature": 0, "max_tokens": 7}


class TestPrompts:
    @BOTH
    def test_only_those_that_are_new_are_sent(
        self, strategy: str, server: RawServer, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        prompts = [ask("0?", custom_id="a"), "1?"]
        begin(server, path, prompts, made=9, strategy=strategy)
        new = [ask("2?", seed=2), ask("3?", custom_id="d")]

        run = nb.resume(path, at(server), prompts=[*prompts, *new])

        assert "2 of 4 calls are answered. 2 prompts are new." in capsys.readouterr().out
        assert [body["messages"] for body in asked(server)] == ["0?", "1?", "2?", "3?"]
        assert [call.custom_id for call in run.calls] == ["a", "call-000002", "call-000003", "d"]
        assert {call.outcome for call in run.calls} == {"ok"}
        saved = nb.read_saved(path)
        assert isinstance(saved, nb.Run)
        assert [call.prompt for call in saved.calls] == ["0?", "1?", "2?", "3?"]
        assert saved.calls == run.calls

    def test_new_ones_are_known_to_the_journal_before_they_are_sent(
        self, server: RawServer, path: Path
    ) -> None:
        begin(server, path, questions(2), made=9)
        nb.resume(path, at(server), prompts=questions(5), max_calls=3)
        saved = nb.read_saved(path)
        assert isinstance(saved, nb.Run)
        assert [call.outcome for call in saved.calls] == [*["ok"] * 3, *["not_started"] * 2]

        run = nb.resume(path, at(server), max_calls=None)

        assert [body["messages"] for body in asked(server)] == questions(5)
        assert {call.outcome for call in run.calls} == {"ok"}
        again = nb.resume(path, at(server), prompts=questions(6), max_calls=None)
        assert [body["messages"] for body in asked(server)] == questions(6)
        assert len(again.calls) == 6

    def test_a_kill_while_they_are_written_down_loses_nothing(
        self, server: RawServer, path: Path
    ) -> None:
        begin(server, path, questions(2), made=9)
        nb.resume(path, at(server), prompts=questions(4), max_calls=None)
        lines = path.read_text().splitlines(keepends=True)
        place = next(n for n, line in enumerate(lines) if "aiml_nb_resumed" in line)

        for size in (1, 40, len(lines[place]) - 2):
            path.write_text("".join(lines[:place]) + lines[place][:size])
            server.requests.clear()
            alone = nb.resume(path, at(server))
            assert (len(alone.calls), asked(server)) == (2, [])
            run = nb.resume(path, at(server), prompts=questions(4))
            assert [body["messages"] for body in asked(server)] == questions(4)[2:]
            assert {call.outcome for call in run.calls} == {"ok"}
            assert len(nb.resume(path, at(server)).calls) == 4

    @pytest.mark.parametrize(
        ("prompts", "said"),
        [
            (["0?"], "prompt 2, '1?', is missing"),
            ([], "prompts is empty"),
            (["0?", "one?"], "prompt 2 was '1?' and is 'one?'"),
            (["1?", "0?", "2?"], "prompt 1 was '0?' and is '1?'"),
            (["new?", "0?", "1?"], "prompt 1 was '0?' and is 'new?'"),
            (["0?", ask("1?", custom_id="b")], "prompt 2 was called 'call-000002' and is called"),
            (
                ["0?", [{"role": "system", "content": "S"}, {"role": "user", "content": "1?"}]],
                "oth",
            ),
            (["0?", ask("1?", seed=7)], "prompt 2 had seed=none, not 7"),
        ],
    )
    def test_others_are_refused_with_the_first_that_is_another(
        self, prompts: list[Any], said: str, server: RawServer, path: Path
    ) -> None:
        begin(server, path, ["0?", "1?"], made=1)
        kept = path.read_bytes()

        with pytest.raises((nb.JournalError, ValueError)) as caught:
            nb.resume(path, at(server), prompts=prompts, max_calls=None)

        assert said in str(caught.value)
        assert len(server.chats) == 1
        assert path.read_bytes() == kept

    def test_two_of_one_name_are_refused(self, server: RawServer, path: Path) -> None:
        first = [ask("0?", custom_id="a")]
        begin(server, path, first, made=9)

        for new in ([ask("1?", custom_id="a")], [ask(f"{n}?", custom_id="b") for n in (1, 2)]):
            with pytest.raises(ValueError, match=r"have the same custom_id '[ab]'\. Give each"):
                nb.resume(path, at(server), prompts=[*first, *new])
        with pytest.raises(TypeError, match="Prompt 2 has 'temprature'"):
            nb.resume(path, at(server), prompts=[*first, ask("1?", temprature=1)])

        assert len(server.chats) == 1

    def test_what_is_new_must_be_json(self, server: RawServer, path: Path) -> None:
        begin(server, path, ["0?"], made=9)
        with pytest.raises(nb.JournalError, match=r"cannot hold what is new.*as JSON has them"):
            nb.resume(path, at(server), prompts=["0?", ask("1?", extra_body={"x": {1}})])

        assert len(server.chats) == 1
        assert nb.resume(path, at(server), prompts=["0?", "1?"]).calls[1].outcome == "ok"


class TestParametersOfAPrompt:
    BEFORE = (ask("0?", seed=0), ask("1?", seed=1), ask("2?"))
    AFTER = (ask("0?", seed=0), ask("1?", seed=9, top_p=0.5), ask("2?"))

    def test_are_changed_on_purpose_where_it_is_not_answered(
        self, server: RawServer, path: Path
    ) -> None:
        begin(server, path, self.BEFORE, made=1)
        with pytest.raises(
            nb.JournalError, match=r"prompt 2 had seed=1, not 9; top_p=none.*change_parameters=True"
        ):
            nb.resume(path, at(server), prompts=self.AFTER)

        run = nb.resume(path, at(server), prompts=self.AFTER, change_parameters=True, max_calls=2)
        assert [call.parameters for call in run.calls] == [
            {"seed": 0},
            {"seed": 9, "top_p": 0.5},
            {},
        ]
        again = nb.resume(path, at(server), max_calls=None)

        assert [body.get("seed") for body in asked(server)] == [0, 9, None]
        assert [call.parameters for call in again.calls] == [call.parameters for call in run.calls]
        saved = nb.read_saved(path)
        assert isinstance(saved, nb.Run)
        assert saved.calls == again.calls
        with pytest.raises(nb.JournalError, match="prompt 2 had seed=9, not 1"):
            nb.resume(path, at(server), prompts=self.BEFORE)

    def test_are_not_changed_where_it_is_answered(self, server: RawServer, path: Path) -> None:
        begin(server, path, self.BEFORE, made=2)

        with pytest.raises(
            nb.JournalError, match=r"prompt 2 \('call-000002'\) already, with seed=1"
        ):
            nb.resume(path, at(server), prompts=self.AFTER, change_parameters=True)

        assert len(server.chats) == 2


class TestResults:
    @pytest.fixture
    def run(self, server: RawServer, path: Path) -> nb.Run:
        """Two calls: at 0, and at 1 with a parameter of its own."""
        prompts = ["0?", ask("1?", stop="S-secret", seed=1, model="other")]
        options = {"temperature": 0, "system": "S-secret", "extra_headers": {"X-Key": "S-secret"}}
        begin(server, path, prompts, made=1, **options)
        return nb.resume(path, at(server), change_parameters=True, temperature=1, max_calls=None)

    def test_rows_say_it_and_come_back(self, run: nb.Run, tmp_path: Path) -> None:
        file = nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)
        rows = [json.loads(line) for line in file.read_text().splitlines()]

        whole = [row["run"]["parameters"] | row["parameters"] for row in rows]
        assert whole == [
            {"temperature": 0, "system": "S-secret"},
            {"temperature": 1, "system": "S-secret", "stop": "S-secret", "seed": 1}
            | {"model": "other"},
        ]
        assert nb.read_saved(file) == replace(run, journal=None)
        for row in rows:  # as they were written before
            del row["parameters"], row["run"]["parameters"]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        assert isinstance(nb.read_saved(file), nb.Run)

    def test_tables_say_it(self, run: nb.Run, tmp_path: Path) -> None:
        table = pd.read_csv(nb.to_csv(run, tmp_path / "x.csv", texts=True))

        assert table["parameters"].tolist() == run.to_frame()["parameters"].tolist()
        assert [json.loads(each)["temperature"] for each in table["parameters"]] == [0, 1]

    def test_without_texts_there_are_numbers_and_no_prompts(
        self, run: nb.Run, tmp_path: Path
    ) -> None:
        for export in (nb.to_csv, nb.to_jsonl):
            file = export(run, tmp_path / "x")
            assert "S-secret" not in file.read_text()
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        assert [row["run"]["parameters"] | row["parameters"] for row in rows] == [
            {"temperature": 0},
            {"temperature": 1, "seed": 1, "model": "other"},
        ]

    def test_headers_are_nowhere(self, run: nb.Run, path: Path, tmp_path: Path) -> None:
        kept = path.read_text() + nb.to_jsonl(run, tmp_path / "x", texts=True).read_text()

        assert "X-Key" not in kept
        assert "extra_headers" not in kept

    def test_what_json_does_not_know_spoils_no_results(
        self, server: RawServer, tmp_path: Path
    ) -> None:
        circle: dict[str, Any] = {}
        circle["x"] = circle
        for body in ({"x": {1}}, circle):
            prompts = ["0?", ask("1?", extra_body=body)]
            run = nb.run(prompts, at(server), extra_body=body, journal=False)
            saved = nb.read_saved(nb.to_jsonl(run, tmp_path / "x", texts=True))
            assert isinstance(saved, nb.Run)
            assert saved.calls == run.calls
            assert run.to_frame()["parameters"].notna().all()

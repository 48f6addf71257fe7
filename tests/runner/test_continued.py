"""Runs that go on with a journal that is there: what is answered is not sent, whatever else is."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.formats.lines import encode
from aiml_nb.report import finding
from aiml_nb.runner.journal import Journal

from ..raw_server import JSON_HEAD, RawServer, raw_server
from .test_changes import asked
from .test_run import CHOICE, GOOD

FAILED = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"
STRATEGIES = pytest.mark.parametrize("strategy", ["sequential", "threads", "gather", "adaptive"])


@pytest.fixture(scope="module")
def running() -> Iterator[RawServer]:
    with raw_server(JSON_HEAD + GOOD % CHOICE) as server:
        yield server


@pytest.fixture
def server(running: RawServer) -> RawServer:
    running.requests.clear()
    return running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.jsonl"


def at(server: RawServer, model: str = "m") -> nb.Endpoint:
    return nb.connect(base_url=server.base_url, model=model, verbose=False)


def sent(server: RawServer) -> list[str]:
    """Return the questions that the server saw since the last time, sorted."""
    found = sorted(body["messages"] for body in asked(server))
    server.requests.clear()
    return found


def taken(run: nb.Run) -> list[bool]:
    return [call.from_journal for call in run.calls]


class TestTheSameCellAgain:
    @STRATEGIES
    def test_sends_nothing_the_second_time(
        self, server: RawServer, path: Path, strategy: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        options: dict[str, Any] = {"journal": path, "strategy": strategy, "temperature": 0}
        first = nb.run(["a", "b", "b"], at(server), **options)
        assert sent(server) == ["a", "b", "b"]
        kept = path.read_bytes()
        capsys.readouterr()

        second = nb.run(["a", "b", "b"], at(server), **options)

        assert sent(server) == []
        assert server.requests == []  # not even the list of models
        assert taken(second) == [True] * 3
        assert [call.text for call in second.calls] == [call.text for call in first.calls]
        assert path.read_bytes() == kept
        assert "all 3 prompts are answered there, and nothing is sent" in capsys.readouterr().out
        assert nb.last_run() is second
        assert second.journal == str(path)

    @pytest.mark.parametrize(
        ("model", "options", "said"),
        [
            ("m", {}, ""),
            ("n", {}, " Its last run had model='m', not 'n'."),
            ("m", {"temperature": 1}, " Its last run had temperature=none, not 1."),
        ],
        ids=["prompts", "model", "parameters"],
    )
    def test_why_none_is_answered_there_is_said(
        self,
        server: RawServer,
        path: Path,
        model: str,
        options: dict[str, Any],
        said: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        nb.run(["a"], at(server), journal=path)
        capsys.readouterr()

        nb.run(["a" if said else "x"], at(server, model), journal=path, **options)

        told = f"none of these 1 prompts is answered there.{said} All are sent.\n"
        assert capsys.readouterr().out == f"Journal '{path}': {told}"

    def test_another_scenario_of_the_simulator_is_named(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for scenario in ("instant", "refusing"):
            endpoint = nb.connect(simulate=True, scenario=scenario, verbose=False)
            nb.run(["a"], endpoint, journal=path)
        assert "Its last run had scenario='instant', not 'refusing'." in capsys.readouterr().out

    def test_items_of_a_function_are_done_and_run(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for items in (["a"], ["a"], ["a", "b"], ["c"]):
            nb.run(items, str.upper, journal=path)
        begin = f"Journal '{path}': "
        assert capsys.readouterr().out.splitlines() == [
            begin + "all 1 items are done there, and nothing is run. fresh=True runs them again.",
            begin
            + "1 of 2 items are done there. Run: 1 new or changed. fresh=True runs all of them.",
            begin + "none of these 1 items is done there. All are run.",
        ]

    def test_failed_ones_alone_are_told_as_such(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with raw_server(FAILED) as failing:
            nb.run(["a"], at(failing), journal=path)
            capsys.readouterr()
            nb.run(["a", "b"], at(failing), journal=path)
        said = "0 of 2 prompts are answered there. Sent: 1 new or changed, 1 that failed"
        assert said in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("now", "missing"),
        [
            (["a", "b", "c", "d"], ["d"]),
            (["a", "x", "c"], ["x"]),
            (["b"], []),
            (["c", "a", "b"], []),
            (["c", "a", "a", "b", "e"], ["a", "e"]),
            (["x", "y"], ["x", "y"]),
        ],
        ids=["appended", "changed", "removed", "reordered", "repeated", "others"],
    )
    def test_other_prompts_send_what_is_new(
        self, server: RawServer, path: Path, now: list[str], missing: list[str]
    ) -> None:
        nb.run(["a", "b", "c"], at(server), journal=path)
        sent(server)

        run = nb.run(now, at(server), journal=path)

        assert sent(server) == missing
        assert [call.prompt for call in run.calls] == now
        assert Counter(c.prompt for c in run.calls if not c.from_journal) == Counter(missing)
        nb.run(now, at(server), journal=path)  # and now all of it is there
        nb.run(["a", "b", "c"], at(server), journal=path)
        assert sent(server) == []

    def test_twenty_lists_in_turn_never_send_a_prompt_twice(
        self, server: RawServer, path: Path
    ) -> None:
        chance, before = random.Random(7), Counter[str]()  # noqa: S311
        for _ in range(20):
            now = chance.choices("abcdefgh", k=chance.randint(1, 9))

            run = nb.run(now, at(server), journal=path)

            expected = Counter(now) - before
            assert Counter(sent(server)) == expected
            assert [(call.prompt, call.outcome) for call in run.calls] == [(p, "ok") for p in now]
            before |= Counter(now)
            saved = nb.read_saved(path)
            assert isinstance(saved, nb.Run)
            if expected:  # else the file shows the newest run that sent something
                assert [c.prompt for c in saved.calls] == now
                assert taken(saved) == taken(run)

    def test_names_do_not_matter_and_are_the_new_ones(self, server: RawServer, path: Path) -> None:
        nb.run([{"prompt": "a", "custom_id": "1"}, "b"], at(server), journal=path)
        sent(server)

        run = nb.run(["b", {"prompt": "a", "custom_id": "2"}], at(server), journal=path)

        assert sent(server) == []
        assert [call.custom_id for call in run.calls] == ["call-000001", "2"]

    def test_rows_are_those_of_the_newest_run(self, server: RawServer, path: Path) -> None:
        def rows() -> list[Any]:
            return [call.row for call in nb.read_saved(path).calls]

        first, second = ({"x": x, "n": n} for n, x in enumerate("ab"))
        nb.run([first, second], at(server), prompt="{x}", journal=path)
        changed = [{"x": "b", "n": 3}, {"x": "c", "n": 4}]
        nb.run(changed, at(server), prompt="{x}", journal=path)
        assert rows() == changed

        nb.run(["a", "b", "d"], at(server), journal=path)
        assert rows() == [None, None, None]
        assert sent(server) == ["a", "b", "c", "d"]

    @pytest.mark.parametrize(
        ("change", "is_sent"),
        [
            ({"temperature": 1}, True),
            ({"temperature": None}, True),
            ({"system": "Be short."}, True),
            ({"model": "other"}, True),
            ({"extra_body": {"top_k": 1}}, True),
            ({"stream": False, "max_concurrency": 1, "strategy": "workers"}, False),
            ({"timeout": 9, "max_attempts": 1, "max_calls": 50}, False),
        ],
    )
    def test_what_was_asked_counts_and_not_how(
        self, server: RawServer, path: Path, change: dict[str, Any], is_sent: bool
    ) -> None:
        nb.run(["a"], at(server), journal=path, temperature=0)
        sent(server)

        nb.run(["a"], at(server), journal=path, **{"temperature": 0} | change)

        assert sent(server) == (["a"] if is_sent else [])

    def test_a_prompts_own_parameters_count_as_those_of_the_run(
        self, server: RawServer, path: Path
    ) -> None:
        nb.run([{"prompt": "a", "temperature": 1}], at(server), journal=path, temperature=0)
        sent(server)

        nb.run(["a"], at(server), journal=path, temperature=1)
        assert sent(server) == []
        nb.run(["a"], at(server), journal=path, temperature=0)
        assert sent(server) == ["a"]

    def test_another_server_is_another_place(self, server: RawServer, path: Path) -> None:
        nb.run(["a"], at(server), journal=path)

        with raw_server(JSON_HEAD + GOOD % CHOICE) as other:
            run = nb.run(["a"], at(other), journal=path)

        assert taken(run) == [False]

    def test_simulators_are_told_apart_by_their_seed(self, path: Path) -> None:
        first, faster, other = (
            nb.connect(seed=seed, speed=speed, verbose=False)
            for seed, speed in ((1, 100), (1, 50), (2, 100))
        )
        nb.run(["a"], first, journal=path)

        assert taken(nb.run(["a"], faster, journal=path)) == [True]
        assert taken(nb.run(["a"], other, journal=path)) == [False]


class TestFailures:
    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_what_failed_is_sent_again(self, path: Path, strategy: str) -> None:
        with raw_server(FAILED) as server:
            failed = nb.run(["a", "b"], at(server), journal=path, strategy=strategy)
            assert [call.outcome for call in failed.calls] == ["error", "error"]
        with raw_server(JSON_HEAD + GOOD % CHOICE, port_of=server) as again:
            run = nb.run(["a", "b"], at(again), journal=path, strategy=strategy)

            assert sent(again) == ["a", "b"]
        assert taken(run) == [False, False]

    def test_what_never_was_sent_is_sent(self, server: RawServer, path: Path) -> None:
        nb.run(["a", "b", "c"], at(server), journal=path, max_calls=1, strategy="sequential")
        sent(server)

        run = nb.run(["a", "b", "c"], at(server), journal=path)

        assert sent(server) == ["b", "c"]
        assert taken(run) == [True, False, False]


class TestFresh:
    def test_sends_all_and_keeps_the_file(self, server: RawServer, path: Path) -> None:
        nb.run(["a", "b"], at(server), journal=path)
        before = path.read_bytes()
        sent(server)

        run = nb.run(["a", "b"], at(server), journal=path, fresh=True)

        assert sent(server) == ["a", "b"]
        assert taken(run) == [False, False]
        assert path.read_bytes().startswith(before)

    def test_later_runs_take_nothing_from_before_it(self, server: RawServer, path: Path) -> None:
        nb.run(["a", "b"], at(server), journal=path)
        nb.run(["a"], at(server), journal=path, fresh=True)
        sent(server)

        run = nb.run(["a", "b"], at(server), journal=path)

        assert sent(server) == ["b"]
        assert taken(run) == [True, False]

    def test_without_a_file_it_changes_nothing(self, server: RawServer, path: Path) -> None:
        assert nb.run(["a"], at(server), journal=path, fresh=True).calls[0].outcome == "ok"


class TestRecords:
    @pytest.fixture
    def run(self, server: RawServer, path: Path) -> nb.Run:
        nb.run(["a", "b"], at(server), journal=path)
        return nb.run(["b", "c", "a"], at(server), journal=path)

    def test_what_was_taken_has_no_times_and_is_in_no_statistic(self, run: nb.Run) -> None:
        call = run.calls[0]
        assert (call.started, call.finished, call.attempts) == (None, None, [])
        numbers = run.summary().iloc[0]
        assert (numbers["calls"], numbers["ok"], numbers["attempts"]) == (3, 3, 1)
        own = run.calls[1]
        assert numbers["makespan"] == pytest.approx(own.finished - own.submitted)  # type: ignore[operator]
        assert numbers["duration_median"] == pytest.approx(own.duration)
        assert finding(run).endswith("; 2 more answers are from the journal")

    def test_results_say_it_and_are_read_again(self, run: nb.Run, tmp_path: Path) -> None:
        lines = nb.to_jsonl(run, tmp_path / "r.jsonl", texts=True).read_text().splitlines()
        rows = [json.loads(line) for line in lines]

        assert [row.get("from_journal", False) for row in rows] == [True, False, True]
        assert [row["response"]["status_code"] for row in rows] == [200] * 3
        saved = nb.read_saved(tmp_path / "r.jsonl")
        assert isinstance(saved, nb.Run)
        assert saved.calls == run.calls

    def test_resume_goes_on_with_the_last_run(
        self, server: RawServer, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        nb.run(["a", "b"], at(server), journal=path)
        nb.run(["b", "c", "d"], at(server), journal=path, max_calls=1, strategy="sequential")
        sent(server)

        capsys.readouterr()

        run = nb.resume(path, at(server), max_calls=None)

        assert sent(server) == ["d"]
        assert capsys.readouterr().out == "Resumed: 2 of 3 calls are answered.\n"
        assert [(c.prompt, c.from_journal) for c in run.calls] == [
            *(("b", True), ("c", False), ("d", False))
        ]
        assert nb.read_saved(path).calls[0].from_journal  # type: ignore[union-attr]

    def test_a_deleted_file_is_written_again_with_what_was_taken(
        self, server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "j.jsonl"
        nb.run(["a", "b"], at(server), journal=path)
        endpoint = at(server)
        monkeypatch.setattr(nb.Endpoint, "warm_up", lambda *_: path.rename(tmp_path / "old"))
        run = nb.run(["b", "c"], endpoint, journal=path, strategy="sequential")

        assert (tmp_path / "old").exists()
        saved = nb.read_saved(run.journal)  # type: ignore[arg-type]
        assert [(c.prompt, c.text, c.from_journal) for c in saved.calls] == [  # type: ignore[union-attr]
            *(("b", "Yes.", True), ("c", "Yes.", False))
        ]


class TestFunctions:
    def test_results_are_taken_as_json_has_them(self, path: Path) -> None:
        seen: list[int] = []

        def square(item: int) -> dict[str, int]:
            seen.append(item)
            return {"square": item * item}

        nb.run([1, 2], square, journal=path)
        run = nb.run([2, 3, 1], square, journal=path)

        assert sorted(seen) == [1, 2, 3]
        assert run.results == [{"square": 4}, {"square": 9}, {"square": 1}]
        assert taken(run) == [True, False, True]

    def test_an_edited_function_keeps_its_results_and_that_is_said(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def ask(item: int) -> int:
            return item

        first = ask

        def ask(item: int) -> int:  # type: ignore[no-redef]  # the same name, edited
            return -item

        nb.run([1], first, journal=path)
        capsys.readouterr()

        run = nb.run([1, 2], ask, journal=path)

        assert run.results == [1, -2]
        assert "The code of ask has changed since" in capsys.readouterr().out


class TestFiles:
    def test_in_a_coroutine_and_in_the_background(self, server: RawServer, path: Path) -> None:
        async def both() -> tuple[nb.Run, nb.Run]:
            await nb.run_async(["a"], at(server), journal=path)
            again = await nb.run_async(["a", "b"], at(server), journal=path)
            return again, await nb.start(["a", "b", "c"], at(server), journal=path)

        again, started = asyncio.run(both())

        assert sent(server) == ["a", "b", "c"]
        assert (taken(again), taken(started)) == ([True, False], [True, True, False])

    def test_two_at_once_are_refused(self, server: RawServer, path: Path) -> None:
        nb.run(["a"], at(server), journal=path)
        journal, _ = Journal.reopen(path)
        sent(server)

        with pytest.raises(nb.JournalError, match="being written by another run"):
            nb.run(["b"], at(server), journal=path)

        journal.close_without_writing()
        assert sent(server) == []
        assert taken(nb.run(["a", "b"], at(server), journal=path)) == [True, False]

    def test_the_file_is_free_again_after_a_failure(
        self, server: RawServer, path: Path, closed_port: int
    ) -> None:
        nb.run(["a"], at(server), journal=path)
        nobody = nb.connect(base_url=f"http://127.0.0.1:{closed_port}/v1", verbose=False)
        for strategy in ("sequential", "gather"):
            with pytest.raises(nb.EndpointError):
                nb.run(["b"], nobody, journal=path, strategy=strategy)

        assert taken(nb.run(["a"], at(server), journal=path)) == [True]

    @pytest.mark.parametrize("content", [b"", b'{"aiml_nb_jour', b'{"aiml_nb_journal": 1, "run_'])
    def test_a_file_that_was_cut_off_in_its_first_line_is_begun(
        self, server: RawServer, path: Path, content: bytes
    ) -> None:
        path.write_bytes(content)

        nb.run(["a"], at(server), journal=path)
        run = nb.run(["a", "b"], at(server), journal=path)

        assert sent(server) == ["a", "b"]
        assert taken(run) == [True, False]

    @pytest.mark.parametrize("content", ["mine\n", '{"a": 1}\n', "\n"])
    def test_what_is_no_journal_stays_as_it_is(
        self, server: RawServer, path: Path, content: str
    ) -> None:
        path.write_text(content)

        with pytest.raises(nb.JournalError, match="is not a journal"):
            nb.run(["a"], at(server), journal=path)

        assert path.read_text() == content
        assert sent(server) == []

    def test_a_head_that_was_cut_off_takes_nothing_away(
        self, server: RawServer, path: Path
    ) -> None:
        nb.run(["a", "b"], at(server), journal=path)
        whole = path.read_bytes()
        nb.run(["b", "c"], at(server), journal=path)
        head = path.read_bytes()[len(whole) :].partition(b"\n")[0]
        sent(server)
        for cut in (5, 20, len(head) // 2, len(head) - 1):
            path.write_bytes(whole + head[:cut])

            run = nb.run(["b", "a", "d"], at(server), journal=path)

            assert sent(server) == ["d"], cut
            assert taken(run) == [True, True, False]
            assert taken(nb.run(["d", "b"], at(server), journal=path)) == [True, True]

    def test_damage_is_refused_with_what_to_type(self, server: RawServer, path: Path) -> None:
        nb.run(["a", "b"], at(server), journal=path)
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:2], b"spoiled\n", *lines[3:]]))
        sent(server)

        with pytest.raises(nb.JournalError, match="or begin anew: fresh=True"):
            nb.run(["a", "b"], at(server), journal=path)

        assert sent(server) == []
        assert taken(nb.run(["a"], at(server), journal=path, fresh=True)) == [False]

    def test_lines_below_a_damaged_head_are_given_to_nobody(
        self, server: RawServer, path: Path
    ) -> None:
        nb.run(["a"], at(server), journal=path)
        nb.run(["b"], at(server), journal=path)  # its call has the name of the first one's
        nb.run(["c"], at(server), journal=path)
        lines = path.read_bytes().splitlines(keepends=True)
        heads = [n for n, line in enumerate(lines) if line.startswith(b'{"aiml_nb_journal"')]
        lines[heads[1]] = lines[heads[1]].replace(b'"run_id"', b'"run_id')
        path.write_bytes(b"".join(lines[: heads[2]]))

        with pytest.raises(ValueError, match="cannot be read"):
            nb.read_saved(path)
        path.write_bytes(b"".join(lines))
        with pytest.warns(UserWarning, match="damaged in line"):
            saved = nb.read_saved(path)
        assert [call.prompt for call in saved.calls] == ["c"]  # type: ignore[union-attr]

    def test_a_head_that_takes_from_nowhere_is_refused(self, server: RawServer, path: Path) -> None:
        nb.run(["a"], at(server), journal=path)
        nb.run(["a", "b"], at(server), journal=path)
        head = json.loads(path.read_text().splitlines()[-4])
        assert head["prompts"][0] == {"custom_id": "call-000001", "from": [0, "call-000001"]}
        del head["crc32"]
        for source in ([7, "call-000001"], [0, "nobody"], [0], None, "x"):
            head["prompts"][0]["from"] = source
            path.write_text(path.read_text() + encode(head))

            with pytest.raises(nb.JournalError):
                nb.run(["a"], at(server), journal=path)
            with pytest.raises(nb.JournalError):
                nb.resume(path, at(server))
            with pytest.raises(ValueError, match="cannot be read"):
                nb.read_saved(path)


def run_until_killed(base_url: str, path: Path, prompts: list[str]) -> None:
    endpoint = nb.connect(base_url=base_url, model="m", verbose=False)
    nb.run(prompts, endpoint, journal=path, strategy="sequential", progress=False)


def test_killed_in_between_it_goes_on_with_other_prompts(path: Path) -> None:
    prompts = [f"{number}?" for number in range(60)]
    spawn = multiprocessing.get_context("spawn")
    with raw_server(JSON_HEAD + GOOD % CHOICE) as server:
        process = spawn.Process(target=run_until_killed, args=(server.base_url, path, prompts))
        process.start()
        while len(server.chats) < 20:
            process.join(0.01)
        process.kill()
        process.join()
        before = set(sent(server))
        now = [*reversed(prompts), "new?"]

        run = nb.run(now, at(server), journal=path)

        again = before & set(sent(server))
    assert len(again) <= 1  # what was in flight
    assert [call.outcome for call in run.calls] == ["ok"] * 61
    assert sum(taken(run)) >= 18

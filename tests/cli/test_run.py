"""``aiml-nb run`` as users type it; in a process of its own where that matters."""

from __future__ import annotations

import csv
import json
import math
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.cli import main
from aiml_nb.formats.lines import encode

from ..foreground import Foreground, foreground
from ..raw_server import JSON_HEAD, raw_server
from ..rows import slow
from ..runner.gated_server import BAD_LISTS, Reply, gated_server, listing, refusal
from .typed import CANARY, aiml_nb


@pytest.fixture(scope="module")
def fast() -> Iterator[Foreground]:
    """A simulator that outlives the programs."""
    with foreground("--speed", 50) as running:
        yield running


@pytest.fixture(scope="module")
def slower() -> Iterator[Foreground]:
    """The same for calls that take long enough for something to happen meanwhile."""
    with foreground("--speed", 6) as running:
        yield running


@pytest.fixture
def server(fast: Foreground) -> Foreground:
    return fast.from_now()


@pytest.fixture
def slow_server(slower: Foreground) -> Foreground:
    return slower.from_now()


def run(*arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return aiml_nb("run", *arguments, cwd=cwd, **environ)


def write_questions(folder: Path, count: int) -> None:
    lines = [json.dumps(batch_line(number)) for number in range(count)]
    (folder / "q.jsonl").write_text("\n".join(lines) + "\n")


def batch_line(number: int) -> dict[str, Any]:
    return {
        "custom_id": f"mine-{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"messages": [{"role": "user", "content": f"Question {number}?"}]},
    }


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read it as anybody would."""
    with path.open() as file:
        return [json.loads(line) for line in file]


class TestFromFileToFile:
    def test_request_options_hold_for_all_prompts_but_those_with_their_own(
        self, tmp_path: Path
    ) -> None:
        lines = [{"prompt": "Short?"}, {"prompt": "Long?", "max_tokens": 5}]
        (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, lines)))

        run(
            "--prompts", "q.jsonl", "--simulate", "--speed", 100, "--max-tokens", 2,
            "--system", "Be brief, and kind to everybody.", "--output", "out.jsonl", cwd=tmp_path,
        )  # fmt: skip

        first, second = read_results(tmp_path / "out.jsonl")
        assert (first["output_tokens"], second["output_tokens"]) == (2, 5)
        assert min(first["input_tokens"], second["input_tokens"]) > 5  # the system message, too

    def test_batch_lines_in_batch_lines_out(self, tmp_path: Path) -> None:
        write_questions(tmp_path, 12)

        done = run(
            "--prompts", "q.jsonl", "--simulate", "--speed", 50, "--strategy", "workers",
            "--max-concurrency", 3, "--stream", "--output", "out.jsonl",
            cwd=tmp_path,
        )  # fmt: skip

        assert (done.returncode, done.stderr) == (0, "")
        results = read_results(tmp_path / "out.jsonl")
        assert [line["custom_id"] for line in results] == [f"mine-{n}" for n in range(12)]
        for line in results:
            assert line["response"]["status_code"] == 200
            assert line["response"]["body"]["choices"][0]["message"]["content"] == line["text"]
            assert line["text"]
            assert line["first_token"] is not None
        assert re.search(
            r"^ +12  calls in .* s \(workers, at most 3 in flight\)$", done.stdout, re.M
        )
        assert re.search(r"^ +12  ok$", done.stdout, re.M)
        assert "Results: out.jsonl" in done.stdout
        assert "Journal" not in done.stdout

    def test_a_table_in_and_a_table_out_that_no_spreadsheet_runs(self, tmp_path: Path) -> None:
        with (tmp_path / "q.csv").open("w", newline="") as file:
            csv.writer(file).writerows(
                [["topic", "prompt"], ["x", "=1+1"], ["y", "Two\nlines?"], ["z", "\ttab"]]
            )

        done = run("--prompts", "q.csv", "--scenario", "instant", "--output", "o.csv", cwd=tmp_path)

        assert done.returncode == 0, done.stderr
        with (tmp_path / "o.csv").open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["topic", "prompt", "answer", "outcome", "error"]
        assert [row["prompt"] for row in rows] == ["'=1+1", "Two\nlines?", "'\ttab"]
        assert all(row["answer"] for row in rows)

    def test_a_row_stands_by_itself_and_the_file_is_drawn_and_read_back(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "q.jsonl").write_text(
            '{"prompt": "Who?", "id": 7, "max_tokens": 900}\n{"prompt": "Why?"}\n'
        )

        done = run("--prompts", "q.jsonl", "--scenario", "instant", cwd=tmp_path)

        assert done.returncode == 0, done.stderr
        rows = read_results(tmp_path / "q-results.jsonl")
        assert [(row["index"], row["custom_id"], row["prompt"]) for row in rows] == [
            (0, "7", "Who?"),
            (1, "call-000002", "Why?"),
        ]
        for row in rows:
            assert (row["outcome"], row["error_type"], row["error"]) == ("ok", None, None)
            assert row["output_tokens"] > 0
            assert row["submitted"] <= row["started"] < row["finished"]
            assert [attempt["status"] for attempt in row["attempts"]] == [200]
            assert row["run"]["simulated"] is True
        saved = nb.read_saved(tmp_path / "q-results.jsonl")
        assert isinstance(saved, nb.Run)
        assert [call.text for call in saved.calls] == [row["text"] for row in rows]
        assert nb.plot_timeline(tmp_path / "q-results.jsonl")

    def test_text_lines_go_in_and_the_results_lie_here_under_the_prompts_name(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "q.txt").write_text("Who?\n\nWhy?\n")

        done = run("--prompts", "folder/q.txt", "--scenario", "instant", cwd=tmp_path)

        assert done.returncode == 0, done.stderr
        assert len(read_results(tmp_path / "q-results.jsonl")) == 2
        assert "Results: q-results.jsonl" in done.stdout

    def test_a_failed_call_makes_exit_code_3_and_its_message_is_shown(self, tmp_path: Path) -> None:
        write_questions(tmp_path, 5)

        done = run("--prompts", "q.jsonl", "--scenario", "one-fails", "--speed", 50, cwd=tmp_path)

        assert done.returncode == 3
        assert re.search(r"^ +4  ok\n +1  error\nfailed \(400\): .+$", done.stdout, re.M)
        outcomes = [r["outcome"] for r in read_results(tmp_path / "q-results.jsonl")]
        assert Counter(outcomes) == {"ok": 4, "error": 1}

    def test_words_of_a_hostile_server_do_not_move_the_cursor(self, tmp_path: Path) -> None:
        write_questions(tmp_path, 1)
        words = json.dumps({"error": {"message": "\x1b[2J\x1b]0;x\x07 \u202eevil\r\nok"}}).encode()
        reply = JSON_HEAD.replace(b"200 OK", b"400 Bad Request") + words
        with raw_server(reply) as server:
            done = run("--prompts", "q.jsonl", "--base-url", server.base_url, cwd=tmp_path)

        assert done.returncode == 3
        assert "evil" in done.stdout
        assert not set(done.stdout) & {"\x1b", "\x07", "\u202e", "\r"}

    def test_limits_hold_and_what_was_not_sent_is_counted(
        self, server: Foreground, tmp_path: Path
    ) -> None:
        write_questions(tmp_path, 10)

        done = run(
            "--prompts", "q.jsonl", "--base-url", server.base_url, "--max-calls", 4,
            "--journal", "j.jsonl", cwd=tmp_path,
        )  # fmt: skip

        assert done.returncode == 3
        assert len(server.sent()) == 4
        assert re.search(r"^ +4  ok\n +6  not_started$", done.stdout, re.M)
        assert "stopped: blocked_by_budget: --max-calls 4" in done.stdout
        assert re.search(
            r"^Go on, with a higher cap: +aiml-nb run .*--journal j.jsonl --resume$",
            done.stdout,
            re.M,
        )

    def test_a_terminal_sees_rate_and_remaining_time(self, tmp_path: Path) -> None:
        write_questions(tmp_path, 15)
        command = ["run", "--prompts", "q.jsonl", "--speed", "8", "--max-concurrency", "5"]
        terminal, end = pty.openpty()
        termios.tcsetwinsize(end, (24, 100))
        with subprocess.Popen(
            [sys.executable, "-m", "aiml_nb", *command],
            cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=end,
        ) as process:  # fmt: skip
            os.close(end)
            shown = b""
            while piece := read_terminal(terminal):
                shown += piece
        os.close(terminal)

        assert process.returncode == 0
        assert re.search(rb"gather: .*/15 \[\d\d:\d\d<\d\d:\d\d, .*call/s\]", shown)


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody writes any more
        return b""


class TestBadLines:
    FILE = "\n".join(
        [
            json.dumps(batch_line(1)),
            "{oops",
            json.dumps({"custom_id": "x", "body": {"model": "m"}}),
            json.dumps(batch_line(2)),
            json.dumps({"body": {**batch_line(3)["body"], "temprature": 1}}),
            "[" * 100_000,
        ]
    )

    def test_the_first_one_is_named_and_nothing_is_sent(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_text(self.FILE)

        done = run("--prompts", "q.jsonl", "--simulate", cwd=tmp_path)

        assert done.returncode == 2
        assert "Line 2 of 'q.jsonl' is not JSON" in done.stderr
        assert [each.name for each in tmp_path.iterdir()] == ["q.jsonl"]

    def test_a_parameter_that_nobody_knows_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_text(self.FILE.split("\n")[4])

        done = run("--prompts", "q.jsonl", "--simulate", cwd=tmp_path)

        assert done.returncode == 2
        assert "Line 1 of 'q.jsonl' has 'temprature'" in done.stderr
        assert '"extra_body": {"temprature": …}' in done.stderr

    def test_skip_bad_goes_on_and_says_how_many(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_text(self.FILE)

        done = run("--prompts", "q.jsonl", "--scenario", "instant", "--skip-bad", cwd=tmp_path)

        assert done.returncode == 0
        for said in ("Line 2 of", "Line 3 of", "'temprature'", "Line 6 of"):
            assert said in done.stderr
        assert "4 bad lines were skipped, 2 kept." in done.stderr
        results = read_results(tmp_path / "q-results.jsonl")
        assert [line["custom_id"] for line in results] == ["mine-1", "mine-2"]

    def test_a_name_that_is_given_twice_and_what_is_no_chat_completion(
        self, tmp_path: Path
    ) -> None:
        lines = [
            {"prompt": "Who?", "custom_id": "a"},
            {**batch_line(1), "url": "/v1/videos"},
            {**batch_line(2), "method": "GET"},
            batch_line(3),
            {"prompt": "Why?", "custom_id": "a"},
            {"question": "When?"},
        ]
        said = [
            "Line 2 of 'q.jsonl' has the url '/v1/videos'",
            "Line 3 of 'q.jsonl' has the method 'GET'",
            "Line 5 of 'q.jsonl' has the custom_id 'a' of line 1",
            "Line 6 of 'q.jsonl' is {'question': 'When?'}, which has no prompt",
        ]
        (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, lines)))
        place = ["--prompts", "q.jsonl", "--scenario", "instant"]

        skipped = run(*place, "--skip-bad", cwd=tmp_path)

        assert skipped.returncode == 0
        assert [line in skipped.stderr for line in said] == [True] * 4
        assert "4 bad lines were skipped, 2 kept." in skipped.stderr
        rows = read_results(tmp_path / "q-results.jsonl")
        assert [row["custom_id"] for row in rows] == ["a", "mine-3"]
        refused = run(*place, "--overwrite", cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said[0] in refused.stderr

    def test_a_file_of_bad_lines_only_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_text("{\n" * 50)

        done = run("--prompts", "q.jsonl", "--simulate", "--skip-bad", cwd=tmp_path)

        assert done.returncode == 2
        assert "… and 40 more" in done.stderr
        assert "has no good line" in done.stderr


class TestTables:
    """What a table does not say is asked for, and can be typed as it is asked."""

    @pytest.mark.parametrize(
        ("content", "said", "typed", "texts"),
        [
            (b"Who?\nWhy?\n", r"begins with 'Who\?'", ["--no-header"], ["Who?", "Why?"]),
            (b"frage\nWho?\n", "--column 'frage'", ["--column", "frage"], ["Who?"]),
            (b"1;Who?\n", "--no-header --column 2", ["--no-header", "--column", "2"], ["Who?"]),
            (b"id,q\n1,Who?\n", "is called 'prompt'.*--column 'q'", ["--column", "q"], ["Who?"]),
            (b"prompt\nW\xe9?\n", r"'Wé\?'.*--encoding cp1252", ["--encoding", "cp1252"], ["Wé?"]),
        ],
    )
    def test_what_is_asked_for_can_be_typed(
        self, content: bytes, said: str, typed: list[str], texts: list[str], tmp_path: Path
    ) -> None:
        (tmp_path / "q.csv").write_bytes(content)
        place = ["--prompts", "q.csv", "--scenario", "instant"]

        for command in ("run", "compare"):
            asked = aiml_nb(command, *place, cwd=tmp_path)
            assert (asked.returncode, asked.stdout) == (2, "")
            assert re.search(said, asked.stderr)
            assert len(asked.stderr.splitlines()) == 1
            assert not speaks_python(asked.stderr)
        done = run(*place, *typed, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        rows = read_results(tmp_path / "q-results.jsonl")
        assert [row["prompt"] for row in rows] == texts
        assert aiml_nb("compare", *place, *typed, cwd=tmp_path).returncode == 0


BAD_INPUT = {
    "no prompts": ([], "aiml-nb run FILE"),
    "a missing file": (["--prompts", "nowhere.jsonl"], "nowhere.jsonl"),
    "an empty file": (["--prompts", "empty.txt"], "is empty"),
    "no journal to go on with": (["--prompts", "q.jsonl", "--resume"], "--journal FILE"),
    "a journal that is not there": (
        ["--prompts", "q.jsonl", "--journal", "nowhere.jsonl", "--resume"],
        "'nowhere.jsonl' cannot be opened: No such file",
    ),
    "prompts in place of a journal": (["--journal", "q.jsonl", "--resume"], "is not a journal"),
    "a retry of nothing": (
        ["--prompts", "q.jsonl", "--journal", "j.jsonl", "--retry-failed"],
        "add --journal j.jsonl --resume",
    ),
    "one file for two": (["--prompts", "q.jsonl", "--output", "./q.jsonl"], "of their own"),
    "an output nowhere": (["--prompts", "q.jsonl", "--output", "no/o.jsonl"], "--output FILE"),
    "a journal nowhere": (
        ["--prompts", "q.jsonl", "--journal", "/proc/j.jsonl", "--simulate"],
        "/proc/j.jsonl",
    ),
    "no slot": (["--prompts", "q.jsonl", "--max-concurrency", "0", "--simulate"], "not 0"),
    "no calls": (["--prompts", "q.jsonl", "--max-calls", "0", "--simulate"], "--max-calls 0"),
    "no time": (["--prompts", "q.jsonl", "--timeout", "nan", "--simulate"], "not nan"),
    "a strategy of another name": (
        ["--prompts", "q.jsonl", "--strategy", "parallel", "--simulate"],
        "not 'parallel'",
    ),
    "a cost that nobody tells": (
        ["--prompts", "q.jsonl", "--max-cost", "1", "--base-url", "http://127.0.0.1:1/v1"],
        "--prices IN OUT",
    ),
    "a retry without a journal": (
        ["--prompts", "q.jsonl", "--retry-failed"],
        "add --journal FILE --resume",
    ),
    "results of a third kind": (
        ["--prompts", "q.jsonl", "--output", "o.json"],
        "Name 'o.jsonl' or 'o.csv'",
    ),
    "results packed": (
        ["--prompts", "q.jsonl", "--simulate", "--output", "o.csv.gz"],
        "'o.csv.gz' is none of JSONL, CSV, .xlsx and .parquet, and results are written as these. "
        "Name 'o.jsonl' or 'o.csv'",
    ),
    "one at a time, five at once": (
        ["--prompts", "q.jsonl", "--strategy", "sequential", "--max-concurrency", "5"],
        "makes one call at a time",
    ),
    "a budget below the first call": (
        ["--prompts", "q.jsonl", "--simulate", "--max-total-tokens", "3"],
        "below the first call",
    ),
    "two files": (["q.jsonl", "--prompts", "empty.txt"], "Leave one of them out"),
    "no tokens": (["--prompts", "q.jsonl", "--simulate", "--max-tokens", "0"], "--max-tokens must"),
    "no temperature": (
        ["--prompts", "q.jsonl", "--simulate", "--temperature", "nan"],
        "--temperature must be a number; not nan",
    ),
    "prices below nothing": (
        ["--prompts", "q.jsonl", "--simulate", "--max-cost", "1", "--prices", "-1", "2"],
        "--prices must be",
    ),
    "an empty address": (["--prompts", "q.jsonl", "--base-url", ""], "--base-url must be text"),
    "nobody there": (
        ["--prompts", "q.jsonl", "--base-url", "http://127.0.0.1:1/v1", "--journal", "j"],
        "No model server answered",
    ),
}


def speaks_python(text: str) -> bool:
    """Say whether a sentence names arguments or functions, or what a library has inside."""
    return bool(re.search(r"\b[a-z_]+=|\b(max|base|run|requests)_[a-z]|\w\(|True|ssl:", text))


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_gets_one_sentence_exit_code_2_and_no_file(name: str, tmp_path: Path) -> None:
    arguments, said = BAD_INPUT[name]
    write_questions(tmp_path, 2)
    (tmp_path / "empty.txt").touch()

    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not speaks_python(done.stderr)
    # What can be known without a server is said before one is named, or the simulator started.
    assert done.stdout == "" or name in {"nobody there", "a cost that nobody tells"}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["empty.txt", "q.jsonl"]


REFUSED: dict[str, tuple[bytes | Reply, Reply, list[str], str]] = {
    "no key": (
        BAD_LISTS["missing scopes"],
        refusal(401, "Invalid API Key"),
        [],
        "needs a key: Invalid API Key. Give it one: --api-key-env NAME.",
    ),
    "a wrong key": (
        BAD_LISTS["not found"],
        refusal(401, f"Incorrect API key: {CANARY}"),
        ["--api-key-env", "MY_KEY"],
        "refused the key from MY_KEY: Incorrect API key: [key]. Check that the key",
    ),
    "no such model": (
        listing("gpt-4o-mini"),
        refusal(404, "The model does not exist"),
        ["--model", "gpt-4o-mimi"],
        "did you mean 'gpt-4o-mini' (--model)?",
    ),
    "no such path": (
        BAD_LISTS["not found"],
        refusal(404, "Not Found"),
        [],
        "No chat completions are at",
    ),
}


class TestFirstCall:
    """Where the list of models does not tell, one call does, before any other is sent."""

    @pytest.mark.parametrize("command", ["run", "compare"])
    @pytest.mark.parametrize("name", REFUSED)
    def test_that_is_refused_gets_one_sentence_and_exit_code_2(
        self, name: str, command: str, tmp_path: Path
    ) -> None:
        models, reply, typed, said = REFUSED[name]
        write_questions(tmp_path, 9)
        more = ["--journal", "j.jsonl"] if command == "run" else []
        with gated_server(models=models, chat=lambda body: reply) as server:
            place = ["--prompts", "q.jsonl", "--base-url", server.base_url, *more, *typed]
            done = aiml_nb(command, *place, cwd=tmp_path, MY_KEY=CANARY)

        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not speaks_python(done.stderr)
        assert CANARY not in done.stdout + done.stderr
        assert len(server.chats) == 1
        assert [each.name for each in tmp_path.iterdir()] == ["q.jsonl"]

    def test_an_address_without_its_path_is_completed_and_can_be_typed(
        self, tmp_path: Path
    ) -> None:
        write_questions(tmp_path, 5)
        with gated_server(models=BAD_LISTS["missing scopes"]) as server:
            root = server.base_url.removesuffix("/v1")
            asked = run("--prompts", "q.jsonl", "--base-url", root, cwd=tmp_path)
            typed = shlex.split(asked.stderr.partition("try ")[2].strip().rstrip("."))
            done = run("--prompts", "q.jsonl", *typed, cwd=tmp_path)

        assert asked.returncode == 2
        assert typed == ["--base-url", server.base_url]
        assert done.returncode == 0, done.stderr
        assert len(server.chats) == 5


class TestGoingOn:
    def test_resume_sends_what_is_left_and_writes_all_results(
        self, server: Foreground, tmp_path: Path
    ) -> None:
        write_questions(tmp_path, 10)
        place = ["--prompts", "q.jsonl", "--base-url", server.base_url, "--journal", "j.jsonl"]
        assert run(*place, "--max-calls", 4, cwd=tmp_path).returncode == 3

        done = run(*place, "--max-calls", 100, "--resume", cwd=tmp_path)

        assert done.returncode == 0, done.stderr
        assert "Resumed: 4 of 10 calls are answered." in done.stdout
        assert re.search(r"^ +10  calls: 4 made before, 6 now in \d+\.\d s \(", done.stdout, re.M)
        assert len(server.sent()) == len(set(server.sent())) == 10
        assert len(read_results(tmp_path / "q-results.jsonl")) == 10

    def test_the_journal_alone_is_enough(self, server: Foreground, tmp_path: Path) -> None:
        write_questions(tmp_path, 4)
        place = ["--base-url", server.base_url, "--journal", "j.jsonl", "--strategy", "threads"]
        run("--prompts", "q.jsonl", *place, "--max-calls", 1, cwd=tmp_path)

        done = run("--journal", "j.jsonl", "--resume", "--max-calls", 9, cwd=tmp_path)

        assert done.returncode == 0, done.stderr
        assert "(threads, " in done.stdout
        assert len(read_results(tmp_path / "j-results.jsonl")) == 4

    def test_other_prompts_than_the_journals_are_refused(
        self, server: Foreground, tmp_path: Path
    ) -> None:
        write_questions(tmp_path, 4)
        place = ["--prompts", "q.jsonl", "--base-url", server.base_url, "--journal", "j.jsonl"]
        run(*place, "--max-calls", 1, cwd=tmp_path)
        write_questions(tmp_path, 3)

        done = run(*place, "--resume", cwd=tmp_path)

        assert done.returncode == 2
        assert "journal of another run: its 4 prompts are not these 3; prompt 4," in done.stderr
        assert len(server.sent()) == 1

    def test_only_prompts_that_are_new_are_sent(self, server: Foreground, tmp_path: Path) -> None:
        write_questions(tmp_path, 2)
        place = ["--base-url", server.base_url, "--journal", "j.jsonl"]
        run("--prompts", "q.jsonl", *place, cwd=tmp_path)
        write_questions(tmp_path, 4)

        done = run("--prompts", "q.jsonl", *place, "--resume", "--max-calls", 3, cwd=tmp_path)
        assert done.returncode == 3
        assert "Resumed: 2 of 4 calls are answered. 2 prompts are new." in done.stdout
        again = run(*place, "--resume", "--max-calls", 9, cwd=tmp_path)

        assert again.returncode == 0, again.stderr
        assert len(server.sent()) == len(set(server.sent())) == 4
        rows = read_results(tmp_path / "j-results.jsonl")
        assert [row["custom_id"] for row in rows] == [f"mine-{number}" for number in range(4)]

    def test_other_parameters_are_refused_or_asked_for_and_told_in_the_rows(
        self, server: Foreground, tmp_path: Path
    ) -> None:
        write_questions(tmp_path, 3)
        place = ["--prompts", "q.jsonl", "--base-url", server.base_url, "--journal", "j.jsonl"]
        given = ["--temperature", 0, "--max-tokens", 900]
        run(*place, *given, "--max-calls", 1, cwd=tmp_path)
        other = ["--temperature", 1, "--max-tokens", 800, "--system", "S", "--stream"]

        refused = run(*place, *other, "--resume", "--max-calls", 9, cwd=tmp_path)

        assert refused.returncode == 2
        assert "--temperature 0.0, not 1.0" in refused.stderr
        assert "--max-tokens 900, not 800" in refused.stderr
        assert "--system none, not 'S'" in refused.stderr
        assert "whole answers, not streamed ones" in refused.stderr
        assert "on purpose: --change-parameters." in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        assert not speaks_python(refused.stderr)
        assert len(server.sent()) == 1
        done = run(
            *place, *other, "--resume", "--change-parameters", "--max-calls", 9, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert "--temperature 1.0, not 0.0" in done.stdout
        assert "--max-tokens 800, not 900" in done.stdout
        rows = read_results(tmp_path / "q-results.jsonl")
        asked = [row["run"]["parameters"] | row["parameters"] for row in rows]
        assert asked[0] == {"temperature": 0, "max_tokens": 900}
        later = {"temperature": 1, "max_tokens": 800, "system": "S", "stream": True}
        assert asked[1:] == [later, later]
        unfit = run(*place, "--change-parameters", cwd=tmp_path)
        assert (unfit.returncode, unfit.stdout) == (2, "")
        assert "--change-parameters belongs to a run that goes on" in unfit.stderr

    def test_failed_calls_are_sent_again_with_retry_failed(self, tmp_path: Path) -> None:
        write_questions(tmp_path, 5)
        with foreground("--scenario", "one-fails", "--speed", 50) as server:
            place = ["--prompts", "q.jsonl", "--base-url", server.base_url, "--journal", "j.jsonl"]
            done = [
                run(*place, *more, cwd=tmp_path)
                for more in ([], ["--resume"], ["--resume", "--retry-failed"])
            ]
            assert [each.returncode for each in done] == [3, 3, 0]
            assert len(server.sent()) == 6
        assert "Resumed: 4 of 5 calls are answered. 1 failed: --retry-failed" in done[1].stdout
        assert re.search(r"^ +5  calls, all of them made before$", done[1].stdout, re.M)
        assert "1 had failed and is sent again." in done[2].stdout
        assert "calls: 4 made before, 1 now in" in done[2].stdout

    @pytest.mark.parametrize(
        ("head", "said"),
        [
            (encode({"aiml_nb_journal": 99, "run_id": "x"}), "is a journal of version 99"),
            ('{"aiml_nb_journal": 99}\n', "is a journal of version 99"),
            ('{"aiml_nb_journal": 1}\n', "its first line is damaged"),
        ],
    )
    def test_a_journal_of_another_version_is_told_before_a_server_is_named(
        self, tmp_path: Path, head: str, said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "j.jsonl"
        path.write_text(head)

        code = main(["run", "--journal", str(path), "--resume", "--simulate"])

        shown = capsys.readouterr()
        assert (code, shown.out) == (2, "")
        assert said in shown.err

    @pytest.mark.parametrize(
        ("strategy", "number"),
        [
            ("gather", signal.SIGINT),
            slow("threads", signal.SIGINT),
            slow("threads", signal.SIGTERM),
            slow("gather", signal.SIGHUP),
        ],
    )
    def test_ctrl_c_gives_the_prompt_back_and_the_command_that_goes_on(
        self, slow_server: Foreground, tmp_path: Path, strategy: str, number: int
    ) -> None:
        server = slow_server
        write_questions(tmp_path, 120)
        typed = (
            f"run --prompts q.jsonl --max-concurrency 20 --strategy {strategy} --journal j.jsonl"
        )
        with subprocess.Popen(
            [sys.executable, "-m", "aiml_nb", *typed.split(), "--base-url", server.base_url],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            server.wait_for(50)
            pressed = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate()
            seconds = time.monotonic() - pressed
        later = server.count_after(pressed + 0.5)
        sent = len(server.sent())
        answered = int(re.search(r"(\d+) of 120 calls are answered", said)[1])  # type: ignore[index]
        print(f"{answered} kept, {seconds:.2f} s, {later} later")
        known = [row["outcome"] for row in read_results(tmp_path / "q-results.jsonl")]
        command = next(line for line in said.splitlines() if line.startswith("Go on:"))
        again = aiml_nb(*shlex.split(command)[3:], cwd=tmp_path)
        sent_again = len(server.sent()) - sent

        assert process.returncode == 130
        assert "Traceback" not in said
        assert seconds <= 10  # on a busy machine; mostly 0.3
        assert later == 0
        assert answered >= 30  # the server had answered 50, and no more than 20 were in flight
        assert (len(known), known.count("ok")) == (120, answered)
        assert "\nResults: q-results.jsonl (as far as they are known)\n" in said
        assert f"Resumed: {answered} of 120 calls are answered." in again.stdout
        assert again.returncode == 0, again.stderr
        assert sent_again == 120 - answered
        assert len(read_results(tmp_path / "q-results.jsonl")) == 120

    def test_ctrl_c_without_a_name_for_the_journal_leaves_one_to_go_on_with(
        self, slow_server: Foreground, tmp_path: Path
    ) -> None:
        write_questions(tmp_path, 120)
        place = ["--prompts", "q.jsonl", "--max-concurrency", "20"]
        with subprocess.Popen(
            [sys.executable, "-m", "aiml_nb", "run", *place, "--base-url", slow_server.base_url],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            # Of 40 that the server has answered the client has read 20: no more are in flight.
            slow_server.wait_for(40)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()

        assert process.returncode == 130
        (journal,) = (tmp_path / "aiml-nb-journals").iterdir()
        assert f"--journal aiml-nb-journals/{journal.name} --resume\n" in said
        outcomes = [r["outcome"] for r in read_results(tmp_path / "q-results.jsonl")]
        assert len(outcomes) == 120
        assert outcomes.count("ok") >= 20

    def test_a_command_in_the_background_that_ignores_ctrl_c_ends_at_sigterm(
        self, slow_server: Foreground, tmp_path: Path
    ) -> None:
        """A script's ``aiml-nb run … &`` ignores SIGINT; whoever ends it sends SIGTERM."""
        write_questions(tmp_path, 120)
        typed = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        typed += "from aiml_nb.cli import main; sys.exit(main())"
        place = ["--prompts", "q.jsonl", "--max-concurrency", "20"]
        with subprocess.Popen(
            [sys.executable, "-c", typed, "run", *place, "--base-url", slow_server.base_url],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            slow_server.wait_for(40)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate()

        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert "\nGo on:   aiml-nb run" in said
        outcomes = [r["outcome"] for r in read_results(tmp_path / "q-results.jsonl")]
        assert outcomes.count("ok") >= 20


class TestWhatIsThereAlready:
    def test_results_are_replaced_only_if_that_is_said(self, tmp_path: Path) -> None:
        write_questions(tmp_path, 2)
        place = ["--prompts", "q.jsonl", "--scenario", "instant", "--output", "o.csv"]
        (tmp_path / "o.csv").touch()
        assert run(*place, cwd=tmp_path).returncode == 0  # nothing was in it
        (tmp_path / "o.csv").write_text("mine")

        refused = run(*place, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "'o.csv' exists already. Add --overwrite" in refused.stderr
        assert (tmp_path / "o.csv").read_text() == "mine"

        assert run(*place, "--overwrite", cwd=tmp_path).returncode == 0
        assert (tmp_path / "o.csv").read_text().count("\n") == 3

    @pytest.mark.parametrize("options", [[], ["--overwrite", "--output"], ["--journal"]])
    def test_pipes_and_links_stay_what_they_are(
        self,
        tmp_path: Path,
        options: list[str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.chdir(tmp_path)
        write_questions(tmp_path, 2)
        (tmp_path / "real.jsonl").write_text("mine")
        (tmp_path / "link.jsonl").symlink_to("real.jsonl")
        os.mkfifo(tmp_path / "pipe.jsonl")
        place = ["run", "--prompts", "q.jsonl", "--simulate", *(options or ["--output"])]
        for name, kind in (("pipe.jsonl", "a pipe"), ("link.jsonl", "a link")):
            code = main([*place, name])

            shown = capsys.readouterr()
            assert (code, shown.out) == (2, "")
            assert f"'{name}' cannot be written (it is {kind}, not a file)" in shown.err
        assert (tmp_path / "pipe.jsonl").is_fifo()
        assert (tmp_path / "link.jsonl").is_symlink()
        assert (tmp_path / "real.jsonl").read_text() == "mine"

    def test_results_that_cannot_be_written_after_all_come_from_the_journal(
        self, slow_server: Foreground, tmp_path: Path
    ) -> None:
        server = slow_server
        write_questions(tmp_path, 60)
        (tmp_path / "out").mkdir()
        place = ["--prompts", "q.jsonl", "--base-url", server.base_url, "--journal", "j.jsonl"]
        with subprocess.Popen(
            [sys.executable, "-m", "aiml_nb", "run", *place, "--output", "out/o.jsonl"],
            cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            server.wait_for(5)
            (tmp_path / "out").rmdir()
            _, said = process.communicate()
        command = shlex.split(said.partition("Type  ")[2])
        again = aiml_nb(*command[1:-1], "o.jsonl", cwd=tmp_path)
        sent = len(server.sent())

        assert process.returncode == 2
        assert "'out/o.jsonl' cannot be written (there is no folder 'out')." in said
        assert again.returncode == 0, again.stderr
        assert sent == len(read_results(tmp_path / "o.jsonl")) == 60


def test_a_reader_that_stops_reading_loses_no_result_and_no_exit_code(tmp_path: Path) -> None:
    write_questions(tmp_path, 4)
    program = f"{sys.executable} -m aiml_nb run --prompts q.jsonl --scenario one-fails --speed 50"
    script = f"{program} | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path
    )

    assert done.stderr == ""
    assert done.stdout.endswith("3\n")
    assert len(read_results(tmp_path / "q-results.jsonl")) == 4


def test_the_key_is_in_none_of_the_files(server: Foreground, tmp_path: Path) -> None:
    write_questions(tmp_path, 4)

    done = run(
        "--prompts", "q.jsonl", "--base-url", server.base_url, "--api-key-env", "MINE",
        "--journal", "j.jsonl", "--output", "o.csv",
        cwd=tmp_path, MINE=CANARY,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    written = [each.read_text() for each in tmp_path.iterdir()]
    assert not any(CANARY in text for text in [*written, done.stdout, done.stderr])


def test_a_line_with_a_wrong_parameter_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    lines = [{"prompt": "Who?", "max_tokens": "many"}, {"prompt": "Why?", "temperature": math.nan}]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    done = run("--prompts", "q.jsonl", "--simulate", "--skip-bad", cwd=tmp_path)

    assert done.returncode == 2
    assert "Line 1 of 'q.jsonl' has the max_tokens 'many'" in done.stderr
    assert "Line 2 of 'q.jsonl' has the temperature nan" in done.stderr


def test_a_model_alone_does_not_send_a_resumed_run_elsewhere(
    server: Foreground, tmp_path: Path
) -> None:
    write_questions(tmp_path, 2)
    run("--prompts", "q.jsonl", "--base-url", server.base_url, "--journal", "j.jsonl", cwd=tmp_path)

    done = run("--journal", "j.jsonl", "--resume", "--model", "gpt-4o-mini", cwd=tmp_path)

    assert done.returncode == 2
    assert "a run with the model 'gpt-4o', not 'gpt-4o-mini'" in done.stderr


def test_a_word_that_looks_like_a_key_is_not_repeated(tmp_path: Path) -> None:
    done = aiml_nb("run", "sk-canary-0123456789abcdef", cwd=tmp_path)

    assert done.returncode == 2
    assert "The prompts file '…' cannot be read" in done.stderr
    assert "canary" not in done.stdout + done.stderr

"""A limit of open files lowers how many calls are in flight; that there is no file loses none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ...rows import exhaustive, slow
from .connections import Exchange, connection_server

WAYS = ("gather", slow("threads"), slow("workers"), exhaustive("adaptive"))

# For each line it reads it forks, as importing the client takes longer than what a child does: it
# takes a limit, opens some files, and makes a run.
PROGRAM = """
import json, os, resource, sys, threading, time, traceback
import openai.resources.chat.completions  # the client fetches it when it is first used
import aiml_nb as nb

def make_run(given):
    resource.setrlimit(resource.RLIMIT_NOFILE, tuple(given["limits"]))
    taken = [os.dup(0) for _ in range(given.get("taken", 0))]
    endpoint = nb.connect(verbose=False, **given["server"])
    hog_saw = []
    if "hogs_for" in given:
        threading.Thread(target=hog, args=(given["hogs_for"], hog_saw), daemon=True).start()
    prompts = [f"question {n}" for n in range(given["prompts"])]
    run = nb.run(prompts, endpoint, progress=False, **given["options"])
    print(json.dumps({
        "max_concurrency": run.max_concurrency,
        "ends": sorted({(c.outcome, c.error_type or "", c.error or "") for c in run.calls}),
        "attempts": max(len(c.attempts) for c in run.calls),
        "own_answers": all(c.text == c.prompt for c in run.calls),
        "soft": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "unfinished_at_release": hog_saw,
    }))

def hog(seconds, saw):
    while (run := nb.last_run()) is None or sum(c.finished is not None for c in run.calls) < 10:
        time.sleep(0.002)
    held, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            held.append(os.dup(0))
        except OSError:
            time.sleep(0.002)
    saw.append(sum(c.finished is None for c in run.calls))
    for each in held:
        os.close(each)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            make_run(json.loads(line))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(child, 0)
    print("END", flush=True)
"""
RunChild = Callable[..., tuple[list[str], dict[str, Any]]]


@pytest.fixture(scope="module")
def run_child() -> Iterator[RunChild]:
    """Have a child make a run; return what it said, and what came of its run."""
    command = [sys.executable, "-c", PROGRAM]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, **pipes) as program:  # type: ignore[call-overload]

        def run_child(base_url: str = "", **given: Any) -> tuple[list[str], dict[str, Any]]:
            server = {"base_url": base_url, "model": "m"} if base_url else {"speed": 20}
            given = {"options": {}, "prompts": 150, "limits": [128, 128]} | given
            program.stdin.write(json.dumps({"server": server, **given}) + "\n")
            program.stdin.flush()
            lines = [*iter(program.stdout.readline, "END\n")]
            assert lines
            assert lines[-1].startswith("{"), "".join(lines)
            return [line.rstrip("\n") for line in lines[:-1]], json.loads(lines[-1])

        yield run_child
        program.stdin.close()


def answer(exchange: Exchange) -> None:
    exchange.send(exchange.reply)


def answer_and_close(exchange: Exchange) -> None:
    exchange.send(exchange.reply)
    exchange.close()


class TestTheLimit:
    @pytest.mark.parametrize("strategy", WAYS)
    def test_what_it_bears_is_the_default(self, run_child: RunChild, strategy: str) -> None:
        with connection_server(answer) as server:
            (line,), run = run_child(server.base_url, options={"strategy": strategy})

        assert run["ends"] == [["ok", "", ""]]
        assert run["own_answers"]
        assert 30 < run["max_concurrency"] < 100
        assert f"At most {run['max_concurrency']} calls in flight" in line
        assert "128 files" in line
        assert "ulimit -n 1024" in line

    @pytest.mark.parametrize("strategy", WAYS)
    def test_who_asks_for_more_is_told_what_to_type(
        self, run_child: RunChild, strategy: str
    ) -> None:
        options = {"strategy": strategy, "max_concurrency": 300}
        with connection_server(answer) as server:
            (line,), run = run_child(server.base_url, options=options)

        assert run["ends"] == [["ok", "", ""]]
        assert run["max_concurrency"] < 100
        assert "not 150" in line
        assert "ulimit -n 1024" in line

    def test_files_that_are_open_count(self, run_child: RunChild) -> None:
        with connection_server(answer) as server:
            _, run = run_child(server.base_url, taken=20)
            _, other = run_child(server.base_url, taken=40)

        assert run["ends"] == other["ends"] == [["ok", "", ""]]
        assert run["max_concurrency"] == other["max_concurrency"] + 20

    def test_a_soft_limit_is_raised_without_a_word(self, run_child: RunChild) -> None:
        with connection_server(answer) as server:
            said, run = run_child(server.base_url, limits=[64, 1024], prompts=300)

        assert said == []
        assert run["max_concurrency"] == 300
        assert 300 < run["soft"] <= 1024

    @pytest.mark.parametrize("options", [{"strategy": "sequential"}, {"max_concurrency": 20}])
    def test_what_is_within_it_is_as_ever(
        self, run_child: RunChild, options: dict[str, Any]
    ) -> None:
        with connection_server(answer) as server:
            said, run = run_child(server.base_url, options=options, prompts=40)

        assert said == []
        assert run["max_concurrency"] == options.get("max_concurrency", 1)

    @pytest.mark.parametrize(("files", "prompts"), [slow(40, 20), (128, 150)])
    def test_the_simulator_bears_as_much(
        self, run_child: RunChild, files: int, prompts: int
    ) -> None:
        _, run = run_child(limits=[files, files], prompts=prompts)

        assert {outcome for outcome, _, _ in run["ends"]} == {"ok"}


class TestShortage:
    """Somebody else in this process has taken all files."""

    @pytest.mark.parametrize(
        ("strategy", "host"),
        [
            *(("threads", "127.0.0.1"), ("gather", "localhost")),
            *(slow("sequential", "127.0.0.1"), slow("workers", "localhost")),
            *(exhaustive("adaptive", "127.0.0.1"), exhaustive("threads", "localhost")),
        ],
    )
    def test_calls_wait_until_there_is_a_file_again(
        self, run_child: RunChild, strategy: str, host: str
    ) -> None:
        with connection_server(answer_and_close) as server:
            _, run = run_child(
                server.base_url.replace("127.0.0.1", host),
                options={"strategy": strategy, "max_concurrency": 8},
                prompts=200,
                hogs_for=0.7,
            )

        assert run["unfinished_at_release"][0] > 50
        assert run["ends"] == [["ok", "", ""]]
        assert run["attempts"] == 1

    @pytest.mark.parametrize("strategy", [slow("sequential"), "threads", "gather"])
    def test_who_waited_in_vain_is_told_why(self, run_child: RunChild, strategy: str) -> None:
        options = {"strategy": strategy, "max_concurrency": 8, "timeout": 0.8, "run_timeout": 2}
        with connection_server(answer_and_close) as server:
            _, run = run_child(server.base_url, options=options, prompts=40, hogs_for=60)

        late = [end for end in run["ends"] if end[0] == "timeout"]
        assert late
        assert all("ulimit -n" in error for _, _, error in late)
        assert {outcome for outcome, _, _ in run["ends"]} <= {"ok", "timeout", "not_started"}

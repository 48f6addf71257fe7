"""Runs that are ended, and servers that are: what is answered stays, what is not is asked again."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb

from ..rows import exhaustive
from .conftest import Serve, connect
from .load import find_failed, write_prompts
from .outage import Outage
from .server import SLOTS, LlamaServer

pytestmark = pytest.mark.slow

# Answers of half a minute, as many at once as the server has slots.
LONG = {"max_tokens": 30_000, "extra_body": {"ignore_eos": True}}
STAYS = """
import collections, json, sys
import aiml_nb as nb
base_url, model, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
endpoint = nb.connect(base_url=base_url, model=model, verbose=False)
try:
    nb.run([f"Question {number}?" for number in range(40)], endpoint, **options)
except KeyboardInterrupt:
    outcomes = collections.Counter(call.outcome for call in nb.last_run().calls)
    print(json.dumps(outcomes), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("strategy", ["threads", "gather", exhaustive("workers"), "sequential"])
def test_the_slots_are_free_soon_after_ctrl_c(strategy: str, serve: Serve) -> None:
    """The program lives on, as a notebook's kernel does, and its connections might."""
    server = serve()
    with interrupted(server, strategy, stream=True, **LONG) as outcomes:
        wait_until_free(server)

    assert outcomes == {"cancelled": count_tasks(server), "not_started": 40 - count_tasks(server)}


@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_nothing_is_asked_for_after_ctrl_c(strategy: str, serve: Serve) -> None:
    """Answers that are not streamed llama.cpp writes to their end, whoever has hung up."""
    server = serve()
    with interrupted(server, strategy, **LONG | {"max_tokens": 300}) as outcomes:
        server.wait_until(lambda: server.count_busy() == 0, "all slots are free")

    assert count_tasks(server) == SLOTS
    assert outcomes == {"cancelled": SLOTS, "not_started": 40 - SLOTS}


async def test_the_slots_are_free_soon_after_a_run_is_cancelled(serve: Serve) -> None:
    server = serve()
    handle = nb.start(write_prompts(8), connect(server), max_concurrency=SLOTS, stream=True, **LONG)
    await asyncio.to_thread(wait_until_busy, server, SLOTS)
    handle.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handle

    await asyncio.to_thread(wait_until_free, server)
    assert count_tasks(server) == SLOTS


@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_the_slots_are_free_soon_after_calls_have_run_out_of_time(
    strategy: str, serve: Serve
) -> None:
    server = serve()
    run = nb.run(
        write_prompts(SLOTS),
        connect(server),
        strategy=strategy,
        stream=True,
        timeout=2.0,
        **LONG,
    )

    wait_until_free(server)
    assert {call.outcome for call in run.calls} == {"timeout"}
    assert all(call.text for call in run.calls)
    assert count_tasks(server) == SLOTS


def test_ctrl_c_ends_the_command_line_and_frees_the_slots(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    write_questions(tmp_path, **LONG)
    with running(write_command(server, "--stream"), cwd=tmp_path) as program:
        wait_until_busy(server, SLOTS)
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)

    assert program.returncode == 130
    wait_until_free(server)
    assert count_tasks(server) == SLOTS
    rows = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert [json.loads(row)["outcome"] for row in rows].count("cancelled") == SLOTS


@pytest.mark.parametrize(
    "options", [["--strategy", "threads"], ["--strategy", "workers", "--stream"]], ids=" ".join
)
def test_what_was_acknowledged_before_a_kill_is_not_asked_for_again(
    options: list[str], serve: Serve, tmp_path: Path
) -> None:
    server = serve()
    write_questions(tmp_path, max_tokens=100)
    journal, command = tmp_path / "journal.jsonl", write_command(server, *options)
    with running(command, cwd=tmp_path) as program:
        server.wait_until(lambda: len(read_finished(journal)) >= 12, "12 calls are finished")
        program.kill()
    acknowledged, size = read_finished(journal), journal.stat().st_size
    with running([*command, "--resume"], cwd=tmp_path) as program:
        program.communicate(timeout=120)

    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    later = read_lines(journal.read_bytes()[size:].decode())
    assert 12 <= len(acknowledged) < 60
    assert {row["outcome"] for row in rows} <= {"ok", "incomplete"}
    assert len(rows) == 60
    assert not acknowledged & {line["custom_id"] for line in later if "sent" in line}
    assert count_tasks(server) <= 60 + SLOTS


@pytest.mark.parametrize("strategy", ["threads", "gather", exhaustive("workers")])
def test_a_server_that_is_away_for_two_seconds_costs_no_call(strategy: str, serve: Serve) -> None:
    server = serve()
    outage = Outage(server, down=2.0, after=80)
    run = outage.during(
        lambda: nb.run(
            write_prompts(200),
            connect(server),
            strategy=strategy,
            max_concurrency=20,
            max_tokens=16,
        )
    )

    assert [(call.error_type, call.error) for call in find_failed(run)] == []
    assert outage.began < run.started_at + run.makespan
    assert outage.tried <= 4 * 20  # what was in flight, and one that looks


def test_streams_that_were_cut_by_an_outage_keep_what_came(serve: Serve) -> None:
    """A stream that has begun is not asked for again by itself: as many as there are slots."""
    server = serve()
    outage = Outage(server, down=2.0, after=40)
    run = outage.during(
        lambda: nb.run(
            write_prompts(120),
            connect(server),
            max_concurrency=20,
            stream=True,
            max_tokens=100,
        )
    )

    cut = [call for call in run.calls if call.finish_reason is None]
    assert len(cut) <= SLOTS
    assert all(call.first_token is not None for call in cut)
    assert set(map(id, find_failed(run))) <= set(map(id, cut))


@contextmanager
def interrupted(server: LlamaServer, strategy: str, **options: Any) -> Iterator[dict[str, int]]:
    """Give the outcomes of a run that met Ctrl-C with its slots full, while its program lives."""
    in_flight = 1 if strategy == "sequential" else SLOTS
    options |= {"strategy": strategy, "max_concurrency": in_flight, "progress": False}
    arguments = [server.base_url, server.model, json.dumps(options)]
    with running([sys.executable, "-c", STAYS, *arguments]) as program:
        wait_until_busy(server, in_flight)
        program.send_signal(signal.SIGINT)
        assert program.stdout is not None
        yield json.loads(program.stdout.readline())
        assert program.poll() is None


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a program that ends with the test at the latest."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    ) as program:
        try:
            yield program
        finally:
            if program.poll() is None:
                program.kill()


def write_questions(folder: Path, **parameters: Any) -> None:
    lines = [json.dumps({"prompt": prompt, **parameters}) for prompt in write_prompts(60)]
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n")


def write_command(server: LlamaServer, *options: str) -> list[str]:
    files = ["--prompts", "questions.jsonl", "--journal", "journal.jsonl"]
    files += ["--output", "answers.jsonl", "--overwrite"]
    place = ["--base-url", server.base_url, "--model", server.model]
    limit = ["--max-concurrency", str(SLOTS)]
    return [sys.executable, "-m", "aiml_nb", "run", *files, *place, *limit, *options]


def wait_until_busy(server: LlamaServer, slots: int) -> None:
    server.wait_until(lambda: server.count_busy() == slots, f"{slots} slots are at work")


def wait_until_free(server: LlamaServer) -> None:
    """Wait less long than the answers would take."""
    server.wait_until(lambda: server.count_busy() == 0, "all slots are free", patience=10)


def count_tasks(server: LlamaServer) -> int:
    """Return how many answers the server has begun, by its log."""
    return server.log.read_text(errors="replace").count("processing task")


def read_finished(journal: Path) -> set[str]:
    """Return the names of the calls that are in the journal with their answers."""
    text = journal.read_text() if journal.exists() else ""
    return {line["custom_id"] for line in read_lines(text) if "timing" in line}


def read_lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # being written, or torn
            continue

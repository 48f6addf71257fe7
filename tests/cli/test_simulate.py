"""``aiml-nb simulate``, used by a plain script with the FAQ's structure."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..rows import slow
from .typed import aiml_nb

FAQ_SCRIPT = """
import asyncio, sys
from openai import AsyncOpenAI, OpenAI

BASE_URL = sys.argv[1]
QUESTIONS = ["List the 5 most famous hockey players of the 20th century.", "What is 2+2?"]


def ask(question):
    client = OpenAI(base_url=BASE_URL, api_key="any")
    client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )
    print("sync", QUESTIONS.index(question))


async def ask_async(question):
    client = AsyncOpenAI(base_url=BASE_URL, api_key="any")
    await client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )
    print("async", QUESTIONS.index(question))


async def main():
    await asyncio.gather(*map(ask_async, QUESTIONS))


for question in QUESTIONS:
    ask(question)
try:
    asyncio.run(main())
except RuntimeError:
    asyncio.get_event_loop().run_until_complete(main())
"""


@pytest.fixture
def simulator() -> Iterator[subprocess.Popen[str]]:
    """``aiml-nb simulate`` in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "aiml_nb", "simulate", "--port", "0", "--speed", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.mark.parametrize("path", ["/v1", slow("")])
def test_the_faqs_program_gives_the_faqs_two_orders(
    simulator: subprocess.Popen[str], path: str, tmp_path: Path
) -> None:
    address = first_line(simulator)
    script = tmp_path / "faq.py"
    script.write_text(FAQ_SCRIPT)

    done = subprocess.run(
        [sys.executable, str(script), address.removesuffix("/v1") + path],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert address.startswith("http://127.0.0.1:")
    assert address.endswith("/v1")
    assert done.stdout.split("\n")[:-1] == ["sync 0", "sync 1", "async 1", "async 0"]


def test_ctrl_c_ends_it_quietly(simulator: subprocess.Popen[str]) -> None:
    first_line(simulator)
    simulator.send_signal(signal.SIGINT)
    _, errors = simulator.communicate(timeout=10)

    assert (simulator.returncode, errors) == (0, "")


def test_a_port_in_use_is_named_with_what_to_type(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = aiml_nb("simulate", "--port", port, cwd=tmp_path)

    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_scenarios_are_listed(tmp_path: Path) -> None:
    done = aiml_nb("simulate", "--list-scenarios", cwd=tmp_path)

    assert done.stdout.startswith("faq")


EVERYWHERE = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", EVERYWHERE), ("'0.0.0.0'", "127.0.0.1", "--host 0.0.0.0 --host 0.0.0.0")),
        (("--host", "127.0.0.1", "--host", EVERYWHERE), ("one address",)),
        (("--host", "example.com", "--host", "example.com"), ("'example.com'",)),
        (("--scenario", "faqs"), ("'faq'", "'tight'", "'faqs'")),
        (("--scenario", "missing.json"), ("'missing.json'", '"capacity": 10')),
        (("--speed", "0"), ("from 0.01 to 10000", "0")),
        (("--speed", "1e9"), ("from 0.01 to 10000",)),
        (("--seed", "-1"), ("from 0 to",)),
        (("--profile", "azure"), ("openai", "aimlapi", "azure")),
        (("--log", "/nowhere/at/all.jsonl", "--port", "0"), ("cannot be written",)),
        (("--port", "65536"), ("port 65536",)),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    options: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    done = aiml_nb("simulate", *options, cwd=tmp_path)

    assert done.returncode == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def simulating(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "aiml_nb", "simulate", "--port", "0", "--speed", "50"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield first_line(process), process
        finally:
            process.kill()


def ask(url: str, *, host: str | None = None) -> tuple[int, Any, Any]:
    messages = [{"role": "user", "content": "What is 2+2?"}]
    request = urllib.request.Request(
        f"{url}/chat/completions",
        data=json.dumps({"model": "gpt-4o", "messages": messages}).encode(),
        headers={"Content-Type": "application/json", **({"Host": host} if host else {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.headers, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read())


def test_a_scenario_may_be_a_file_and_the_profile_an_option(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"scenario": "tight", "faults": {"1": 503, "2": "retry-after:9"}}')
    with simulating("--scenario", str(file), "--profile", "aimlapi") as (url, _):
        answers = [ask(url) for _ in range(3)]

    assert [status for status, _, _ in answers] == [503, 429, 200]
    assert answers[1][1]["retry-after"] == "9"
    assert answers[0][2]["title"] == "Service Unavailable"
    assert answers[2][2]["meta"]["usage"]["credits_used"] > 0


def test_a_host_asked_for_twice_is_served_with_a_warning() -> None:
    """By address only: a name could have been rebound."""
    with simulating("--host", EVERYWHERE, "--host", EVERYWHERE) as (url, process):
        port = url.split(":")[2].removesuffix("/v1")
        served = [ask(url, host=f"{name}:{port}")[0] for name in ("192.0.2.1", "evil.example")]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)

    assert url.startswith("http://127.0.0.1:")
    assert served == [200, 403]
    assert "other machines" in errors


def test_the_log_has_a_line_for_each_request(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with simulating("--scenario", "one-fails", "--log", str(log)) as (url, _):
        for _ in range(3):
            ask(url)
        lines = [json.loads(line) for line in log.read_text().splitlines()]

    assert [line["status"] for line in lines] == [200, 200, 400]
    assert [line["fault"] for line in lines] == [None, None, "400"]

"""``aiml-nb simulate``, used by a plain script with the FAQ's structure."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("path", ["/v1", ""])
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


def test_a_port_in_use_is_named_with_what_to_type() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "aiml_nb", "simulate", "--port", str(port)],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )

    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_scenarios_are_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aiml_nb", "simulate", "--list-scenarios"],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stdout.startswith("faq")

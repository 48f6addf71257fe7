"""The doctor says what runs here and what is wrong with it, and never shows a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jupyter_client.manager import start_new_kernel

from aiml_nb.doctor import CheckUp, Finding, check_up

from .cli.typed import aiml_nb
from .endpoint.transport.connections import connection_server
from .endpoint.transport.proxies import FAILURES, proxy_server
from .endpoint.transport.tls import server_side
from .rows import slow

CANARY = "canary-0123456789abcdef"
SUBJECTS = [
    *("python", "packages", "kernel", "loop", "widgets", "certificates", "proxy"),
    *("key", "endpoint", "simulator", "memory"),
]


def finding(subject: str) -> Finding:
    return next(f for f in check_up().findings if f.subject == subject)


def test_on_the_command_line_each_thing_has_its_line_and_nothing_is_patched() -> None:
    code = "import asyncio; from aiml_nb.cli import main; before = asyncio.run\n"
    code += "print(main(['doctor']), asyncio.run is before)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )

    *lines, end = done.stdout.splitlines()
    assert (end, done.stderr) == ("0 True", "")
    assert [line[6:19].strip() for line in lines] == SUBJECTS
    assert "wrong" not in done.stdout


def test_a_wrong_key_is_wrong_and_unseen(tmp_path: Path) -> None:
    done = aiml_nb("doctor", cwd=tmp_path, AIML_API_KEY=f"{CANARY}\nrest")

    assert done.returncode == 1
    assert "wrong key" in " ".join(done.stdout.split())
    assert "line break" in done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_a_key_is_told_by_its_source_and_length(monkeypatch: pytest.MonkeyPatch) -> None:
    from aiml_nb.doctor import _check_key

    monkeypatch.setenv("AIML_API_KEY", CANARY)

    assert _check_key() == Finding("key", "ok", "from AIML_API_KEY, 23 characters")


@pytest.mark.parametrize(
    ("environ", "subject"),
    [
        ({"SSL_CERT_FILE": "/vanished"}, "certificates"),
        slow({"SSL_CERT_DIR": "/vanished"}, "certificates"),
        slow({"SSL_CERT_FILE": __file__}, "certificates"),
        slow({"ALL_PROXY": "socks5://127.0.0.1:9"}, "proxy"),
        slow({"HTTPS_PROXY": "http://127.0.0.1:port"}, "proxy"),
        ({"HTTPS_PROXY": "http://127.0.0.1:{closed}"}, "proxy"),
    ],
)
def test_what_the_environment_says_wrong_is_a_line(
    environ: dict[str, str], subject: str, closed_port: int, tmp_path: Path
) -> None:
    environ = {name: value.format(closed=closed_port) for name, value in environ.items()}

    done = aiml_nb("doctor", cwd=tmp_path, **environ)

    wrong = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
    (name,) = environ
    assert (done.returncode, done.stderr) == (1, "")
    assert [line[6:19].strip() for line in wrong] == [subject]
    assert name in wrong[0]
    assert [line[6:19].strip() for line in done.stdout.splitlines()] == SUBJECTS


@pytest.mark.parametrize("failure", FAILURES)
def test_a_proxy_that_lets_nothing_through_is_wrong(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if failure == "is silent":
        pytest.skip("it is waited for")
    with proxy_server(failure=FAILURES[failure], fails_after=0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{CANARY}@127.0.0.1:{proxy.port}")
        found = finding("proxy")

    assert found.state == "wrong"
    assert f"http://127.0.0.1:{proxy.port} of HTTPS_PROXY" in found.text
    assert CANARY not in found.text


def test_a_proxy_that_lets_calls_through_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    # Who is behind it is another question: here somebody with another name.
    with (
        connection_server(lambda _: None, tls=server_side()) as server,
        proxy_server(urlsplit(server.base_url).port or 0) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        found = finding("proxy")

    assert found == Finding("proxy", "ok", f"http://127.0.0.1:{proxy.port} of HTTPS_PROXY")


def test_certificates_that_are_not_read_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/vanished")

    found = finding("certificates")

    assert found.state == "note"
    assert "SSL_CERT_FILE" in found.text


def test_wrong_findings_make_the_whole_unwell() -> None:
    assert CheckUp((Finding("a", "ok", ""), Finding("b", "note", ""))).is_well
    assert not CheckUp((Finding("a", "ok", ""), Finding("b", "wrong", ""))).is_well


@pytest.mark.kernel
def test_in_a_kernel_it_tells_the_kernel_and_the_callbacks(tmp_path: Path) -> None:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    printed: list[str] = []
    try:
        client.execute_interactive(
            "import aiml_nb; print(aiml_nb.check_up())",
            timeout=60,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    lines = {line[6:19].strip(): line for line in "".join(printed).splitlines()}
    assert list(lines) == SUBJECTS
    assert "ipykernel" in lines["kernel"]
    assert "a click is heard" in lines["widgets"]
    assert "EventLoop" in lines["loop"]

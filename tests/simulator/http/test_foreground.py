from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from aiml_nb.simulator import SimulatorError, serve


@contextlib.contextmanager
def served(*, name="faq", speed=50, **options):
    """Serve in a process of its own, as the command line does; give it and its base URL."""
    settings = f"settings=scenario({name!r}, speed={speed})"
    code = f"from aiml_nb.simulator import *; serve({settings}, **{options!r})"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.kill()


def ask(url, *, key=None):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is 2+2?"}]}
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(
        f"{url}/chat/completions", data=json.dumps(body).encode(), headers=headers
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())["choices"][0]["message"]["content"]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_it_serves_any_key_and_none_until_ctrl_c_and_then_ends_quietly():
    with served(port=0) as (server, base_url):
        assert base_url.startswith("http://127.0.0.1:")
        assert base_url.endswith("/v1")
        assert ask(base_url) == ask(base_url, key="any") == "2 + 2 = 4."

        server.send_signal(signal.SIGINT)
        out, errors = server.communicate(timeout=5)
    assert (server.returncode, out, errors) == (0, "", "")


def test_the_log_file_gets_a_line_for_each_request_when_it_finishes(tmp_path):
    path = tmp_path / "log.jsonl"
    with served(log_path=str(path)) as (_, base_url):
        for _ in range(2):
            ask(base_url, key="any")
        lines = [json.loads(line) for line in path.read_text().splitlines()]

    assert [(line["number"], line["status"]) for line in lines] == [(1, 200), (2, 200)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the files of another process")
def test_a_log_that_has_no_room_is_torn_once_and_goes_on_when_there_is(tmp_path):
    import resource

    path = tmp_path / "log.jsonl"
    with served(log_path=str(path)) as (server, base_url):
        ask(base_url)
        limits = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        room = path.stat().st_size + 30
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (room, limits[1]))
        assert [ask(base_url) for _ in range(3)] == ["2 + 2 = 4."] * 3
        assert path.stat().st_size == room
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limits)
        ask(base_url)
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=5)
        lines = path.read_text().splitlines()

    assert [json.loads(line)["number"] for line in (lines[0], lines[-1])] == [1, 5]
    assert len(lines) == 3
    assert len(errors.splitlines()) == 1
    assert "log is incomplete" in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="writes to a disk that is full")
def test_a_full_disk_takes_the_log_and_not_the_answers():
    with served(log_path="/dev/full") as (server, base_url):
        assert [ask(base_url) for _ in range(3)] == ["2 + 2 = 4."] * 3
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=5)

    assert errors == (
        "The log is incomplete: lines could not be written to it (No space left on device).\n"
    )
    assert server.returncode == 0


def test_a_port_in_use_is_an_error_that_names_it_and_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=rf"port {port} .*--port 0"):
            serve("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])  # noqa: S104
def test_a_host_other_than_this_machine_is_refused(host):
    with pytest.raises(SimulatorError, match="this machine only"):
        serve(host)


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_is_an_error(port):
    with pytest.raises(SimulatorError, match=f"port {port}"):
        serve(port=port)


def test_a_log_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(SimulatorError, match="cannot be written"):
        serve(log_path=tmp_path / "missing" / "log.jsonl")


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_ipv6_loopback_is_served_too():
    with served(host="::1") as (server, base_url):
        if not base_url:
            pytest.skip(f"no IPv6 here: {server.stderr.read()[-200:]}")
        assert ask(base_url) == "2 + 2 = 4."


def test_hostile_bytes_leave_no_trace_on_the_terminal_nor_a_key():
    head = "POST /chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
    with served() as (server, base_url):
        port = int(base_url.split(":")[2].split("/")[0])
        head += f"Host: 127.0.0.1:{port}\r\n"
        for rest in (
            "Authorization: Bearer secret" + "t" * 10_000 + "\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
            "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
            "Content-Length: 1000\r\n\r\n{",
            "Host: evil.example\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall((head + rest).encode())
                client.settimeout(0.3)
                with contextlib.suppress(TimeoutError):
                    assert b" 4" in client.recv(100)
        assert ask(base_url) == "2 + 2 = 4."
        server.terminate()
        _, errors = server.communicate(timeout=5)
    assert errors == ""


def test_a_client_that_leaves_in_mid_answer_leaves_no_trace_on_the_terminal():
    body = json.dumps(
        {
            "model": "gpt-4o",
            "stream": True,
            "messages": [{"role": "user", "content": "List the 5 most famous hockey players"}],
        }
    ).encode()
    head = "POST /chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
    with served() as (server, base_url):
        port = int(base_url.split(":")[2].split("/")[0])
        for size in (0, 1, 400, 2000):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(
                    f"{head}Host: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                client.recv(size)
        assert ask(base_url) == "2 + 2 = 4."
        server.terminate()
        _, errors = server.communicate(timeout=5)
    assert errors == ""

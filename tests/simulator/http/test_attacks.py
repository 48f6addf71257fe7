from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time

import pytest

from ...waiting import let_pass_async, wait_until_async
from ..attacks import ATTACKS, attack
from ..caller import SHORT, Caller, write_body
from ..raw import write_request

HALF_A_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


def port_of(service: Caller) -> int:
    return int(service.root.rpartition(":")[2])


@contextlib.contextmanager
def bounded_server(**bounds):
    """A server of one service for everybody, with other bounds than usual; give its port."""
    code = (
        "import asyncio\n"
        "from aiml_nb.simulator import Settings\n"
        "from aiml_nb.simulator.http.server import open_socket, start_server\n"
        "from aiml_nb.simulator.http.service import Registry, Service\n"
        "async def main():\n"
        "    registry = Registry(Service(Settings(speed=20)))\n"
        f"    bounds = {{'max_connections': 1000}} | {bounds!r}\n"
        "    server = await start_server(open_socket('127.0.0.1', 0), registry, **bounds)\n"
        "    print(server.base_url, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            yield int(server.stdout.readline().rpartition(":")[2].removesuffix("/v1\n"))
        finally:
            server.kill()


@pytest.mark.parametrize("name", ATTACKS)
async def test_each_attack_gets_its_answer_and_harms_nobody(service, name):
    status, answer = await attack(name, port=port_of(service), token=service.token)

    assert status in ATTACKS[name][1], answer[:500]
    assert b"access-control" not in answer.lower()
    assert service.token.encode() not in answer
    assert (await service.call("GET", "/v1/models"))[0] == 200


@contextlib.contextmanager
def half_open(port, message, *, count):
    """Connections that have sent a part of a request, and say no more."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(message)
            client.setblocking(False)
            clients.append(client)
        yield clients


def count_open(clients):
    """Count those that the server has not closed."""
    still = 0
    for client in clients:
        try:
            still += client.recv(65536) != b""
        except BlockingIOError:
            still += 1
        except ConnectionError:
            pass
    return still


@pytest.mark.parametrize("part", ["connect", "head", "body"])
async def test_half_open_connections_delay_nobody(open_service, part):
    """200 of them, while 20 honest calls are answered on time."""
    service = open_service(speed=1)
    whole = write_request(service, b"{" * 100)
    messages = {"connect": b"", "head": HALF_A_HEAD, "body": whole[:-50]}
    with half_open(port_of(service), messages[part], count=200):
        await asyncio.gather(*[service.complete(SHORT) for _ in range(20)])
        requests = (await service.read_log())["requests"]

    honest = [each for each in requests if each["number"] is not None]
    assert len(honest) == 20
    assert max(each["finished"] - each["planned_finish"] for each in honest) < 0.1


async def test_half_a_head_is_closed_in_time_though_it_trickles():
    with (
        bounded_server(idle_time=0.5) as port,
        half_open(port, HALF_A_HEAD, count=50) as clients,
    ):
        began = time.monotonic()

        def trickle_until_closed():
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(b"a")
            return not count_open(clients)

        await wait_until_async(trickle_until_closed, patience=5, every=0.05)
        assert 0.3 < time.monotonic() - began < 2


async def test_one_connection_too_many_is_closed_and_the_others_live_on():
    with (
        bounded_server(max_connections=10) as port,
        half_open(port, b"", count=10) as clients,
    ):
        await let_pass_async(0.2)  # until all of them have been accepted
        _, writer = first = await asyncio.open_connection("127.0.0.1", port)
        assert await first[0].read() == b""
        writer.close()
        assert count_open(clients) == 10

        clients[0].close()

        async def is_answered():
            status, _ = await attack("no attack: an honest call", port=port, token="any")
            return status == 200

        await wait_until_async(is_answered, patience=2)


@pytest.mark.slow
async def test_the_usual_bounds_close_what_is_half_open(service):
    """After 20 s without a whole head, after 10 s without a whole body."""

    async def closes(message, *, after):
        with half_open(port_of(service), message, count=100) as clients:
            began = time.monotonic()
            await wait_until_async(lambda: not count_open(clients), patience=after + 5, every=0.1)
            took = time.monotonic() - began

        assert after - 1 < took < after + 3

    await asyncio.gather(
        closes(HALF_A_HEAD, after=20),
        closes(write_request(service, b"{" * 100)[:-50], after=10),
    )


async def test_many_requests_in_one_breath_are_answered_one_by_one(service):
    """Pipelining is legal; it must not make one connection hold more than one call."""
    body = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "What is 2+2?"}]}'
    message = write_request(service, body).replace(b"Connection: close\r\n", b"") * 20
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(service))
    writer.write(message)
    data = b""
    while data.count(b"HTTP/1.1 200 OK") < 20:
        data += await reader.read(65536)
    writer.close()

    assert (await service.read_log())["peak_in_flight"] == 1


async def test_keys_and_prompts_are_in_no_log_and_no_error(open_service):
    service = open_service(faults={1: 500, 2: "html:502"})
    seen = []
    for body in (write_body("my secret"), write_body("my secret"), {"model": "my secret"}):
        seen.append(await service.call("POST", "/v1/chat/completions", data=str(body).encode()))

    log = str(await service.read_log())
    assert "secret" not in log
    assert service.token not in log
    assert not any("secret" in str(body) for _, _, body in seen)

"""The deadline of the blocking client holds before there is a connection, too."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport import open_http
from aiml_nb.endpoint.transport.guard import DeadlineError

from ...rows import exhaustive, slow
from .connections import Exchange, connection_server
from .proxies import proxy_server
from .tls import CERTIFICATE, server_side


class HangingLookups:
    """The system's look-up of names, which hangs from the `first` on that is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, first: int) -> None:
        self.asked = 0
        self.first = first
        self.released = threading.Event()
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.ask)

    def ask(self, *place: Any, **options: Any) -> Any:
        self.asked += 1
        if self.asked >= self.first:
            self.released.wait(60)
        return self._real(*place, **options)


def reply(exchange: Exchange) -> None:
    exchange.send(exchange.reply)


@pytest.mark.parametrize("strategy", ["sequential", "threads"])
def test_a_look_up_that_hangs_is_not_waited_for(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection_server(reply) as server:
        address = server.base_url.replace("127.0.0.1", "localhost")
        endpoint = nb.connect(base_url=address, api_key="key", model="m", verbose=False)
        lookups = HangingLookups(monkeypatch, first=3)  # each address is looked up once more
        run = nb.run(["Who?"], endpoint, strategy=strategy, timeout=1, max_attempts=1)
        assert not lookups.released.is_set()
        lookups.released.set()

    assert lookups.asked >= lookups.first
    assert [(call.outcome, call.error_type) for call in run.calls] == [("timeout", "deadline")]
    assert server.prompts == []


@pytest.mark.parametrize("strategy", [slow("sequential"), exhaustive("threads"), slow("gather")])
def test_nor_is_one_before_anything_is_sent(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the event loop, which waits for its threads, does not wait for it either."""
    with connection_server(reply) as server:
        address = server.base_url.replace("127.0.0.1", "localhost")
        endpoint = nb.connect(base_url=address, api_key="key", model="m", verbose=False)
        lookups = HangingLookups(monkeypatch, first=1)
        with pytest.raises(nb.EndpointError, match="No model server answered"):
            nb.run(["Who?"], endpoint, strategy=strategy, timeout=1)
        assert not lookups.released.is_set()
        lookups.released.set()

    assert server.opened == 0


@pytest.mark.parametrize("scheme", [slow("http"), "https"])
def test_a_handshake_behind_a_proxy_is_not_waited_for_either(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def trickle() -> None:
        connection, _ = listener.accept()
        with suppress(OSError), connection:
            connection.recv(1)  # what comes together with the proxy's own reply is lost
            connection.sendall(b"\x16\x03\x03\x3f\x00")  # a record of many bytes
            while not leaving.wait(0.1):
                connection.sendall(b"\x02")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    secured = server_side() if scheme == "https" else None
    with listener, proxy_server(listener.getsockname()[1], tls=secured) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://localhost:{proxy.port}")
        with open_http("https://model.test/v1") as client, pytest.raises(DeadlineError):
            client.get("/models", timeout=1)
        assert not leaving.is_set()
        leaving.set()
        thread.join(5)

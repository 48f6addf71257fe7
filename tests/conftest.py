"""What every test stands on: no keys or proxies of the user's, and the simulator for a server."""

from __future__ import annotations

import os
import signal
import socket

import pytest
from hypothesis import settings

import aiml_nb as nb

# A shell that starts the tests in the background has them ignore Ctrl-C, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example may take longer than 0.2 s where the machine has other work.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's keys, gateways, proxies or certificates."""
    certificates = {"SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "REQUESTS_CA_BUNDLE"}
    for name in list(os.environ):
        is_key = name.endswith("_API_KEY") or name.startswith("OPENAI_")
        if is_key or "proxy" in name.lower() or name in certificates:
            monkeypatch.delenv(name)


@pytest.fixture
def endpoint() -> nb.Endpoint:
    """A fresh service of the embedded simulator, 20 times as fast as life."""
    return nb.connect(speed=20, verbose=False)


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

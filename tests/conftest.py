"""Fixtures of all tests: no keys or proxies of the user, and the simulator as the server."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
from hypothesis import settings

import aiml_nb as nb
from aiml_nb.runner import journal_path

# A shell that starts the tests in the background makes them, and their children, ignore SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)

# On a busy machine an example may take longer than hypothesis's deadline of 0.2 s.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the user's keys, gateways, proxies and certificates from the environment."""
    certificates = {"SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "REQUESTS_CA_BUNDLE"}
    for name in list(os.environ):
        is_key = name.endswith("_API_KEY") or name.startswith("OPENAI_")
        if is_key or "proxy" in name.lower() or name in certificates:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def journals(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the journals that have no name out of the working directory."""
    folder = tmp_path_factory.getbasetemp() / "journals"
    monkeypatch.setattr(journal_path, "JOURNALS", folder)
    return folder


@pytest.fixture
def endpoint() -> nb.Endpoint:
    """A new service of the embedded simulator, at 20 times real speed."""
    return nb.connect(speed=20, verbose=False)


@pytest.fixture
def closed_port() -> int:
    """A local port on which no program listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

"""The guard around the client's HTTP."""

from __future__ import annotations

import pytest

from aiml_nb.transport import is_loopback


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:80/v1", "http://localhost", "http://[::1]:8/v1", "http://127.9.9.9"],
)
def test_this_machine_is_known_by_its_names(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.aimlapi.com",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0",
        "http://evil.localhost",
        "http://[::2]",
    ],
)
def test_other_machines_are_not_this_one(url: str) -> None:
    assert not is_loopback(url)

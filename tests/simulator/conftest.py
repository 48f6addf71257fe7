from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import pytest

from aiml_nb.simulator import Settings, SimulatorProcess

from .caller import Caller


@pytest.fixture(scope="session")
def process() -> Iterator[SimulatorProcess]:
    """One child for all tests; each test has services of its own in it."""
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def open_service(
    process: SimulatorProcess, session: aiohttp.ClientSession
) -> Callable[..., Caller]:
    """Open a fresh service with these settings, 20 times as fast as life unless they say so."""

    def open_service(**settings: Any) -> Caller:
        token = process.register(Settings(**{"speed": 20, **settings}))
        return Caller(session, process.base_url.removesuffix("/v1"), token)

    return open_service


@pytest.fixture
def service(open_service: Callable[..., Caller]) -> Caller:
    return open_service()

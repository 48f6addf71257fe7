from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import aiml_nb as nb

from .server import MISSING, LlamaServer, is_installed

# .ci/run sets this to `required`: there, a server that is missing is a failure.
REQUIRED = os.environ.get("AIML_NB_SERVERS") == "required"

Serve = Callable[..., LlamaServer]
_running: list[LlamaServer] = []


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    """One server for all tests that leave it as it was."""
    with ExitStack() as stack:
        yield start_server(stack, tmp_path_factory)


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a server of the test's own, with these options of `LlamaServer`."""
    with ExitStack() as stack:
        yield lambda **options: start_server(stack, tmp_path_factory, **options)


@pytest.fixture
def endpoint(server: LlamaServer) -> nb.Endpoint:
    return connect(server)


def connect(server: LlamaServer) -> nb.Endpoint:
    return nb.connect(base_url=server.base_url, model=server.model, verbose=False)


def start_server(stack: ExitStack, folders: pytest.TempPathFactory, **options: Any) -> LlamaServer:
    if not is_installed():
        if REQUIRED:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    server = stack.enter_context(LlamaServer(folders.mktemp("llama"), **options))
    _running.append(server)
    stack.callback(_running.remove, server)
    return server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the servers said beside a test that failed."""
    report = yield
    if report.failed:
        report.sections += [(f"log of {server.address}", server.read_log()) for server in _running]
    return report

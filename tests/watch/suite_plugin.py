"""A pytest plugin that watches the whole of a session, and tells at its end what was recorded."""

from __future__ import annotations

import pytest

import aiml_nb as nb

_watch = nb.watch()


def pytest_sessionstart() -> None:
    _watch.__enter__()


def pytest_sessionfinish() -> None:
    _watch.__exit__()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = _watch.run
    spoiled = [notice for notice in run.notices if "recorded" in notice]
    terminalreporter.write_line(f"watched: {len(run.calls)} calls, {spoiled}")

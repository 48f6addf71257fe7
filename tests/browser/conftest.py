from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .jupyter import Jupyter

# .ci/run sets this to `required`: there, a browser that is missing is a failure.
REQUIRED = os.environ.get("AIML_NB_BROWSER") == "required"
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Debian's chromium, driven by Playwright; nothing is downloaded."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _give_up("playwright is not installed: pip install -e '.[dev]'")
    if chromium is None:
        _give_up("chromium is not on the path: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def jupyter(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """One server for all tests of this folder."""
    with Jupyter(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def open_in(browser: Any, jupyter: Jupyter) -> Iterator[Callable[..., Any]]:
    """Open a notebook of the server's folder in a front end; closed after the test."""
    from .pages import Open, open_notebook

    opened: list[Open] = []

    def open_it(front_end: str, name: str, **options: Any) -> Open:
        opened.append(open_notebook(browser, jupyter.url, front_end, name, **options))
        return opened[-1]

    yield open_it
    for each in opened:
        each.page.context.close()


def _give_up(reason: str) -> None:
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)

"""A page of the book in a browser, with what must not happen on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from ..browser.pages import Watch

PHONE = (390, 844)
DESK = (1280, 800)


@contextmanager
def open_page(browser: Any, url: str, *, size: tuple[int, int] = DESK, **how: Any) -> Iterator[Any]:
    """Open a page; when it is closed, assert that it asked nobody else and had no errors."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **how)
    watch = Watch()
    context.route("**/*", watch.on_route)
    page = context.new_page()
    page.on("console", watch.on_console)
    page.on("pageerror", watch.on_error)
    page.goto(url, wait_until="load")
    yield page
    context.close()
    assert not watch.outside, watch.outside
    assert not watch.errors, watch.errors


def too_wide(page: Any) -> int:
    """Return how many pixels of a page are to its right, out of sight."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def find_violations(page: Any) -> list[str]:
    """Return what axe-core finds wrong with a page; it asks for no file of its own accord.

    What is wrong only while colors change, as when a page becomes dark, is not: it looks again.
    """
    wrong: list[str] = []
    for _ in range(5):
        found = Axe().run(page, options={"preload": False}).response["violations"]
        wrong = [f"{each['id']}: {node['html'][:300]}" for each in found for node in each["nodes"]]
        if not wrong:
            break
        page.wait_for_timeout(200)
    return wrong

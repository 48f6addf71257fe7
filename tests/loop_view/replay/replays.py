"""A replay in a browser: what is seen in each of its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Elements that overlap, are cut off or stand outside of what holds them.
_LARGER_THAN_WINDOW = """() => [document.documentElement.scrollHeight - innerHeight,
    document.documentElement.scrollWidth - innerWidth]"""
_OUTSIDE = """() => {
    const out = [];
    for (const id of ['said', 'code', 'running', 'ready', 'waiting', 'done', 'timeline',
                      'controls']) {
        const element = document.getElementById(id);
        if (!element.checkVisibility()) continue;
        const box = element.getBoundingClientRect();
        const inside = box.left >= -0.5 && box.top >= -0.5
            && box.right <= innerWidth + 0.5 && box.bottom <= innerHeight + 0.5 && box.height > 20;
        if (!inside) out.push(`${id} leaves the window: ${JSON.stringify(box)}`);
        const parts = '.card, .place > p, button, text, h2, .tag, #sentence';
        for (const part of element.querySelectorAll(parts)) {
            const scrolls = part.closest('.scrolls');
            if (scrolls && scrolls.scrollHeight > scrolls.clientHeight + 1) continue;
            const own = part.getBoundingClientRect();
            if (!own.width) continue;
            if (own.bottom > box.bottom + 1 || own.right > box.right + 1 || own.left < box.left - 1)
                out.push(`${part.outerHTML.slice(0, 80)} leaves ${id}`);
        }
    }
    return out;
}"""
_SMALL_TEXT = """() => [...document.querySelectorAll('#replay *')]
    .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())
        && each.getClientRects().length && parseFloat(getComputedStyle(each).fontSize) < 17.99)
    .map(each => each.outerHTML.slice(0, 100))"""
_OVERLAPS = """() => {
    const found = [];
    for (const group of [document.querySelectorAll('#tracks text'),
                         document.querySelectorAll('#stage .card, #stage h2')]) {
        const boxes = [...group].map(each => [each, each.getBoundingClientRect()])
            .filter(([each, box]) => box.width && !(each.closest('.scrolls')?.scrollHeight
                > each.closest('.scrolls')?.clientHeight + 1));
        boxes.forEach(([first, a], place) => boxes.slice(place + 1).forEach(([second, b]) => {
            if (a.left < b.right - 1 && b.left < a.right - 1
                && a.top < b.bottom - 3 && b.top < a.bottom - 3)
                found.push(`${first.textContent} over ${second.textContent}`);
        }));
    }
    return found;
}"""

_BEYOND = """() => {
    const cursor = document.getElementById('cursor').getBoundingClientRect().right;
    return [...document.querySelectorAll('#tracks text:not(.lane-name)')]
        .filter(each => getComputedStyle(each).visibility !== 'hidden')
        .filter(each => each.getBoundingClientRect().right > cursor + 1)
        .map(each => each.textContent);
}"""


class Replay:
    """One page, open as a file.

    Parameters
    ----------
    page
        The browser's.
    place
        The file.
    """

    def __init__(self, page: Page, place: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda line: self.errors.append(line.text) if line.type == "error" else None,
        )
        page.goto(place.as_uri())
        self.address = place.as_uri()

    @property
    def moment(self) -> int:
        """Which moment is shown, from 0."""
        return int(self.page.locator("#replay").get_attribute("data-moment") or -1)

    @property
    def last(self) -> int:
        """The number of the last moment."""
        return int(self.page.locator("#scrubber").get_attribute("max") or 0)

    def go_to(self, moment: int) -> None:
        """Move the scrubber."""
        self.page.evaluate(
            "at => { const bar = document.getElementById('scrubber'); bar.value = at;"
            " bar.dispatchEvent(new Event('input')); }",
            moment,
        )

    def text(self, selector: str) -> str:
        """Return what is written somewhere."""
        return str(self.page.locator(selector).inner_text())

    def names_in(self, part: str) -> list[str]:
        """Return the tasks in ``running``, ``ready``, ``waiting`` or ``done``, in order."""
        names: list[str] = self.page.locator(f"#{part} .card .name").all_text_contents()
        return names

    def labels_beyond_the_cursor(self) -> list[str]:
        """Return the labels of the timeline that tell what is still to come, or a part of it."""
        return self._found(_BEYOND)

    def faults(self) -> list[str]:
        """Return what does not fit, overlaps, or is too small to be read in the last row."""
        down, across = self.page.evaluate(_LARGER_THAN_WINDOW)
        larger = [f"the page is larger than the window: {down}, {across}"] if down + across else []
        return [*larger, *self._found(_OUTSIDE), *self._found(_SMALL_TEXT), *self._found(_OVERLAPS)]

    def axe_violations(self) -> list[str]:
        """Return what axe-core finds wrong."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]

    def assert_clean(self) -> None:
        """Nothing but the file was asked for, and nothing went wrong."""
        assert self.requests == [self.address]
        assert self.errors == []

    def _found(self, script: str) -> list[Any]:
        found: list[Any] = self.page.evaluate(script)
        return found

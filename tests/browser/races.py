"""The race on a page: its buttons, its status line and its picture."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from .pages import LONG, Open

CELLS = ("from aiml_nb.widgets import Race", "race = Race(speed=8)\nrace", "2 + 2")

# Presses a button and tells the seconds until what is seen fulfils a condition.
_PRESS = """
async ([name, attribute, wanted]) => {
    const parts = document.querySelectorAll('.jp-Cell-outputWrapper, .jupyter-widgets');
    const all = [...parts].flatMap(part => [...part.querySelectorAll('button')]);
    const button = all.find(each => each.innerText.trim() === name);
    const seen = () => attribute === 'picture'
        ? document.querySelector('.widget-html img')?.src ?? ''
        : document.querySelector('[role=status]')?.innerText ?? '';
    const before = seen(), start = performance.now();
    button.click();
    while (!(seen() !== before && seen().includes(wanted))) {
        if (performance.now() > start + 30000) throw new Error(`${name}: ${seen().slice(0, 99)}`);
        await new Promise(resolve => setTimeout(resolve, 5));
    }
    return (performance.now() - start) / 1000;
}
"""


class RaceOnPage:
    """The race in an open notebook, as a person sees it."""

    def __init__(self, notebook: Open) -> None:
        self._page = notebook.page
        self._picture = notebook.outputs.locator(".widget-html img").first
        self._start = notebook.button("Start")
        expect(self._start).to_be_enabled(timeout=LONG)

    def start(self) -> float:
        """Press Start; return the seconds until the picture grew for the first time."""
        return self._press("Start", "picture", "data:image")

    @property
    def box(self) -> dict[str, float]:
        """The picture's place and size on the page, in pixels."""
        # In one go: the picture is replaced several times a second.
        box: Any = self._page.evaluate(
            "() => document.querySelector('.aiml-nb-race img').getBoundingClientRect().toJSON()"
        )
        return dict(box)

    def cancel(self) -> float:
        """Press Cancel; return the seconds until the race said so."""
        return self._press("Cancel", "status", "Cancelled.")

    def wait_for_end(self) -> None:
        """Wait until the race can be started again."""
        expect(self._start).to_be_enabled(timeout=LONG)

    @property
    def status(self) -> str:
        """What the status line says."""
        return self._page.locator("[role=status], [role=alert]").first.inner_text()

    @property
    def words(self) -> str:
        """What the picture shows, in words."""
        return self._picture.get_attribute("alt") or ""

    @property
    def source(self) -> str:
        """The picture itself."""
        return self._picture.get_attribute("src") or ""

    def is_complete(self) -> bool:
        """True if the picture is drawn, and keeps its place while it changes."""
        drawn: Any = self._picture.evaluate(
            "image => image.complete && image.naturalWidth > 0"
            " && image.hasAttribute('width') && image.hasAttribute('height')"
        )
        return bool(drawn)

    def answered(self) -> list[int]:
        """How many calls are answered on each side."""
        return [int(count) for count in re.findall(r"(\d+) of \d+ answered", self.words)]

    def _press(self, button: str, what: str, wanted: str) -> float:
        seconds: float = self._page.evaluate(_PRESS, [button, what, wanted])
        return seconds

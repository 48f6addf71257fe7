"""The demo in a real browser: it fits its window, and tells when its kernel is gone."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from ..kernels.environments import HERE, REPOSITORY
from ..rows import exhaustive
from ..waiting import wait_until
from .jupyter import Jupyter
from .pages import LONG, Open
from .races import RaceOnPage

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

SMALL, LARGE = (1280, 800), (1920, 1080)
WINDOWS = [
    *(("lab", SMALL, True), ("notebook", SMALL, False), ("voila", LARGE, False)),
    *(exhaustive("lab", size, bar) for size, bar in ((SMALL, False), (LARGE, True))),
    *(exhaustive(*each, False) for each in (("notebook", LARGE), ("voila", SMALL))),
]
# The race, its picture, and what may be seen of the notebook, in pixels of the window.
_PLACES = """
() => {
    const box = element => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return [left, top, right, bottom];
    };
    const panel = document.querySelector('.jp-WindowedPanel-outer, .jp-Notebook');
    const seen = panel ? box(panel) : [0, 0, innerWidth, innerHeight];
    return [box(document.querySelector('.aiml-nb-race img')),
            box(document.querySelector('.aiml-nb-form')),
            [seen[0], seen[1], Math.min(seen[2], innerWidth), Math.min(seen[3], innerHeight)]];
}
"""
# With all of its cells run, a notebook stands at the last one.
_SCROLL_UP = """
() => document.querySelectorAll('.jp-WindowedPanel-outer, .jp-Notebook, html')
    .forEach(each => { each.scrollTop = 0; })
"""
RACE = "import os\nfrom aiml_nb.widgets import Race\nrace = Race(speed=1)\nrace"


@pytest.mark.parametrize(("front_end", "size", "sidebar"), WINDOWS, ids=str)
def test_the_whole_race_is_seen_without_scrolling(
    open_in: Callable[..., Any],
    jupyter: Jupyter,
    front_end: str,
    size: tuple[int, int],
    sidebar: bool,
):
    notebook = nbformat.read(REPOSITORY / "notebooks" / "demo.ipynb", as_version=4)
    name = f"demo-{front_end}-{size[0]}-{sidebar}.ipynb"
    opened = open_in(front_end, jupyter.add(name, notebook, kernel=HERE), size=size)
    if front_end == "lab" and not sidebar:
        opened.page.evaluate("() => window.jupyterapp.commands.execute('filebrowser:hide-main')")
    if front_end != "voila":
        opened.run_all()
        opened.wait_for_answers(timeout=120)
    race = RaceOnPage(opened)
    opened.page.evaluate(_SCROLL_UP)

    assert_seen_in_both_types(opened)
    before = race.box
    race.start()
    assert_all_is_seen(opened)
    done = opened.outputs.get_by_text(re.compile("B is done after .* left"))
    expect(done).to_be_visible(timeout=LONG)
    assert race.box == before
    assert_all_is_seen(opened)
    race.wait_for_end()
    assert race.status.endswith("× faster).")
    assert race.box == before
    assert_seen_in_both_types(opened)
    opened.button("Step").click()
    expect(opened.outputs.get_by_text("Paused at ")).to_be_visible()
    assert race.box == before
    assert opened.axe_violations(".aiml-nb-race") == []
    opened.assert_clean()


def assert_seen_in_both_types(opened: Open) -> None:
    for large in (True, False):
        opened.outputs.get_by_label("Projector").set_checked(large)
        wait_until(lambda large=large: has_class(opened, "aiml-nb-large") == large, every=0.1)
        assert_all_is_seen(opened)


def assert_all_is_seen(opened: Open) -> None:
    picture, form, seen = opened.page.evaluate(_PLACES)
    for box in (picture, form):
        assert box[0] >= seen[0]
        assert box[1] >= seen[1]
        assert box[2] <= seen[2] + 1
        assert box[3] <= seen[3]


def has_class(opened: Open, name: str) -> bool:
    return opened.outputs.locator(f".{name}").count() > 0


def open_race(open_in: Callable[..., Any], jupyter: Jupyter, name: str) -> Open:
    cells = (RACE, "print('kernel', os.getpid())")
    opened: Open = open_in("lab", jupyter.write(name, *cells, kernel=HERE))
    opened.run_all()
    opened.wait_for_answers()
    RaceOnPage(opened).start()
    return opened


def assert_nothing_is_dead(opened: Open, note: str) -> None:
    """The page says what has happened, and shows neither buttons nor a broken chain."""
    expect(opened.outputs.get_by_text(note)).to_be_visible(timeout=LONG)
    race = opened.outputs.locator(".aiml-nb-race")
    assert race.locator("button:visible, select:visible, input:visible").count() == 0
    icons = opened.page.evaluate(
        "() => [...document.querySelectorAll('.aiml-nb-widget, .aiml-nb-widget *')]"
        ".map(each => getComputedStyle(each, '::before').content)"
        ".filter(content => content.includes('\\uf127'))"
    )
    assert icons == []


def test_a_restart_in_the_race_is_noticed_and_the_cell_runs_again(
    open_in: Callable[..., Any], jupyter: Jupyter
):
    opened = open_race(open_in, jupyter, "restarted.ipynb")

    opened.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )

    assert_nothing_is_dead(opened, "The kernel was restarted")
    opened.run_cell(0)
    expect(opened.button("Start")).to_be_enabled(timeout=LONG)
    assert opened.outputs.get_by_text("The kernel was restarted").is_hidden()


def test_a_kernel_that_dies_in_the_race_is_noticed(open_in: Callable[..., Any], jupyter: Jupyter):
    opened = open_race(open_in, jupyter, "killed.ipynb")
    said = opened.outputs.get_by_text("kernel ").last.inner_text()

    os.kill(int(said.split()[-1]), signal.SIGKILL)

    assert_nothing_is_dead(opened, "No news from the kernel")


def test_the_stop_button_ends_the_race(open_in: Callable[..., Any], jupyter: Jupyter):
    opened = open_race(open_in, jupyter, "stopped.ipynb")

    opened.page.evaluate(
        "() => { window.jupyterapp.commands.execute('notebook:interrupt-kernel') }"
    )

    expect(opened.outputs.get_by_text("Cancelled.")).to_be_visible(timeout=10_000)
    race = RaceOnPage(opened)
    race.wait_for_end()
    assert max(race.answered()) < 20
    race.start()
    race.cancel()

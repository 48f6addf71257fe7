"""The replay of a `LoopView` in every front end: no kernel, no request, keyboard only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from ..kernels.environments import HERE
from .jupyter import Jupyter
from .pages import LONG

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

BOIL = """\
import asyncio
from aiml_nb.widgets import LoopView

async def boil(what, seconds):
    await asyncio.sleep(seconds)
    return f"{what} is ready"

LoopView(boil("tea", 0.03), boil("eggs", 0.05))"""
FIRST = "tea and eggs stand in READY, in the order in which they were started."
LAST = "eggs is done and returned 'eggs is ready'. Nobody is left."


def frame_of(page: Page) -> Frame:
    """Return the frame of the replay, once it is there."""
    element = page.locator(".aiml-nb-replay iframe").element_handle(timeout=LONG)
    frame = element.content_frame() if element else None
    assert frame is not None
    expect(frame.locator("#sentence")).to_contain_text(FIRST, timeout=LONG)
    return frame


def play_by_keys(frame: Frame) -> None:
    """Go through all of it with the keyboard only."""
    frame.locator("#lines").focus()
    for _ in range(3):
        frame.locator("body").press("ArrowRight")
    expect(frame.locator("#running .name")).to_have_text("eggs")
    frame.locator("body").press("End")
    expect(frame.locator("#sentence")).to_contain_text(LAST)
    frame.locator("body").press("Home")
    expect(frame.locator("#sentence")).to_contain_text(FIRST)


@pytest.mark.parametrize("front_end", ["lab", "notebook", "voila"])
def test_a_replay_is_played_in_every_front_end(
    open_in: Callable[..., Any], jupyter: Jupyter, front_end: str
):
    name = jupyter.write(f"replay-{front_end}.ipynb", BOIL, kernel=HERE)
    notebook = open_in(front_end, name)
    if front_end != "voila":
        notebook.run_all()
        notebook.wait_for_answers()
    frame = frame_of(notebook.page)
    play_by_keys(frame)

    assert notebook.axe_violations(".aiml-nb-replay") == []
    wide, high = frame.evaluate("[innerWidth, innerHeight]")
    assert wide >= 700
    assert high >= 640
    assert frame.evaluate("document.documentElement.scrollHeight") == high
    notebook.assert_clean()


def test_a_replay_follows_jupyters_theme_and_outlives_its_kernel(
    open_in: Callable[..., Any], jupyter: Jupyter
):
    notebook = open_in("lab", jupyter.write("replay.ipynb", BOIL, kernel=HERE))
    notebook.run_all()
    notebook.wait_for_answers()
    page = notebook.page
    frame_of(page)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=LONG
    )
    page.evaluate(
        "() => window.jupyterapp.serviceManager.sessions.shutdownAll()",
    )
    page.reload()
    frame = frame_of(page)
    play_by_keys(frame)

    assert frame.locator("html").get_attribute("data-theme") == "light"
    page.evaluate(
        "() => window.jupyterapp.commands.execute("
        "'apputils:change-theme', { theme: 'JupyterLab Dark' })"
    )
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark", timeout=LONG)
    assert not notebook.watch.outside

"""What a teacher does with a race, in a real browser: menus, refusals, pause, steps, replay."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from ..kernels.environments import HERE
from ..waiting import wait_until
from .jupyter import Jupyter
from .pages import LONG, Open
from .races import RaceOnPage

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

CELLS = (
    "from aiml_nb.widgets import Race\nrace = Race(speed=2)\nrace",
    "import time; time.sleep(0.8)  # what a busy computer does to the loop",
)


@pytest.fixture
def opened(open_in: Callable[..., Any], jupyter: Jupyter) -> Open:
    notebook: Open = open_in("lab", jupyter.write("controls.ipynb", *CELLS, kernel=HERE))
    notebook.run_cell(0)
    RaceOnPage(notebook)
    return notebook


def said(opened: Open, text: str) -> Locator:
    """Return the status line, once it says this."""
    line = opened.outputs.locator(".aiml-nb-status-line")
    expect(line).to_contain_text(re.compile(text), timeout=LONG)
    return line


def press(opened: Open, name: str) -> None:
    opened.outputs.get_by_role("button", name=name, exact=True).click()


def scores(opened: Open) -> list[int]:
    return RaceOnPage(opened).answered()


def test_menus_say_what_they_mean_and_numbers_are_refused_where_they_stand(opened: Open):
    outputs = opened.outputs
    for server, sentence in (("chaos", "scenario 'chaos'"), ("slow start", "'slow-start'")):
        outputs.get_by_label("Server").select_option(label=server)
        said(opened, sentence)
    clock = outputs.get_by_label("Simulator's clock").locator("option").all_inner_texts()
    assert all(each.split()[-2:] == ["real", "time"] for each in clock)

    for name, typed in (("Limit", "2.5"), ("Limit", "0"), ("Seed", "-1")):
        field = outputs.get_by_label(name, exact=True)
        field.fill(typed)
        field.press("Enter")
        refused = said(opened, f"{name} must be a whole number from .* not '{re.escape(typed)}'")
        assert refused.get_by_role("alert").count() == 1
        assert field.input_value() == typed
        field.fill("3")
        field.press("Enter")
        expect(refused.get_by_role("alert")).to_have_count(0)

    outputs.get_by_label("Prompts").select_option(label="your own …")
    said(opened, "one a line")
    outputs.get_by_label("Your questions").fill("Who?\nWhy?\nWhen?")
    outputs.get_by_label("Server").click()
    expect(outputs.locator(".aiml-nb-race img")).to_have_attribute(
        "alt", re.compile("Two timelines of 3 prompts"), timeout=LONG
    )
    press(opened, "Start")
    said(opened, "3 prompts, all at once")
    assert scores(opened) == [3, 3]
    opened.assert_clean()


def test_a_race_stands_still_goes_on_in_steps_and_is_shown_again(opened: Open):
    press(opened, "Start")
    said(opened, r"B is done after .* s\. A has \d+ left\.")
    press(opened, "Pause")
    paused = said(opened, r"Paused at [\d.]+ s\. B is done").inner_text()
    before = scores(opened)
    press(opened, "Step")
    said(opened, f"^(?!{re.escape(paused)})Paused at")
    assert scores(opened)[1] == 20
    assert scores(opened)[0] <= before[0] + 1
    press(opened, "Play")
    finding = said(opened, r"× faster\)\.").inner_text()
    assert scores(opened) == [20, 20]

    for number in range(1, 4):
        press(opened, "Step")
        said(opened, "Paused at ")
        assert max(scores(opened)) <= number
    opened.outputs.get_by_label("Replay speed").fill("20")
    opened.outputs.get_by_label("Replay speed").press("Enter")
    press(opened, "Replay")
    said(opened, re.escape(finding))
    assert scores(opened) == [20, 20]
    opened.assert_clean()


def test_a_computer_that_is_late_is_said_in_the_race(opened: Open):
    race = RaceOnPage(opened)
    press(opened, "Start")
    wait_until(lambda: sum(race.answered()) > 0, every=0.1)  # what is late before is not the race's
    opened.run_cell(1)

    expect(opened.outputs.get_by_text("This computer was late by ")).to_be_visible(timeout=LONG)
    press(opened, "Cancel")
    said(opened, r"Cancelled\. A: \d+ of 20 answered")
    opened.assert_clean()

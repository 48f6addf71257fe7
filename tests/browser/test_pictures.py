"""Pictures of runs in a real browser: as wide as there is room, large enough, dark where it is."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from matplotlib.text import Text
from PIL import Image
from playwright.sync_api import Locator, expect

from aiml_nb.plot import plot_timeline
from aiml_nb.plot.style import WIDTH

from ..kernels.environments import HERE
from ..plot.gallery import PROMPTS, alone
from .jupyter import Jupyter
from .pages import LONG, Open

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

SMALL, LARGE = (1280, 800), (1920, 1080)
CELLS = (
    "import aiml_nb as nb\nendpoint = nb.connect(speed=50, verbose=False)",
    "run = nb.run(nb.prompts.TWENTY, endpoint, max_concurrency=5, progress=False)\nrun",
    "nb.compare(nb.prompts.FAQ, endpoint)",
    "nb.plot_timeline(run, width='full')",
    "nb.plot_timeline(run, width=600, theme='light')",
    "nb.plot_timeline(run, theme='dark', detail='simple')",
)
GROWS, PAIR, FULL, FIXED, DARK = range(5)
# How dark a page or a picture may be to be called dark, and how light to be called light.
NIGHT, DAY = 60, 220


def open_pictures(
    open_in: Callable[..., Any], jupyter: Jupyter, front_end: str, size: tuple[int, int]
) -> Open:
    name = f"pictures-{front_end}-{size[0]}.ipynb"
    opened: Open = open_in(front_end, jupyter.write(name, *CELLS, kernel=HERE), size=size)
    if front_end != "voila":
        opened.run_all()
        opened.wait_for_answers()
    expect(opened.outputs.locator("img.aiml-nb-picture")).to_have_count(5, timeout=LONG)
    return opened


def pictures(opened: Open) -> list[Locator]:
    found: list[Locator] = opened.outputs.locator("img.aiml-nb-picture").all()
    return found


def widths(picture: Locator) -> tuple[float, float]:
    """Return how wide a picture is, and how much room there is for it."""
    shown: list[float] = picture.evaluate(
        "image => [image.getBoundingClientRect().width, image.parentElement.clientWidth"
        " - parseFloat(getComputedStyle(image.parentElement).paddingLeft)"
        " - parseFloat(getComputedStyle(image.parentElement).paddingRight)]"
    )
    return shown[0], shown[1]


def ground(picture: Locator) -> int:
    """Return how light the corner of a picture is on the page, from 0 to 255."""
    picture.scroll_into_view_if_needed()
    shot = Image.open(BytesIO(picture.screenshot())).convert("L")
    level = shot.getpixel((3, 3))
    assert isinstance(level, int)
    return level


def smallest_type() -> float:
    """Return the size of the smallest letters of a picture that was asked for without a width."""
    figure = plot_timeline(alone(24, PROMPTS["long"]))
    return min(text.get_fontsize() for text in figure.findobj(Text)) * figure.dpi / 72


@pytest.mark.parametrize("front_end", ["lab", "notebook", "voila"])
def test_on_a_wide_screen_pictures_fill_the_output_and_their_type_is_large(
    open_in: Callable[..., Any], jupyter: Jupyter, front_end: str
) -> None:
    opened = open_pictures(open_in, jupyter, front_end, LARGE)
    shown = pictures(opened)

    for number in (GROWS, PAIR, FULL):
        width, room = widths(shown[number])
        print(front_end, number, width, room, smallest_type() * width / WIDTH)
        assert width == pytest.approx(room, abs=2)
        assert smallest_type() * width / WIDTH >= 16
    assert widths(shown[FIXED])[0] == 600
    assert all(picture.get_attribute("alt") for picture in shown)
    assert opened.axe_violations(".jp-OutputArea-output:has(img.aiml-nb-picture)") == []
    opened.assert_clean()


def test_on_a_small_screen_only_what_asks_for_it_fills_the_output(
    open_in: Callable[..., Any], jupyter: Jupyter
) -> None:
    opened = open_pictures(open_in, jupyter, "lab", SMALL)
    opened.page.evaluate("() => window.jupyterapp.commands.execute('filebrowser:hide-main')")
    shown = pictures(opened)

    width, room = widths(shown[FULL])
    assert width == pytest.approx(room, abs=2)
    assert widths(shown[GROWS])[0] == min(WIDTH, room)
    assert widths(shown[FIXED])[0] == 600


def test_pictures_are_as_dark_as_the_notebook_unless_asked_otherwise(
    open_in: Callable[..., Any], jupyter: Jupyter
) -> None:
    opened = open_pictures(open_in, jupyter, "lab", SMALL)
    assert [ground(each) > DAY for each in pictures(opened)] == [True, True, True, True, False]

    opened.page.evaluate(
        "() => window.jupyterapp.commands.execute("
        "'apputils:change-theme', { theme: 'JupyterLab Dark' })"
    )
    expect(opened.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")

    assert [ground(each) < NIGHT for each in pictures(opened)] == [True, True, True, False, True]
    assert opened.axe_violations(".jp-OutputArea-output:has(img.aiml-nb-picture)") == []

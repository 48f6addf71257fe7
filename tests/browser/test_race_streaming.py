"""The race in a real browser: a token that has arrived is soon to be seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from aiml_nb.widgets.layout import place_panels
from aiml_nb.widgets.side import Side

from ..analysis.builders import make_run
from ..kernels.environments import HERE
from .jupyter import Jupyter
from .races import RaceOnPage

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow, pytest.mark.alone]

PROMPTS = 3
CELLS = (
    "import json\nfrom aiml_nb.widgets import Race\n"
    f"race = Race(['Why is the sky blue?'] * {PROMPTS}, speed=4)\nrace",
    "print('arrived', json.dumps([run.started_at + call.first_token"
    " for run in race._contest.runs for call in run.calls]))",
)
# Notes when the middle of a row is first dark, as wide and as high as no outline is. Each picture
# is looked at once it has been painted, at twice its size.
_WATCH = """
rows => {
    const seen = window.seen = rows.map(() => null);
    const isDark = ([red, green, blue]) => red < 60 && green > 80 && green < 150 && blue > 140;
    const hasBar = (context, width, y) => {
        const pixels = context.getImageData(0, y - 4, width, 9).data;
        let wide = 0;
        for (let x = 0; x < width && wide < 6; x++) {
            const column = [0, 4, 8].map(line => 4 * (line * width + x))
                .map(place => pixels.subarray(place, place + 3));
            wide = column.every(isDark) ? wide + 1 : 0;
        }
        return wide >= 6;
    };
    const look = async () => {
        const shown = document.querySelector('.aiml-nb-race img');
        await shown.decode();
        await new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)));
        const now = Date.now() / 1000;
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [2, 2].map(
            (scale, side) => scale * shown.getAttribute(['width', 'height'][side]));
        const context = canvas.getContext('2d');
        context.drawImage(shown, 0, 0, canvas.width, canvas.height);
        rows.forEach((y, row) => {
            if (!seen[row] && hasBar(context, canvas.width, Math.round(2 * y))) seen[row] = now;
        });
    };
    const page = document.querySelector('.aiml-nb-race');
    new MutationObserver(() => look().catch(() => {})).observe(
        page, { subtree: true, childList: true, attributes: true, attributeFilter: ['src'] });
}
"""


def middles_of_rows() -> list[float]:
    """Return where the rows of both sides are in the picture."""
    sides = [Side(letter, make_run()) for letter in "AB"]
    panels = place_panels(sides, [PROMPTS, PROMPTS], end=1.0, large=False)
    return [panel.top + (row + 0.5) * panel.row for panel in panels for row in range(PROMPTS)]


def test_an_answer_is_dark_soon_after_its_first_token(
    open_in: Callable[..., Any], jupyter: Jupyter
):
    opened = open_in("lab", jupyter.write("streaming.ipynb", *CELLS, kernel=HERE))
    opened.run_cell(0)
    race = RaceOnPage(opened)
    opened.page.evaluate(_WATCH, middles_of_rows())

    race.start()
    race.wait_for_end()
    opened.run_cell(1)
    said = opened.outputs.get_by_text("arrived [").last.inner_text()
    arrived = json.loads(said.removeprefix("arrived "))
    seen = opened.page.evaluate("() => window.seen")

    assert all(seen)
    took = [dark - came for dark, came in zip(seen, arrived, strict=True)]
    print("seconds from a first token to its dark pixels:", [round(each, 2) for each in took])
    assert min(took) > 0
    assert median(took) <= 0.3
    opened.assert_clean()

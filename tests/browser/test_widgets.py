"""The small widgets in a real browser: what is chosen there is known here, and stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from ..kernels.environments import HERE
from .jupyter import Jupyter

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

CELLS = (
    "import aiml_nb as nb\nfrom aiml_nb.widgets import Predict, WhatIf",
    'which = Predict("Which <i>first</i>?", choices=["<b>long</b>", "short"], key="1.1")\nwhich',
    'howlong = Predict("How long?", unit="s", key="1.2")\nhowlong',
    "endpoint = nb.connect(speed=50, verbose=False)\n"
    "run = await nb.run_async(nb.prompts.TWENTY, endpoint, max_concurrency=5, progress=False)\n"
    "WhatIf(run)",
    "print('guessed', which.guess, howlong.guess)",
)


def test_guesses_and_limits_are_taken_and_kept(open_in: Callable[..., Any], jupyter: Jupyter):
    notebook = open_in("lab", jupyter.write("widgets.ipynb", *CELLS, kernel=HERE))
    notebook.run_all()
    notebook.wait_for_answers()
    outputs = notebook.outputs

    expect(outputs.get_by_text("guessed None None")).to_be_visible()
    outputs.get_by_label("short").check()
    number = outputs.get_by_label("Your guess (s)")
    number.fill("soon")
    number.press("Enter")
    expect(outputs.get_by_text("Type a number, such as 2.5; not 'soon'.")).to_be_visible()
    number.fill("2,5 s")
    number.press("Enter")
    expect(outputs.get_by_text("Your guess: 2.5 s.")).to_be_visible()
    expect(outputs.get_by_text("Your guess: short.")).to_be_visible()
    expect(outputs.get_by_text("<b>long</b>")).to_be_visible()

    limit = outputs.get_by_label("Limit")
    limit.fill("8")
    limit.press("Enter")
    expect(outputs.get_by_text("With at most 8 in flight")).to_be_visible()
    notebook.run_cell(4)
    expect(outputs.get_by_text("guessed short 2.5")).to_be_visible()

    # The cell is run again, and the guess stays.
    notebook.run_cell(1)
    expect(outputs.get_by_label("short")).to_be_checked()
    assert notebook.axe_violations(".jupyter-widgets") == []
    notebook.assert_clean()


def test_what_stays_in_the_saved_notebook_needs_no_widgets(
    open_in: Callable[..., Any], jupyter: Jupyter
):
    cells = (
        "from aiml_nb.widgets import Race\nrace = Race(speed=20)\nrace.start()\nrace",
        "import asyncio\nwhile race.running: await asyncio.sleep(0.1)",
    )
    name = jupyter.write("saved.ipynb", *cells, kernel=HERE)
    notebook = open_in("lab", name)
    notebook.run_all()
    notebook.wait_for_answers()
    summary = notebook.outputs.locator("summary", has_text="The race as a picture")
    expect(summary).to_be_visible(timeout=20_000)
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    notebook.page.wait_for_timeout(1000)

    saved = jupyter.read(name)
    kept = [output.data for output in saved.cells[0].outputs if "image/png" in output.data]
    assert len(kept) == 1
    assert "The calls in words" in kept[0]["text/html"]
    assert "faster" in kept[0]["text/plain"]

"""Questions and predictions in a real browser: by keyboard, and with a verdict that is read out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from ..kernels.environments import HERE
from .jupyter import Jupyter

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

CELLS = (
    "from aiml_nb.course import quiz\nfrom aiml_nb.widgets import Predict",
    'asked = quiz("0.1")\nasked',
    'guess = Predict("Which <i>first</i>?", choices=["long", "short", "both"], key="1")\nguess',
    "print('chosen', asked._buttons.value, '/', guess.guess)",
)
QUESTION = "The line about the key begins with 'note'. What do you have to do?"


def chosen(group: Locator) -> str:
    return group.locator("label:has(input:checked)").inner_text().strip()


def test_questions_are_native_groups_and_verdicts_are_read_out(
    open_in: Callable[..., Any], jupyter: Jupyter
):
    notebook = open_in("lab", jupyter.write("questions.ipynb", *CELLS, kernel=HERE))
    notebook.run_all()
    notebook.wait_for_answers()
    outputs, keys = notebook.outputs, notebook.page.keyboard

    group = outputs.get_by_role("group", name=QUESTION)
    expect(group).to_be_visible()
    radios = group.get_by_role("radio")
    assert radios.count() == 3
    for radio in radios.all():
        box = radio.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24

    radios.first.focus()
    keys.press("Space")
    verdict = outputs.get_by_role("status").filter(has_text="✓ Yes.")
    expect(verdict).to_be_visible()
    assert verdict.locator(".aiml-nb-right").count() == 1
    keys.press("ArrowDown")
    wrong = outputs.get_by_role("status").filter(has_text="✗ No.")
    expect(wrong).to_be_visible()
    assert wrong.locator(".aiml-nb-wrong").count() == 1
    assert chosen(group) == "Get a key before the next lesson"
    assert outputs.get_by_text("✗ No.").locator("visible=true").count() == 1  # not said twice

    prediction = outputs.get_by_role("group", name="Which <i>first</i>?")
    prediction.get_by_role("radio").first.focus()
    keys.press("ArrowDown")
    expect(outputs.get_by_text("Your guess: short.")).to_be_visible()
    expect(outputs.get_by_role("status").filter(has_text="Noted.")).to_be_visible()
    keys.press("ArrowDown")
    expect(outputs.get_by_text("Your guess: both.")).to_be_visible()

    notebook.run_cell(3)
    expect(outputs.get_by_text("chosen Get a key before the next lesson / both")).to_be_visible()
    assert notebook.axe_violations(".aiml-nb-widget") == []
    notebook.assert_clean()

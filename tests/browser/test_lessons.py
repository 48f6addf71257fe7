"""The lessons in a real browser: all cells queued in JupyterLab, as a learner does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from tests.notebooks.lessons import LESSONS, Lesson, read

from .jupyter import Jupyter

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
def test_run_all_stops_nowhere_and_fails_at_the_exercises_only(
    lesson: Lesson,
    open_in: Callable[..., Any],
    jupyter: Jupyter,
    capsys: pytest.CaptureFixture[str],
) -> None:
    notebook = read(lesson.student)
    notebook.metadata.kernelspec = {"name": "here", "display_name": "here", "language": "python"}
    path = jupyter.notebooks / lesson.student.name
    nbformat.write(notebook, path)
    opened = open_in("lab", path)
    page = opened.page

    began = time.perf_counter()
    opened.run_all()
    opened.wait_for_answers(timeout=120)
    seconds = time.perf_counter() - began

    # JupyterLab shows an error, and what is written to stderr, as this type.
    told = page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts()
    assert len(told) == len(lesson.exercises), told
    for key, text in zip(lesson.exercises, told, strict=True):
        assert f"NotImplementedError: exercise {key}" in text
    for picture in page.locator(".jp-Cell-outputWrapper img").all():
        assert picture.get_attribute("alt")
    assert opened.axe_violations(".jupyter-widgets") == []
    opened.assert_clean()
    with capsys.disabled():
        print(f"\n{lesson.name}: Run All in JupyterLab {seconds:.1f} s")

"""Every notebook in a real browser, with all of its cells queued at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from ..kernels.environments import HERE, REPOSITORY
from ..rows import exhaustive, slow
from .jupyter import Jupyter

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
# Of each kind one: the first, with failures, with widgets. The others run in a kernel alone.
IN_A_BROWSER = {"00-start", "05-when-it-fails", "08-your-own-prompts", "demo"}


@pytest.mark.parametrize(
    "path",
    [(slow if path.stem in IN_A_BROWSER else exhaustive)(path) for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_all_cells_answer_when_all_are_queued(
    open_in: Callable[..., Any], jupyter: Jupyter, path: Any
):
    notebook = nbformat.read(path, as_version=4)
    opened = open_in("lab", jupyter.add(path.name, notebook, kernel=HERE))

    opened.run_all()
    took = opened.wait_for_answers(timeout=120)
    print(f"{path.stem}: {len(opened.prompts())} cells in {took:.1f} s")

    exercises = [n for n, cell in enumerate(notebook.cells) if "raises-exception" in _tags(cell)]
    assert opened.failed_cells() == exercises
    for picture in opened.page.locator(".jp-Cell-outputWrapper img").all():
        assert picture.get_attribute("alt")
    assert opened.axe_violations(".jupyter-widgets") == []
    opened.assert_clean()


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))

"""Every notebook in a real browser, with all of its cells queued at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from ..kernels.environments import HERE, REPOSITORY
from .jupyter import Jupyter

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_all_cells_answer_when_all_are_queued(
    open_in: Callable[..., Any], jupyter: Jupyter, path: Any
):
    notebook = nbformat.read(path, as_version=4)
    opened = open_in("lab", jupyter.add(path.name, notebook, kernel=HERE))

    opened.run_all()
    took = opened.wait_for_answers(timeout=120)
    print(f"{path.stem}: {len(opened.prompts())} cells in {took:.1f} s")

    exercises = [n for n, cell in enumerate(notebook.cells) if "raises-exception" in _tags(cell)]
    assert set(opened.failed_cells()) <= set(exercises)
    opened.assert_clean()


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))

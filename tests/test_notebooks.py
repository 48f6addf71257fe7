"""The notebooks run from top to bottom in a real kernel, without a key, and leave no trace."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted(Path(__file__).parent.parent.glob("notebooks/*.ipynb"))
KEY = re.compile(r"sk-[A-Za-z0-9]{16,}|\b[0-9a-f]{32}\b")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


@pytest.mark.kernel
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_without_an_error(path: Path, tmp_path: Path) -> None:
    notebook = read(path)

    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    for picture in pictures:
        assert "alt=" in picture.data["text/html"]
        assert picture.data["text/plain"]


@pytest.mark.kernel
def test_the_faqs_two_orders_are_seen_in_the_lesson(tmp_path: Path) -> None:
    notebook = read(NOTEBOOKS[0])

    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()

    printed = [
        "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    orders = [re.findall(r"^(List|What)", text, re.M) for text in printed if "->" in text]
    assert orders == [["List", "What"], ["What", "List"]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestCommitted:
    def test_outputs_are_stripped_and_ids_are_fixed(self, path: Path) -> None:
        notebook = read(path)

        nbformat.validate(notebook)
        for cell in notebook.cells:
            assert not cell.get("outputs")
            assert not cell.get("execution_count")
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(ids)

    def test_one_title_and_no_heading_level_is_skipped(self, path: Path) -> None:
        text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
        levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]

        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels))

    def test_no_key_stands_in_a_cell(self, path: Path) -> None:
        for cell in read(path).cells:
            assert not KEY.search(cell.source)
            if cell.cell_type == "code":
                tree = compile(
                    cell.source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
                )
                named = {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword)}
                assert "api_key" not in named

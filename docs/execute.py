"""Run notebooks as a learner does who solves no exercise, and keep what they show."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

# Lessons mostly wait, and so do the calls of the simulator.
AT_ONCE = 2
PATIENCE = 180
# What a cell has asked is in `Out`: more than its saved output tells.
TELL_QUESTIONS = """
import json as _json
from aiml_nb.course.engine.quiz_widget import Quiz as _Quiz
from aiml_nb.widgets import Predict as _Predict

def _tell(shown):
    if isinstance(shown, _Predict):
        return {"text": shown.question, "choices": shown.choices, "unit": shown.unit}
    if isinstance(shown, _Quiz):
        asked = shown.question
        return {"text": asked.text, "answers": asked.answers, "right": asked.right}
    return None

print(_json.dumps({number: _tell(shown) for number, shown in Out.items() if _tell(shown)}))
"""


class BookError(Exception):
    """The book cannot be built from what is there."""


def run_notebooks(paths: Sequence[Path]) -> list[NotebookNode]:
    """Run each notebook in a kernel and an empty folder of its own, with no key; return them.

    What a cell asked (`predict`, `quiz`) is in its metadata, as ``asked``.

    Raises
    ------
    BookError
        If a cell fails that is no exercise.
    """
    return asyncio.run(_run_all(paths))


async def _run_all(paths: Sequence[Path]) -> list[NotebookNode]:
    free = asyncio.Semaphore(AT_ONCE)

    async def run_in_turn(path: Path) -> NotebookNode:
        async with free:
            return await _run(path)

    return await asyncio.gather(*map(run_in_turn, paths))


async def _run(path: Path) -> NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(TELL_QUESTIONS, id="tell-questions"))
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=PATIENCE,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],  # it warns of a wire that is this machine's own
            store_widget_state=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        try:
            await client.async_execute(env=_variables())
        except CellExecutionError as error:
            raise BookError(f"{path.name}: a cell that is no exercise fails.\n{error}") from error
        _keep_questions(notebook)
        return _without(folder, notebook)


def _variables() -> dict[str, str]:
    """Return the environment without keys: no call may reach a provider."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


def _without(folder: str, notebook: NotebookNode) -> NotebookNode:
    """Leave out where a notebook was run: the folder's name is another one each time."""
    told = json.dumps(notebook).replace(json.dumps(folder)[1:-1] + "/", "")
    return nbformat.from_dict(json.loads(told))


def _keep_questions(notebook: NotebookNode) -> None:
    told = "".join(output.get("text", "") for output in notebook.cells.pop().outputs)
    asked = json.loads(told)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (found := asked.get(str(cell.execution_count))):
            cell.metadata["asked"] = found

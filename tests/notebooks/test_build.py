"""What is committed is what the sources make, cell by cell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from .lessons import EVERY_NOTEBOOK, LESSONS, NOTEBOOKS, Lesson, load_build, read

build = load_build()

SOURCE = '''\
# %% [markdown]
# # 9. Why?
# See [the picture](images/a.png), [a lesson](01-b.ipynb) and [README](../README.md).

# %% tags=["exercise"]
# Exercise 9.1: add
def add(a, b):
    """Add."""
    # solution begins
    total = a + b
    return total
    # solution ends

check("9.1", add)
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "09-why.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
@pytest.mark.parametrize("solved", [False, True], ids=["student", "solution"])
def test_every_cell_is_what_the_source_makes(lesson: Lesson, solved: bool) -> None:
    committed = read(lesson.solution if solved else lesson.student)

    made = build.build(lesson.source, solved=solved)

    assert len(committed.cells) == len(made.cells)
    for there, here in zip(committed.cells, made.cells, strict=True):
        assert there == here
    assert committed == made


def test_no_notebook_is_there_without_a_source() -> None:
    there = {*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")}

    assert there == set(EVERY_NOTEBOOK)
    assert build.main(["--check"]) == 0


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
def test_every_name_that_a_cell_uses_is_one_that_some_cell_makes(lesson: Lesson) -> None:
    kept = re.findall(r"^# %%timeline (\w+)", lesson.source.read_text(), re.M)
    program = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821"]

    found = subprocess.run(
        [*program, "--config", f"builtins = {kept}", lesson.source],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("path", EVERY_NOTEBOOK, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_outputs_are_stripped_and_ids_are_numbers(path: Path) -> None:
    notebook = read(path)

    nbformat.validate(notebook)
    number = path.stem.partition("-")[0]
    assert [c.id for c in notebook.cells] == [
        f"{number}-{place:03}" for place in range(1, len(notebook.cells) + 1)
    ]
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")


def test_the_learner_gets_the_given_lines_and_an_error_in_place_of_the_solution(
    source: Path,
) -> None:
    cell = build.build(source, solved=False).cells[1]

    assert cell.source == (
        '# Exercise 9.1: add\ndef add(a, b):\n    """Add."""\n'
        '    raise nb.course.NotBegun("exercise 9.1")\n\ncheck("9.1", add)'
    )
    assert cell.metadata.tags == ["exercise", "raises-exception"]


def test_the_solution_stands_without_its_two_comments(source: Path) -> None:
    cell = build.build(source, solved=True).cells[1]

    assert "solution" not in cell.source
    assert "    return total\n\ncheck(" in cell.source
    assert cell.metadata.tags == ["exercise"]


def test_a_notebook_one_folder_down_finds_the_same_neighbours(source: Path) -> None:
    text = build.build(source, solved=True).cells[0].source

    assert "(../images/a.png)" in text
    assert "(01-b.ipynb)" in text
    assert "(../../README.md)" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (' tags=["exercise"]', "", "go together"),
        ("# solution ends", "", "go together"),
        ("# Exercise 9.1: add", "# Add", "an exercise begins with"),
    ],
)
def test_a_cell_that_is_no_exercise_is_refused(
    source: Path, old: str, new: str, message: str
) -> None:
    source.write_text(SOURCE.replace(old, new))

    with pytest.raises(build.SourceError, match=message):
        build.build(source, solved=False)

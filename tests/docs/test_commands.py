"""What the book's pages tell people to type works as it stands there."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.cli import main
from aiml_nb.cli.command_line import _read_options

from ..kernels.environments import REPOSITORY

PAGES = REPOSITORY / "docs" / "pages"
README = (REPOSITORY / "README.md").read_text()
EVERY = sorted(PAGES.rglob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.S)


def test_the_python_session_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (session,) = blocks(PAGES / "begin.md", "python")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}

    fast = session.replace("simulate=True", "simulate=True, speed=20")
    exec(fast, names)  # noqa: S102  our own text

    assert isinstance(names["run"], nb.Run)
    assert len(names["run"].calls) == 20
    assert (tmp_path / "timeline.png").stat().st_size > 10_000


def test_the_commands_for_many_prompts_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = blocks(PAGES / "many-prompts.md", "bash")
    commands = re.findall(r"^aiml-nb (.*?)(?:  +#.*)?$", block, re.M)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.jsonl").write_text('{"prompt": "Who?", "id": "a"}\n{"prompt": "Why?"}\n')

    capped = "--scenario instant --max-concurrency 1 --max-calls 1"
    codes = [main(shlex.split(f"{commands[0]} {capped}"))]
    # Then the first one again, and the others.
    codes += [main(shlex.split(f"{command} --max-calls 9")) for command in commands]

    assert codes == [3, 0, 0]
    rows = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    assert [(row["custom_id"], row["outcome"]) for row in rows] == [
        ("a", "ok"),
        ("call-000002", "ok"),
    ]
    assert "2 of 2 calls are answered" in capsys.readouterr().out
    assert f"aiml-nb {commands[0]}" in README


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.stem)
def test_every_python_block_is_python_and_every_command_is_known(page: Path) -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    for block in blocks(page, "python"):
        compile(re.sub(r"^%.*$", "", block, flags=re.M), str(page), "exec", flags)
    for block in blocks(page, "bash"):
        for command in re.findall(r"^aiml-nb (.*?)(?:  +#.*)?$", block, re.M):
            _read_options(shlex.split(command))  # ends the program at one it does not know


def test_the_commands_to_begin_with_are_those_of_the_readme_and_the_teachers() -> None:
    teachers = (REPOSITORY / "notebooks" / "instructor" / "README.md").read_text()
    first, lab = blocks(PAGES / "begin.md", "bash")

    assert first in README
    assert lab.splitlines()[0].removeprefix(".venv/bin/") in teachers.replace(".venv/bin/", "")


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.stem)
def test_every_name_that_a_page_uses_is_public(page: Path) -> None:
    for name in re.findall(r"\bnb\.(\w+)\(", page.read_text()):
        assert name in nb.__all__, name

"""Every lesson has the same frame, can be read by everybody, and holds no key."""

from __future__ import annotations

import ast
import itertools
import re

import pytest

from aiml_nb.course.engine.registry import look_up

from .lessons import LESSONS, NOTEBOOKS, NUMBERED, ROOT, Lesson, read

KEY = re.compile(r"sk-[A-Za-z0-9]{16,}|\b[0-9a-f]{32}\b")
COLOUR = re.compile(r"\b(red|green|blue|orange|yellow|purple|brown|pink|gr[ea]y)\b", re.I)
# What tells a mark apart for those who do not see its colour.
SEEN_OTHERWISE = re.compile(
    r"\b(thin|thick|dashed|dotted|hatched|pale|dark|left|right|upper|lower|top|bottom|labelled|"
    r"marked|triangle|cross|circle|first|last)\b|[▲×●]",
    re.I,
)
ON_LESSONS = pytest.mark.parametrize("lesson", LESSONS, ids=str)
ON_NUMBERED = pytest.mark.parametrize("lesson", NUMBERED, ids=str)


def sentences(markdown: str) -> list[str]:
    """Split the prose into sentences, without code, quotations and link targets."""
    prose = re.sub(r"```.*?```|`[^`]*`|\"[^\"]*\"|\]\([^)]*\)", " ", markdown, flags=re.S)
    return re.split(r"(?<=[.:?!])\s+|\n\n|\n- ", prose)


def parse(code: str) -> ast.AST:
    plain = re.sub(r"^%.*$", "", code, flags=re.M)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    tree = compile(plain, "cell", "exec", flags)
    assert isinstance(tree, ast.AST)
    return tree


def keys_given_to(function: str, lesson: Lesson) -> list[str]:
    return re.findall(rf'\b{function}\(\s*"([\d.]+)"', "\n".join(lesson.code))


class TestForEverybody:
    @ON_LESSONS
    def test_one_title_and_no_heading_level_is_skipped(self, lesson: Lesson) -> None:
        levels = [len(marks) for marks in re.findall(r"^(#+) ", lesson.markdown, re.M)]

        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels))

    @ON_LESSONS
    def test_every_picture_is_described(self, lesson: Lesson) -> None:
        assert "<img" not in lesson.markdown
        for description in re.findall(r"!\[(.*?)\]\(", lesson.markdown, re.S):
            assert len(description.split()) >= 5

    @ON_LESSONS
    def test_nothing_is_told_by_colour_alone(self, lesson: Lesson) -> None:
        for sentence in sentences(lesson.markdown):
            assert not COLOUR.search(sentence) or SEEN_OTHERWISE.search(sentence), sentence

    @ON_LESSONS
    def test_every_link_to_a_file_leads_to_one(self, lesson: Lesson) -> None:
        for path in (lesson.student, lesson.solution):
            text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
            for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_a_sentence_that_names_a_colour_alone_is_found() -> None:
    told = sentences("The red bar is waiting. The thin grey line is `blue` too.")

    assert [bool(COLOUR.search(s) and not SEEN_OTHERWISE.search(s)) for s in told] == [True, False]


class TestKeys:
    @ON_LESSONS
    def test_no_key_stands_in_a_cell(self, lesson: Lesson) -> None:
        for cell in lesson.cells:
            assert not KEY.search(cell.source)

    @ON_LESSONS
    def test_no_cell_asks_for_a_key_or_writes_one_down(self, lesson: Lesson) -> None:
        for code in lesson.code:
            assert "getpass" not in code
            assert "%store" not in code
            for node in ast.walk(parse(code)):
                if isinstance(node, ast.keyword) and node.arg == "api_key":
                    assert not isinstance(node.value, ast.Constant)


class TestFrame:
    @ON_NUMBERED
    def test_it_opens_with_a_question_three_objectives_and_minutes(self, lesson: Lesson) -> None:
        opening = lesson.cells[0].source + "\n" + lesson.cells[1].source

        title = opening.splitlines()[0]
        assert title.startswith(f"# {int(lesson.number)}. ")
        assert title.endswith("?")
        assert len(re.findall(r"^- ", opening, re.M)) == 3
        assert lesson.minutes

    @ON_NUMBERED
    def test_it_closes_with_key_points_a_script_and_the_way_on(self, lesson: Lesson) -> None:
        headings = re.findall(r"^## (.+)$", lesson.markdown, re.M)

        assert headings[-3:] == ["Key points", "The same as a script", "Where to go next"]
        assert f"(../scripts/{lesson.name}.py)" in lesson.markdown
        assert lesson.script.exists()

    @ON_NUMBERED
    def test_it_is_neither_too_long_nor_too_short(self, lesson: Lesson) -> None:
        middle, most = lesson.code_lines

        assert 25 <= len(lesson.cells) <= 45
        assert middle <= 6
        assert most <= 20
        assert len(lesson.cells) / 16 <= len(lesson.exercises) <= len(lesson.cells) / 6

    @ON_NUMBERED
    def test_every_guess_is_compared_and_every_exercise_checked_with_hints(
        self, lesson: Lesson
    ) -> None:
        text = "\n".join(cell.source for cell in lesson.cells)

        assert keys_given_to("predict", lesson)
        assert sorted(keys_given_to("predict", lesson)) == sorted(keys_given_to("reveal", lesson))
        assert lesson.exercises == keys_given_to("check", lesson)
        for key in lesson.exercises:
            assert f'hint("{key}")' in text

    @ON_NUMBERED
    def test_a_question_comes_back_to_an_earlier_lesson(self, lesson: Lesson) -> None:
        asked = [look_up("QUESTIONS", key).text for key in keys_given_to("quiz", lesson)]

        earlier = [re.match(r"Lesson (\d+) again: ", text) for text in asked]
        numbers = [int(match[1]) for match in earlier if match]
        assert all(number < int(lesson.number) for number in numbers)
        assert numbers or lesson.number == "00"  # before it nothing is to be remembered

    @ON_NUMBERED
    def test_readme_lists_it_with_its_question_and_minutes(self, lesson: Lesson) -> None:
        row = f"| [{lesson.name}](notebooks/{lesson.name}.ipynb) |"
        rows = [line for line in (ROOT / "README.md").read_text().splitlines() if row in line]

        assert len(rows) == 1
        assert rows[0].endswith(f"? | {lesson.minutes} |")


def test_every_source_has_a_script_and_every_script_a_source() -> None:
    scripts = {path.stem for path in (NOTEBOOKS / "scripts").glob("*.py")}

    assert scripts == {lesson.name for lesson in NUMBERED}

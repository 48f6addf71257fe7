"""What has passed is kept beside the notebook, and told as a table and as a code."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiml_nb.course import progress, read_progress
from aiml_nb.course.engine import passed as store
from aiml_nb.course.engine.passed import FILE
from aiml_nb.course.engine.progress_code import read_code, write_code
from aiml_nb.course.engine.registry import list_lessons
from tests.kernels.driver import Kernel
from tests.kernels.environments import HERE

EXERCISES = [key for lesson in list_lessons() for key in lesson.exercises]
SHOUT = """
from aiml_nb.course import check, passed, progress
async def shout(ask, question):
    return (await ask(question)).upper()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start in an empty folder, with nothing passed, as a kernel does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "_here", set())
    monkeypatch.setattr(store, "_elsewhere", set())
    return tmp_path


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that there is a front end."""
    monkeypatch.setattr(store, "has_front_end", lambda: True)


class TestLessons:
    def test_every_lesson_has_a_title_and_its_exercises_in_order(self) -> None:
        lessons = list_lessons()

        assert [each.number for each in lessons] == sorted(each.number for each in lessons)
        assert all(each.title and each.exercises for each in lessons)
        second = next(each for each in lessons if each.number == 2)
        assert second.title == "The loop"
        numbers = [int(key.partition(".")[2]) for key in second.exercises]
        assert numbers == sorted(numbers)


class TestCode:
    @pytest.mark.parametrize("done", [[], EXERCISES[:1], EXERCISES[-1:], EXERCISES[::2], EXERCISES])
    def test_it_says_what_is_done(self, done: list[str]) -> None:
        code = write_code(done, EXERCISES)

        assert read_code(code, EXERCISES) == done
        assert read_code(code.lower().replace("-", " "), EXERCISES) == done
        assert len(code) <= 24

    def test_a_mistyped_letter_is_found_wherever_it_stands(self) -> None:
        code = write_code(EXERCISES[::3], EXERCISES)

        for place, letter in enumerate(code):
            if letter != "-":
                other = "7" if letter != "7" else "8"
                with pytest.raises(ValueError, match="no code of this course"):
                    read_code(code[:place] + other + code[place + 1 :], EXERCISES)

    def test_letters_that_look_alike_are_the_same(self) -> None:
        for count in range(len(EXERCISES)):
            code = write_code(EXERCISES[:count], EXERCISES)
            misread = code.replace("0", "O").replace("1", "l")
            assert read_code(misread, EXERCISES) == EXERCISES[:count]

    def test_another_edition_of_the_course_is_told(self) -> None:
        with pytest.raises(ValueError, match="another edition"):
            read_code(write_code(EXERCISES[:5], [*EXERCISES, "12.1"]), EXERCISES)

    @pytest.mark.parametrize("code", ["", "-", "hello", "ABC", "é1234-56789", "*" * 15])
    def test_anything_else_is_refused_in_words(self, code: str) -> None:
        with pytest.raises(ValueError, match="code"):
            read_code(code, EXERCISES)


class TestFile:
    def test_a_script_writes_none(self, folder: Path) -> None:
        store.note_passed("2.2")

        assert store.passed("2.2")
        assert progress().done == ("2.2",)
        assert list(folder.iterdir()) == []

    @pytest.mark.usefixtures("notebook")
    def test_it_holds_the_numbers_and_says_so(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store.note_passed("2.2")
        for key in ("2.2", "3.2"):
            store.note_passed(key)

        lines = (folder / FILE).read_text().splitlines()
        assert [line for line in lines if not line.startswith("#")] == ["2.2", "3.2"]
        assert "sent nowhere" in (folder / FILE).read_text()
        assert capsys.readouterr().out.count(FILE) == 1
        assert str(folder / FILE) in progress().note

    @pytest.mark.usefixtures("notebook")
    def test_whoever_deletes_it_begins_anew_after_a_restart(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.note_passed("2.2")
        monkeypatch.setattr(store, "_here", set())
        assert progress().done == ("2.2",)
        assert not store.passed("2.2")

        (folder / FILE).unlink()
        assert progress().done == ()

    @pytest.mark.usefixtures("notebook")
    def test_what_is_no_exercise_is_passed_over(self, folder: Path) -> None:
        (folder / FILE).write_bytes(b"\xff\xfe\n2.2\r\n 3.2 \n99.1\nhello\n\n2.2\n")

        assert progress().done == ("2.2", "3.2")

    @pytest.mark.usefixtures("notebook")
    def test_where_it_cannot_be_written_the_kernel_remembers_and_says_so(
        self, folder: Path
    ) -> None:
        (folder / FILE).mkdir()

        store.note_passed("2.2")

        assert progress().done == ("2.2",)
        assert "cannot be written" in progress().note

    @pytest.mark.usefixtures("notebook")
    def test_a_code_of_an_earlier_session_is_added(self, folder: Path) -> None:
        code = write_code(EXERCISES[:3], EXERCISES)
        store.note_passed(EXERCISES[5])

        found = progress(code)

        assert found.done == (*EXERCISES[:3], EXERCISES[5])
        assert (folder / FILE).read_text().splitlines()[-3:] == EXERCISES[:3]
        assert not store.passed(EXERCISES[0])


class TestTable:
    def test_it_says_what_is_done_and_what_is_open(self) -> None:
        last = list_lessons()[-1]
        for key in (*last.exercises, "2.2"):
            store.note_passed(key)

        shown = progress()

        done = len(last.exercises) + 1
        assert f"{done} of {len(EXERCISES)} exercises are done, 1 of" in shown.summary
        for page in (repr(shown), shown._repr_html_()):
            assert shown.summary in page
            assert shown.code in page
            assert "2.4, 2.7 (appendix), 2.8 (appendix)" in page
            assert "✓ all done" in page
        assert set(shown.open) == set(EXERCISES) - {*last.exercises, "2.2"}

    def test_a_teacher_reads_the_code_and_nothing_is_kept(self, folder: Path) -> None:
        for key in ("2.2", "5.3"):
            store.note_passed(key)
        code = progress().code
        store._here.clear()

        assert read_progress(code).done == ("2.2", "5.3")
        assert progress().done == ()
        assert list(folder.iterdir()) == []


@pytest.mark.kernel
@pytest.mark.slow
def test_a_restart_of_a_real_kernel_loses_nothing() -> None:
    with Kernel(HERE) as kernel:
        first = kernel.run(SHOUT, 'check("2.2", shout); print(passed("2.2"))', timeout=60)
        folder = kernel.run("import os; print(os.getcwd())")[0].stdout.strip()
        with Kernel(HERE) as again:
            move = f"import os; os.chdir({folder!r})"
            second = again.run(move, SHOUT, 'print(passed("2.2"), progress().done)', timeout=60)

    assert "True" in first[-1].stdout
    assert second[-1].stdout.strip() == "False ('2.2',)"

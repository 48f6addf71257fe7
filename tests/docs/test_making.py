"""How a lesson becomes a page, slides and solutions, and which links are found to lead nowhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest

from docs.execute import BookError, run_notebooks
from docs.lesson import to_page
from docs.links import find_broken
from docs.slides import ROOM, make_slides
from docs.solutions import to_solutions

WIDGET = "application/vnd.jupyter.widget-view+json"


def markdown(text: str) -> Any:
    return nbformat.v4.new_markdown_cell(text)


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> Any:
    made = [nbformat.v4.new_output("display_data", data=data) for data in outputs]
    return nbformat.v4.new_code_cell(source, outputs=made, metadata=metadata)


def lesson(*cells: Any) -> Any:
    return nbformat.v4.new_notebook(cells=[markdown("# 1. Why?\n\nBecause."), *cells])


EXERCISE = code(
    '# Exercise 1.3: ask `all`\nraise NotImplementedError("exercise 1.3")',
    {"text/plain": "Traceback"},
    tags=["exercise", "raises-exception"],
)
GUESS = {"text": "How <long>?", "choices": None, "unit": "s"}
QUESTION = {"text": "Which?", "answers": {"this": "It is.", "that": "Not so."}, "right": "this"}


class TestPage:
    def test_an_exercise_is_folded_and_its_error_left_out(self) -> None:
        cell = to_page(lesson(EXERCISE)).cells[1]

        assert "hide-cell" in cell.metadata.tags
        assert cell.metadata.mystnb.code_prompt_show == "Exercise 1.3: ask all"
        assert cell.outputs == []

    def test_hints_are_left_out_and_other_comments_are_not(self) -> None:
        page = to_page(lesson(code('# Stuck?\n# hint("1.3")'), code('# look\nhint("1.3")')))

        assert [cell.source for cell in page.cells[1:]] == ['# look\nhint("1.3")']

    def test_a_guess_and_a_question_are_asked_in_html(self) -> None:
        live = {WIDGET: {}, "text/plain": "<Predict>"}
        page = to_page(lesson(code("predict()", live, asked=GUESS), code("quiz()", asked=QUESTION)))
        guess, question = (cell.outputs[0].data["text/html"] for cell in page.cells[1:])

        assert "How &lt;long&gt;?" in guess
        assert "in s" in guess
        assert question.count("<details>") == 2
        assert "✓ Yes. It is." in question
        assert "✗ No. Not so." in question
        assert all("remove-input" in cell.metadata.tags for cell in page.cells[1:])

    def test_progress_bars_are_left_out_and_other_widgets_named(self) -> None:
        bar = {WIDGET: {}, "text/plain": "gather:   0%|     | 0/20 [00:00<?, ?call/s]"}
        race = {WIDGET: {}, "text/plain": "<Race: …>"}
        page = to_page(lesson(code("run", bar, race, {"text/plain": "done", "text/html": ""})))

        (shown,) = page.cells[1].outputs
        assert "buttons" in shown.data["text/html"]

    def test_the_links_stand_below_the_title_and_the_notebook_is_not_changed(self) -> None:
        notebook = lesson(EXERCISE)

        assert (
            to_page(notebook, links="SLIDES").cells[0].source == "# 1. Why?\n\nSLIDES\n\nBecause."
        )
        assert "hide-cell" not in notebook.cells[1].metadata.tags


class TestSlides:
    def test_headings_questions_exercises_and_pictures_begin_slides(self) -> None:
        picture = {"text/html": '<style></style><img alt="two bars" src="data:,"><details>words'}
        notebook = lesson(
            markdown("## Then\n\nText."),
            code("run()", picture),
            markdown("More."),
            code("quiz()", asked=QUESTION),
            EXERCISE,
            markdown("After it."),
        )
        slides = make_slides(notebook)

        assert [slide.kind for slide in slides] == [
            *("title", "text", "picture", "text", "question", "exercise", "text")
        ]
        assert [slide.title for slide in slides[1:5]] == ["Then"] * 4
        assert slides[5].title == "Exercise 1.3: ask <code>all</code>"
        assert slides[6].title == "Then"
        assert slides[2].body == ['<img alt="two bars" src="data:,">']

    def test_what_has_no_room_goes_on_the_next_slide(self) -> None:
        paragraph = "word " * (ROOM // 8)
        slides = make_slides(lesson(markdown("## Long\n\n" + "\n\n".join([paragraph] * 3))))

        assert [len(slide.body) for slide in slides] == [1, 1, 1, 1]
        assert {slide.title for slide in slides[1:]} == {"Long"}

    def test_links_lead_to_slides_or_are_words(self) -> None:
        text = "See [two](02-two.ipynb), [it](scripts/a.py) and [docs](https://example.org)."
        (slide,) = make_slides(lesson(markdown(text)))

        assert (
            '<a href="02-two.html">two</a>, it and <a href="https://example.org">' in slide.body[1]
        )


def test_solutions_hold_the_code_and_the_hints() -> None:
    solved = code("# Exercise 1.3: ask all\nreturn 42", tags=["exercise"])
    page = to_solutions(lesson(solved))

    assert page.startswith("# Lesson 1: the solutions\n\n## Exercise 1.3: ask all\n\n```python\n")
    assert "return 42" in page
    assert page.count("\n1. ") == 3


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.html").write_text(
        '<a href="in/b.html#there">1</a><a href="in/b.html#gone">2</a><a href="c.html">3</a>'
        '<img src="no.png"><a href="https://example.org/x">4</a><a href="#top">5</a><p id="top">'
    )
    (tmp_path / "in" / "b.html").write_text('<p id="there"></p><a href="../a.html">back</a>')

    assert find_broken(tmp_path) == ["a.html: c.html", "a.html: in/b.html#gone", "a.html: no.png"]


def run_in_thread(path: Path) -> Any:
    """Run a notebook where no loop runs: the browser of other tests keeps one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run_notebooks, [path]).result()


@pytest.mark.slow
@pytest.mark.kernel
def test_a_cell_that_fails_stops_the_build_unless_it_is_an_exercise(tmp_path: Path) -> None:
    bad = code("import os\nassert not [n for n in os.environ if n.endswith('_API_KEY')]\n1 / 0")
    for name, cell in (("good", EXERCISE), ("bad", bad)):
        cell.outputs = []
        nbformat.write(lesson(cell), tmp_path / f"{name}.ipynb")

    (ran,) = run_in_thread(tmp_path / "good.ipynb")
    assert ran.cells[1].outputs[0].ename == "NotImplementedError"
    with pytest.raises(BookError, match=r"(?s)bad\.ipynb: a cell that is no exercise.*ZeroDiv"):
        run_in_thread(tmp_path / "bad.ipynb")

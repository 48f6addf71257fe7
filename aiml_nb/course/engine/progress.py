"""`progress`, `read_progress`: what of the course is done and what is open, and its code."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from .passed import read_passed, restore, where_kept
from .progress_code import read_code, write_code
from .registry import Lesson, list_lessons


@dataclass(frozen=True, slots=True)
class Progress:
    """What is done and what is open; a table, where there is a front end.

    Parameters
    ----------
    done
        The exercises that are done, such as ``"3.2"``.
    lessons
        All lessons with their exercises.
    note
        Where this is known from.
    """

    done: tuple[str, ...]
    lessons: tuple[Lesson, ...]
    note: str = ""

    @property
    def code(self) -> str:
        """What is done as a short code: to show, or to be given to `progress` elsewhere."""
        return write_code(self.done, [key for each in self.lessons for key in each.exercises])

    @property
    def open(self) -> tuple[str, ...]:
        """The exercises that are not done."""
        return tuple(k for each in self.lessons for k in each.exercises if k not in self.done)

    @property
    def summary(self) -> str:
        """How much is done, in one sentence; a lesson is complete without its appendix."""
        done = set(self.done)
        complete = sum(set(each.exercises) - each.appendix <= done for each in self.lessons)
        everything = len(self.done) + len(self.open)
        return (
            f"{len(self.done)} of {everything} exercises are done, {complete} of "
            f"{len(self.lessons)} lessons are complete."
        )

    def __repr__(self) -> str:
        """Return the table as text."""
        rows = [f"{n:>7}  {title:24}{done:9}{still}" for n, title, done, still in self._rows()]
        head = f"{'lesson':>7}  {'':24}{'done':9}open"
        return "\n".join([self.summary, "", head, *rows, "", f"Code: {self.code}", self.note])

    def _repr_html_(self) -> str:
        left = 'style="text-align: left; padding-right: 1em"'  # Jupyter's own is to the right
        names = (("lesson", 2), ("done", 1), ("open", 1))
        head = "".join(f'<th scope="col" colspan="{n}" {left}>{name}</th>' for name, n in names)
        body = "".join(
            "<tr>" + "".join(f"<td {left}>{escape(str(each))}</td>" for each in row) + "</tr>"
            for row in self._rows()
        )
        return (
            f"<p>{self.summary}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
            f"</table><p>Code: <code>{self.code}</code></p><p>{escape(self.note)}</p>"
        )

    def _rows(self) -> list[tuple[int, str, str, str]]:
        rows = []
        for each in self.lessons:
            still = [
                f"{key} (appendix)" if key in each.appendix else key
                for key in each.exercises
                if key not in self.done
            ]
            done = f"{len(each.exercises) - len(still)} of {len(each.exercises)}"
            rows.append((each.number, each.title, done, ", ".join(still) or "✓ all done"))
        return rows


def progress(code: str | None = None) -> Progress:
    """Show which exercises have passed, in this kernel and before, and which are open.

    What has passed is kept in ``course-progress.txt`` beside the notebook: only the exercises'
    numbers, no name and no time. Nothing is sent; whoever deletes the file begins anew.

    Parameters
    ----------
    code
        The code of an earlier session, such as one on Binder, which forgets its files: what it
        says is done is added.

    Raises
    ------
    ValueError
        If the code is mistyped, or of another edition of the course.
    """
    if code is not None:
        restore(read_progress(code).done)
    known = read_passed()
    lessons = list_lessons()
    done = tuple(key for each in lessons for key in each.exercises if key in known)
    return Progress(done, lessons, where_kept())


def read_progress(code: str) -> Progress:
    """Read a learner's code, for teachers; nothing is kept.

    It is checked for typing errors. It proves no more than a word of honour: it holds no secret,
    and whoever reads the source can make one up.

    Parameters
    ----------
    code
        What `progress` shows.

    Raises
    ------
    ValueError
        If the code is mistyped, or of another edition of the course.
    """
    lessons = list_lessons()
    done = read_code(code, [key for each in lessons for key in each.exercises])
    return Progress(tuple(done), lessons, "Read from a code.")

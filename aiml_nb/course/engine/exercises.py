"""`check`: check what a learner wrote, and say what is wrong with it."""

from __future__ import annotations

import asyncio
import inspect
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .explain import explain_error, innermost
from .passed import note_passed
from .registry import look_up

T = TypeVar("T")


class NotYet(Exception):  # noqa: N818  not an error: the answer is unfinished
    """The answer is not right yet; the text says what is wrong and where to look."""


class NotEnded(NotYet):
    """The answer did not come to an end: another try would take as long."""


class NotBegun(NotImplementedError):  # noqa: N818  not an error: nothing is written yet
    """The exercise is not begun; IPython shows one line of it, and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{self}: not begun. Write your lines in place of the one that says  raise."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a check; true if the exercise is passed.

    Parameters
    ----------
    key
        The exercise, such as ``"3.2"``.
    passed
        True if the answer does what was asked.
    text
        What is right, or what is not and where to look.
    """

    key: str
    passed: bool
    text: str

    def __bool__(self) -> bool:
        """Tell whether the exercise is passed."""
        return self.passed

    def __str__(self) -> str:
        """Return the text that `check` prints."""
        return f"✓ {self.key} {self.text}" if self.passed else f"Not yet ({self.key}): {self.text}"

    def _ipython_display_(self) -> None:
        """Display nothing: `check` has already printed the text."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """The check of an exercise, and its hints.

    Parameters
    ----------
    check
        Takes the answer; returns what is right about it, or raises `NotYet`.
    hints
        From the gentle push to the solution's idea.
    """

    check: Callable[[Any], str]
    hints: tuple[str, ...]


def check(key: str, answer: object) -> Verdict:
    """Check an answer, print what was found and return it.

    A function is called, a run or a number is looked at. An answer that stops with an error is
    not passed, and the error is named; only the NotImplementedError of an exercise that is not
    begun goes through.

    Parameters
    ----------
    key
        The exercise, such as ``"3.2"``.
    answer
        What the exercise asks for.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    __tracebackhide__ = True  # IPython hides this frame from the learner's traceback
    exercise = look_up("EXERCISES", key)
    try:
        verdict = _judge(key, exercise, answer)
    except NotImplementedError as error:
        # Show the learner's line only, without the frames of the check, its thread and its loop.
        line = error.__traceback__
        while line and line.tb_next:
            line = line.tb_next
        raise error.with_traceback(line) from None
    print(verdict)
    if verdict:
        note_passed(key)
    return verdict


def require(claim: object, otherwise: str) -> None:
    """Raise `NotYet` unless `claim` holds.

    Parameters
    ----------
    claim
        Anything true or false.
    otherwise
        What to tell the learner if it does not hold.

    Raises
    ------
    NotYet
        If it does not.
    """
    if not claim:
        raise NotYet(otherwise)


def of_kind(answer: object, kind: type[T], wanted: str) -> T:
    """Return `answer` if it is of the kind that the check looks at.

    Parameters
    ----------
    answer
        What the learner gave.
    kind
        The class it must have.
    wanted
        What that is in words, such as ``"the run: what nb.run(…) returns"``.

    Raises
    ------
    NotYet
        If it is of another kind.
    """
    if isinstance(answer, kind):
        return answer
    raise NotYet(f"check got {describe(answer)}, and wants {wanted}.")


def describe(answer: object) -> str:
    """Return in words what kind of thing a learner gave.

    Parameters
    ----------
    answer
        Anything.
    """
    if answer is None:
        return "None (which a function gives that reaches no return with a value)"
    if inspect.iscoroutine(answer):
        return f"the coroutine {answer.__name__}(), which nobody has awaited"
    if isinstance(answer, asyncio.Future):
        return "a task, which nobody has awaited"
    if callable(answer) and hasattr(answer, "__name__"):
        return f"the function {answer.__name__} itself"
    kind = type(answer).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def show(answer: object) -> str:
    """Return a value as Python writes it, cut off if it is long; in words if it has no such form.

    Parameters
    ----------
    answer
        Anything.
    """
    text = repr(answer)
    # "<object object at 0x…>" and the like are no words.
    return describe(answer) if text.startswith("<") or answer is None else f"{text:.60}"


def _judge(key: str, exercise: Exercise, answer: object) -> Verdict:
    defaults = repr(_kept_defaults(answer))
    verdict = _try(key, exercise, answer)
    if verdict or defaults == repr(_kept_defaults(answer)):
        return verdict
    note = (
        "Mind the default in the first line of your function, such as [] or {}: it is made once, "
        "and keeps what each call puts into it. Make it inside."
    )
    return replace(verdict, text=f"{verdict.text} {note}")


def _kept_defaults(answer: object) -> list[object]:
    """Return the defaults of a function that it may change."""
    given = getattr(answer, "__defaults__", None) or ()
    return [each for each in given if isinstance(each, list | dict | set)]


def _try(key: str, exercise: Exercise, answer: object) -> Verdict:
    try:
        _refuse_coroutine(answer)
        return Verdict(key=key, passed=True, text=exercise.check(answer))
    except NotYet as reason:
        # A check that explains RuntimeErrors has caught NotImplementedError, a subclass, as well.
        if isinstance(reason.__context__, NotImplementedError):
            raise reason.__context__ from None
        return Verdict(key=key, passed=False, text=str(reason))
    except NotImplementedError:
        raise
    # The learner's code may raise anything, and what it awaits may be cancelled.
    except (Exception, asyncio.CancelledError) as group:  # noqa: BLE001
        error = innermost(group)
        words = re.sub(r" at 0x\w+", "", f"{type(error).__name__}: {error}").removesuffix(": ")
        words = re.sub(r"<bound method (?:\w+\.)*(\w+) of <[^<>]*>>", r"the function \1", words)
        words = re.sub(r"<coroutine object (?:\w+\.)*(\w+)>", r"the coroutine \1()", words)
        text = f"your code stopped with {words}{_locate_error(error, answer)}. "
        text = (text + explain_error(error)).rstrip()
        return Verdict(key=key, passed=False, text=text)


def _locate_error(error: BaseException, answer: object) -> str:
    """Say in which line of the learner's cell the error was raised, if it was raised there."""
    code = getattr(answer, "__code__", None)
    # Only frames of the cell in which the function was defined: others are ours, or a library's.
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    return f" in line {own[-1].lineno}:  {own[-1].line}" if own else ""


def _refuse_coroutine(answer: object) -> None:
    if inspect.iscoroutine(answer):
        answer.close()  # else Python warns in a later cell that it was never awaited
        raise NotYet(
            f"check got {describe(answer)}. Calling an async function only prepares the work. If "
            "check wants its result, await it; if it wants the function, give it without brackets."
        )

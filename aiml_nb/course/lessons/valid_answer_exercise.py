"""Exercise 10.2: ask again until an answer fits its form, and not more often than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function
from ..engine.fake_model import make_status_error
from ..engine.prepared import Prepared, is_unawaited
from ..engine.watched_task import Ending, watch_task

QUESTION = "How did they like it?"
_GOOD, _CUT = '{"mood": "happy", "stars": 4}', '{"mood": "happy", "sta'
_WRONG, _WORDS = '{"mood": "happy", "stars": "four"}', "They liked it: four stars."
_LATER = '{"mood": "angry", "stars": 1}'
# What is answered in turn, how many attempts are allowed, and which answer counts.
_CASES: tuple[tuple[tuple[str, ...], int, int | None], ...] = (
    ((_GOOD, _LATER), 3, 0),
    ((_CUT, _GOOD, _LATER), 3, 1),
    ((_WRONG, _WORDS, _LATER, _GOOD), 3, 2),
    ((_CUT, _WORDS, _WRONG, _GOOD), 3, None),
    ((_WORDS, _GOOD), 1, None),
    ((_CUT, _CUT, _CUT, _CUT, _GOOD), 5, 4),
)


class _Writer:
    """A model that gives its answers in turn, and counts how often it was asked."""

    def __init__(self, answers: Sequence[str], error: Exception | None = None) -> None:
        self._answers, self._error = answers, error
        self.asked: list[object] = []
        self.prepared = Prepared()

    def ask(self, question: object) -> Coroutine[Any, Any, str]:
        return self.prepared.keep(self._answer(question), "ask")

    async def _answer(self, question: object) -> str:
        self.asked.append(question)
        await asyncio.sleep(0.002)
        if self._error is not None:
            raise self._error
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


def check_ask_valid(ask_valid: object) -> str:
    """Try answers that fit at once, later, and never, and an error that is no misfit."""
    function = expect_function(ask_valid, "ask_valid")
    kind = _make_kind()
    for answers, attempts, right in _CASES:
        writer = _Writer(answers)
        ending = watch_task(
            lambda: function(writer.ask, QUESTION, kind, attempts),  # noqa: B023
            writer.prepared,
        )
        needed = attempts if right is None else right + 1
        case = f"at most {attempts} attempts, of which number {needed} fits"
        if right is None:
            case = f"at most {attempts} attempts, of which none fits"
        require(
            not writer.prepared.forgotten,
            "ask(question) was called, and never awaited: calling it only prepares the work.",
        )
        _require_end(ending, case)
        is_misfit = len(writer.asked) < needed and isinstance(ending.value, kind)
        require(
            not is_misfit,
            f"{case}: it made {ending.value!r:.60} of a text that does not fit. "
            "kind.model_validate_json(text) looks whether it fits.",
        )
        _require_asked(writer, needed, case)
        wanted = None if right is None else kind.model_validate_json(answers[right])
        _require_value(ending.value, wanted, case)
    down = _Writer([_GOOD], make_status_error(401))
    ending = watch_task(lambda: function(down.ask, QUESTION, kind, 3), down.prepared)
    require(
        getattr(ending.error, "status_code", None) == 401 and len(down.asked) == 1,
        "ask failed with status 401, which is no answer that does not fit, and your function went "
        "on. Catch ValidationError and nothing else.",
    )
    return "It asks again where an answer does not fit, and not once more than needed."


def _make_kind() -> Any:
    from pydantic import BaseModel

    class Opinion(BaseModel):
        mood: str
        stars: int

    return Opinion


def _require_end(ending: Ending, case: str) -> None:
    if type(ending.error).__name__ == "ValidationError":
        raise NotYet(
            f"{case}: the ValidationError came out of your function. Catch it, and go on with the "
            "next attempt."
        )
    if isinstance(ending.error, TypeError) and "positional argument" in str(ending.error):
        raise NotYet("kind.model_validate_json(text) makes the object; kind(text) does not.")
    if ending.error is not None:
        raise ending.error


def _require_asked(writer: _Writer, needed: int, case: str) -> None:
    asked = len(writer.asked)
    often = "once" if asked == 1 else f"{asked} times"
    require(asked >= needed, f"{case}: it asked {often}, and gave up too early.")
    require(
        asked <= needed,
        f"{case}: it asked {often}, and each is paid for. {needed} would do. (An object is made of "
        "a text by  kind.model_validate_json(text)  and by nothing else.)",
    )
    require(
        all(isinstance(each, str) and QUESTION in each for each in writer.asked),
        f"{case}: it asked {writer.asked[-1]!r:.60}. The question belongs into every attempt.",
    )


def _require_value(found: Any, wanted: Any, case: str) -> None:
    require(not is_unawaited(found), f"{case}: it returned what is to be awaited. Write await.")
    if wanted is None:
        require(found is None, f"{case}: it returned {found!r:.60}, and None is wanted.")
        return
    require(found is not None, f"{case}: it returned None. Return the object as soon as it fits.")
    require(
        not isinstance(found, type),
        f"{case}: it returned the kind itself. Return what  kind.model_validate_json(text)  gives.",
    )
    require(
        not isinstance(found, str | dict),
        f"{case}: it returned {found!r:.60}. Wanted is the object that model_validate_json makes.",
    )
    require(
        found == wanted, f"{case}: it returned {found!r:.60}, and {wanted!r:.60} was the first."
    )


EXERCISE = Exercise(
    check_ask_valid,
    hints=(
        "Each round of the loop is one attempt: ask, and try to make an object of the text.",
        "text = await ask(question). Then  try:  return the object. What if that raises "
        "ValidationError?",
        "except ValidationError: continue. The loop goes on, and ends by itself after `attempts`.",
    ),
)

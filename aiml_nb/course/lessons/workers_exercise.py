"""Exercise 9.8: workers that share one queue."""

from __future__ import annotations

from typing import Any

from ..engine.exercises import Exercise, NotEnded, NotYet, require
from ..engine.expect import expect_function
from ..engine.fake_model import FakeModel
from ..engine.prepared import is_unawaited
from ..engine.watched_task import Ending, watch_task

# Questions, workers, and the seconds of the calls.
_CASES = (
    (6, 2, (0.6, 0.03, 0.03, 0.03, 0.03, 0.03)),
    (6, 3, (0.06, 0.03, 0.09)),
    (3, 5, (0.05,)),
    (3, 1, (0.02,)),
    (0, 2, (0.02,)),
)


def check_work_off(work_off: object) -> str:
    """Try more questions than workers, fewer, and none."""
    function = expect_function(work_off, "work_off")
    for number, workers, seconds in _CASES:
        model = FakeModel(seconds)
        questions = [f"question {n}" for n in range(1, number + 1)]
        case = f"with {number} questions and {workers} workers"
        _require_all(model, _run(function, model, questions, workers, case), questions, case)
        peak, wanted = model.peak_in_flight, min(workers, number)
        require(
            peak == wanted,
            f"{case}, {peak} calls were in flight at once, and not {wanted}. A worker asks one "
            "question at a time, and then takes the next.",
        )
        require(
            not model.had_idle_slots(wanted),
            f"{case}: a worker had nothing to do while questions were waiting. Whoever has an "
            "answer takes the next question out of the queue at once: one at a time, and without "
            "a pause.",
        )
    return "Each worker takes the next question as soon as it is free."


def _run(function: Any, model: FakeModel, questions: list[str], workers: int, case: str) -> Ending:
    try:
        ending = watch_task(lambda: function(model.ask, questions, workers), model, limit=3.0)
    except NotYet as reason:
        if not isinstance(reason, NotEnded):
            raise
        _require_questions(model, case)
        raise NotYet(
            f"{case} it did not end within 3 s: {len(model.finishing_order)} of {len(questions)} "
            "were answered. await queue.get() waits for ever at an empty queue; and a loop without "
            "an end goes on for ever."
        ) from None
    _require_questions(model, case)
    if type(ending.error).__name__ == "QueueEmpty":
        raise NotYet(
            f"{case}: get_nowait() raises QueueEmpty when none is left. Ask empty() first."
        )
    if ending.error is not None:
        raise ending.error
    return ending


def _require_questions(model: FakeModel, case: str) -> None:
    unawaited = sum(is_unawaited(call.prompt) for call in model.calls)
    require(
        not unawaited,
        f"{case}, ask got what  queue.get()  prepares, and no question. Write  await  before it, "
        "or take  get_nowait().",
    )


def _require_all(model: FakeModel, ending: Ending, questions: list[str], case: str) -> None:
    asked = [call.prompt for call in model.calls]
    require(
        asked or not questions or not model.discard_prepared(),
        "ask(question) was called, and never awaited: calling it only prepares the work.",
    )
    require(
        len(asked) >= len(questions),
        f"{case}, {len(asked)} were asked. A worker goes on while the queue is not empty.",
    )
    require(sorted(asked) == sorted(questions), f"{case}, some were asked more than once.")
    require(
        isinstance(ending.value, dict),
        f"{case}, it returned {ending.value!r:.60}. Wanted is the dictionary answers.",
    )
    wanted = {question: model.answer_to(question) for question in questions}
    require(
        ending.value.keys() == wanted.keys(),
        f"{case}, answers has {len(ending.value)} entries. answers[question] = … makes one.",
    )
    for answer in ending.value.values():
        require(
            not is_unawaited(answer),
            f"{case}, an entry of answers is still to be awaited: answers[question] = await ask(…)"
            ".",
        )
    require(ending.value == wanted, f"{case}, a question has another's answer, or none.")
    require(not ending.left, f"{case}, {ending.left} workers were left waiting. Let them end.")


EXERCISE = Exercise(
    check_work_off,
    hints=(
        "A worker does the same again and again. Until when?",
        "while not queue.empty():  take a question, ask it, write the answer down.",
        "question = queue.get_nowait(), and then answers[question] = await ask(question).",
    ),
)

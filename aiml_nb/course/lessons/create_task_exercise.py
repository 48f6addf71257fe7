"""Exercise 2.4: two things at the same time, one of them with an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function
from ..engine.fake_model import FakeModel
from ..engine.prepared import Prepared
from ..engine.watched_task import watch_task

QUESTION = "Why?"


class _Table:
    """A table that takes time to lay, and knows when it began and was done."""

    def __init__(self, model: FakeModel, seconds: float) -> None:
        self._model, self._seconds = model, seconds
        self.prepared = Prepared()
        self.laid = 0
        self.asked_meanwhile = False
        self.answered_before = False

    def lay(self) -> Coroutine[Any, Any, None]:
        """Return a coroutine that lays the table, and looks at what becomes of the question."""
        return self.prepared.keep(self._lay(), "lay_table")

    async def _lay(self) -> None:
        self.answered_before = bool(self._model.finishing_order)
        await asyncio.sleep(self._seconds)
        self.laid += 1
        self.asked_meanwhile = bool(self._model.calls)


def check_ask_and_lay(ask_and_lay: object) -> str:
    """Try a question that takes longer than the table, and one that is answered before."""
    function = expect_function(ask_and_lay, "ask_and_lay")
    for answering, laying in ((0.2, 0.1), (0.1, 0.2)):
        model = FakeModel([answering])
        table = _Table(model, laying)
        ending = watch_task(
            lambda: function(model.ask, QUESTION, table.lay),  # noqa: B023
            model,
            table.prepared,
        )
        if ending.error is not None:
            raise ending.error
        _require_overlap(model, table)
        require(
            table.laid,
            "your function returned before the table was laid. What awaits lay_table()?",
        )
        _require_answer(ending.value, model)
        longest = max(answering, laying)
        require(
            not ending.is_later_than(longest),
            f"both were done after {longest:g} s, and your function returned after "
            f"{ending.took:g} s: it waited while both were long done. Await the two themselves, "
            "and no pause of a fixed length.",
        )
    return "Both were under way at the same time, and both were done in the end."


def _require_overlap(model: FakeModel, table: _Table) -> None:
    require(
        model.calls or not model.discard_prepared(),
        "ask(question) was called, and never awaited: calling it only prepares the work. Create a "
        "task of it, or await it.",
    )
    require(model.calls, "the question was not asked. Which line calls  ask(question)?")
    require(
        len(model.calls) == 1,
        f"the question was asked {len(model.calls)} times. Each would be paid for: once will do.",
    )
    require(table.laid < 2, f"the table was laid {table.laid} times. Once will do.")
    require(
        not table.answered_before,
        "the table was laid only after the answer had come: an await waits before the next line is "
        "reached. Create a task of ask(question), lay the table, and await the task after that.",
    )
    require(
        table.asked_meanwhile or not table.laid,
        "the question was asked only after the table was laid. Start it before: "
        "asyncio.create_task(ask(question)).",
    )


def _require_answer(found: Any, model: FakeModel) -> None:
    if asyncio.isfuture(found):
        raise NotYet("it returned the task, and not what came of it. Await the task: await answer.")
    require(found is not None, "both were done, and the function returned None. Return the answer.")
    require(
        found == model.answer_to(QUESTION),
        f"ask answered {model.answer_to(QUESTION)!r}, and the function returned {found!r:.80}.",
    )


EXERCISE = Exercise(
    check_ask_and_lay,
    hints=(
        "await ask(question) starts the question and waits for it. What only starts it?",
        "Three lines: create a task of ask(question), await lay_table(), await the task.",
        "answer = asyncio.create_task(ask(question)), then await lay_table(), then return await "
        "answer",
    ),
)

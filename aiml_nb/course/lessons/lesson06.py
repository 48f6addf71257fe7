"""Lesson 6, Do not block the loop: checks, hints and questions."""

from __future__ import annotations

import asyncio
from functools import partial
from numbers import Real
from typing import Any

from ...records import Run
from ..engine.exercises import Exercise, NotYet, of_kind, require
from ..engine.expect import expect_function, expect_list
from ..engine.fake_model import FakeModel
from ..engine.loop_lag import discard_coroutine, run_measuring_lag
from ..engine.questions import Question

PAUSE = 0.2
# Seconds of lag; more than a busy machine causes, less than blocking code causes.
MAX_LAG = 0.3
CULPRIT, SUSPECTS = "count_words", ("save_answers", "count_words", "look_for_news")


def check_pause(ask_after_a_pause: object) -> str:
    """Run three pauses at once, and check when each question was asked."""
    function = expect_function(ask_after_a_pause, "ask_after_a_pause")
    model, questions = FakeModel([0.1]), ["one", "two", "three"]
    try:
        answers, lag = run_measuring_lag(*(partial(function, model.ask, q) for q in questions))
    except TypeError as error:
        require("'await' expression" not in str(error), _NOTHING_TO_AWAIT)
        require("not callable" not in str(error), _CALLED_TOO_EARLY)
        raise
    require(
        lag < MAX_LAG,
        f"the loop was {lag:.2f} s late: while you pause, nobody else gets a turn. time.sleep "
        "keeps the loop to itself. Which sleep lets go of it?",
    )
    prepared = [discard_coroutine(answer) for answer in answers]
    require(
        not any(prepared) and model.calls,
        "the question was prepared but not asked. Write  await  before  ask(question).",
    )
    asked = [call.started or 0.0 for call in model.calls]
    require(
        min(asked) >= PAUSE - 0.02,
        f"a question was asked after {min(asked):.2f} s instead of {PAUSE} s. asyncio.sleep alone "
        "only prepares a pause: await it, before you ask.",
    )
    require(
        max(asked) < 3 * PAUSE,
        "three pauses took turns instead of running at the same time. What do they wait for?",
    )
    _require_answers(answers, questions)
    return "Three pauses at once, and the loop was never late."


def check_ask_all(ask_all: object) -> str:
    """Pass a function that blocks, and check that the calls overlap and the loop is free."""
    function = expect_function(ask_all, "ask_all")
    # By question, because it is not known which thread begins first.
    durations = {"a long one": 0.4, "a short one": 0.2, "a middling one": 0.3}
    questions, model = list(durations), FakeModel(durations)
    try:
        (found,), lag = run_measuring_lag(partial(function, model.ask_blocking, questions))
    except TypeError as error:
        require("not callable" not in str(error), _CALLED_TOO_EARLY)
        require("awaitable is required" not in str(error), _NOT_ASYNC)
        raise
    except RuntimeError as error:
        require("bad yield" not in str(error), _NO_STAR)
        raise
    for each in found if isinstance(found, list | tuple) else ():
        discard_coroutine(each)
    model.show_timeline()
    asked = [call.prompt for call in model.calls]
    require(
        asked,
        "ask was never called. If you wrote asyncio.to_thread: it only prepares the work. What "
        "awaits it?",
    )
    require(
        all(isinstance(question, str) for question in asked),
        f"ask was called with {asked[0]!r}. It takes one question at a time.",
    )
    require(
        lag < MAX_LAG,
        f"the loop was {lag:.2f} s late: ask was called in the loop itself, which stood still for "
        "as long. Let a thread call it: asyncio.to_thread.",
    )
    require(
        model.peak_in_flight > 1,
        "the loop was free, but only one question was asked at a time: each was awaited before "
        "the next one began. Start all of them, and await them together.",
    )
    answers = expect_list(found, "the answers")
    wanted = [model.answer_to(question) for question in questions]
    require(
        answers == wanted or sorted(map(str, answers)) != sorted(wanted),
        "all answers are there, but in the order in which they were ready. asyncio.gather gives "
        "them in the order in which the calls are written.",
    )
    _require_answers(answers, questions)
    return "All were asked at once, by a function that blocks, and the loop was free."


def check_lags(lags: object) -> str:
    """Check that the loop was late beside one suspect only."""
    if isinstance(lags, str):
        raise NotYet(f"{lags!r} is a name. The evidence is wanted: the dictionary lags.")
    lags = of_kind(lags, dict, "the dictionary of three names and numbers")
    require(
        not any(map(callable, lags)),
        "the keys of lags are the functions themselves. Wanted are their names: suspect.__name__.",
    )
    missing = [name for name in SUSPECTS if name not in lags]
    require(
        not missing,
        f"lags says nothing about {', '.join(missing)}; it has {list(lags)}. Try each suspect.",
    )
    for name in SUSPECTS:
        require(
            not isinstance(lags[name], Run),
            f"lags[{name!r}] is the whole run. Only its loop_lag_max is wanted.",
        )
        require(
            isinstance(lags[name], Real),
            f"lags[{name!r}] is {lags[name]!r}, and no number of seconds. The lag is known when "
            "the run is over, and only for runs of a strategy that uses the loop.",
        )
    late = {name: float(lags[name]) for name in SUSPECTS}
    require(max(late.values()) < 10, "these are seconds? They look like milliseconds.")
    require(
        late[CULPRIT] >= 0.15,
        "beside none of them was the loop late, so none ran while the calls did. Put the run and "
        "the suspect into one asyncio.gather.",
    )
    others = [name for name in SUSPECTS if late[name] > late[CULPRIT] / 2 and name != CULPRIT]
    require(
        not others,
        f"the loop was late beside {' and '.join([*others, CULPRIT])}. Only one of them blocks: "
        "give each suspect a run and a gather of its own.",
    )
    return f"{CULPRIT} made the loop {late[CULPRIT]:.2f} s late; the others did not."


def _require_answers(answers: Any, questions: list[str]) -> None:
    wanted = [FakeModel.answer_to(question) for question in questions]
    for given, right in zip(answers, wanted, strict=False):
        unfinished = discard_coroutine(given) or asyncio.isfuture(given)
        require(not unfinished, "an answer is still a task or a coroutine: await it.")
        require(given is not None, "it gave None for an answer. Is there a  return  before it?")
        require(given == right, f"it gave {given!r} where ask had answered {right!r}.")
    require(
        len(answers) == len(wanted), f"it gave {len(answers)} answers to {len(wanted)} questions."
    )


_CALLED_TOO_EARLY = (
    "asyncio.to_thread got the result of a function where it wants the function: with brackets you "
    "call it yourself, here in the loop. Give function and argument, with a comma between them."
)
_NOTHING_TO_AWAIT = (
    "something was awaited that cannot be. time.sleep(0.2) gives None, and has kept the loop to "
    "itself already when it does. Which sleep can be awaited?"
)
_NOT_ASYNC = (
    "asyncio.gather got an answer where it wants something to await: ask is a plain function, and "
    "each call of it keeps the loop until it is answered. Let asyncio.to_thread call it."
)
_NO_STAR = (
    "asyncio.gather got all calls in one parcel. It wants them one by one: put a star before the "
    "brackets, gather(*(…))."
)

EXERCISES = {
    "6.3": Exercise(
        check_pause,
        hints=(
            "There are two functions called sleep. One keeps the loop, the other lets go of it.",
            "Both the pause and the question take time: each needs an await.",
            "await asyncio.sleep(0.2), and then return await ask(question).",
        ),
    ),
    "6.5": Exercise(
        check_ask_all,
        hints=(
            "A function that blocks must not be called in the loop. Who else can call it?",
            "asyncio.to_thread(ask, question) is one call, on its way. You want one for each "
            "question, all of them begun before you await the first.",
            "return await asyncio.gather(*(asyncio.to_thread(ask, question) for question in "
            "questions)).",
        ),
    ),
    "6.8": Exercise(
        check_lags,
        hints=(
            "The lag is measured while a run goes on. So run and suspect must be under way "
            "together, as in the cell with save_notes.",
            "run, _ = await asyncio.gather(nb.run_async(questions, slow), save_answers()) "
            "gives the first run; its lag is run.loop_lag_max.",
            "Loop over the three functions, and write lags[suspect.__name__] = run.loop_lag_max.",
        ),
    ),
}

QUESTIONS = {
    "6.2": Question(
        "All eight bars in the picture are about 0.6 s long. What took so long?",
        {
            "The model: it wrote its answers more slowly": "The server did not know about the "
            "notes. It sent the same answers in the same times as before.",
            "The network: the answers were on their way": "They had arrived. But they were not "
            "read, and the end of a call is when it has been read.",
            "This program: it did not look at the answers that had come": "While time.sleep runs, "
            "the loop cannot read. What the clock sees is the time until somebody looks.",
        },
        right="This program: it did not look at the answers that had come",
    ),
    "6.7": Question(
        "A web page of yours calls a model with the blocking client, from inside an async def. "
        "Ten people open it at once. What do they see?",
        {
            "The tenth waits about ten times as long as the first": "The calls go one after "
            "another, and meanwhile the page does not even answer those who only want to look.",
            "All get their answers after about the same time": "They would if something in there "
            "were awaited. The blocking client awaits nothing.",
            "Python raises an error, since that is not allowed": "It is allowed, and nothing "
            "warns you. That is why it is so common.",
        },
        right="The tenth waits about ten times as long as the first",
    ),
}

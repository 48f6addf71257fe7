"""Lesson 1, Sync and async: checks, hints and questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isclose
from typing import Any

from ..engine.digits import show_number
from ..engine.exercises import Exercise, require
from ..engine.expect import (
    call_async,
    call_plain,
    expect_asked,
    expect_function,
    expect_list,
    expect_number,
    few,
    require_new,
)
from ..engine.fake_model import FakeModel
from ..engine.practice_run import answered_run
from ..engine.questions import Question

# Two runs, with start and finish of each call. The order of arrival differs from every other order
# that one might sort by: of asking, alphabetical, by duration, and the reverse of each.
_RUNS = (
    {"Why so?": (0.0, 2.0), "When?": (0.0, 3.0), "Where is it?": (2.0, 3.5), "Who?": (0.5, 1.0)},
    {"Who?": (0.0, 4.0), "Where is it?": (1.5, 2.5), "Why so?": (0.0, 2.0), "When?": (2.5, 4.5)},
)
# When the calls of the second run were submitted: by the wait since then the order is another.
_SUBMITTED = (0.0, 1.5, 0.0, 2.5)
# By question, because it is not known which call begins first. The second case is larger, so that
# groups of three are told apart from all at once.
_CASES = (
    {"Why?": 0.9, "When?": 0.3, "Where?": 0.6},
    {"one": 0.5, "two": 0.7, "three": 0.2, "four": 0.6, "five": 0.4, "six": 0.3, "seven": 0.1},
    {"Who?": 0.2},
    # Slower than a pause that one might write, and larger than a limit or a group.
    {f"question {number}": 3.0 + number * 7 % 60 / 10 for number in range(60)},
)


def check_order(in_order_of_arrival: object) -> str:
    """Check whether the prompts come back in the order of finishing, for two runs made here."""
    function = expect_function(in_order_of_arrival, "in_order_of_arrival")
    for stamps in _RUNS:
        _check_order(call_plain(function, answered_run(stamps)), stamps)
    late = answered_run(_RUNS[1])
    for call, submitted in zip(late.calls, _SUBMITTED, strict=True):
        call.submitted = submitted
    _check_order(call_plain(function, late), _RUNS[1])
    return "The order of arrival is the order of call.finished."


def _check_order(answer: object, stamps: dict[str, tuple[float, float]]) -> None:
    order = expect_list(answer, "the prompts, in the order of arrival")
    asked, wanted = list(stamps), sorted(stamps, key=lambda prompt: stamps[prompt][1])
    require_new(order, wanted)
    require(
        all(isinstance(prompt, str) for prompt in order),
        "the list holds something else than prompts. Sort the calls, then take each call.prompt.",
    )
    require(
        sorted(order) == sorted(asked),
        f"check tried it with another run, of the prompts {asked}, and your list is {order}. Use "
        "the run that is given to the function, and all of its calls.",
    )
    require(
        order != asked,
        f"that is the order of asking, {asked}. run.calls is in that order; sort it by finished.",
    )
    require(
        order != wanted[::-1], "the last one comes first. The earliest finished is the smallest."
    )
    require(
        order == wanted,
        f"the answers arrived as {wanted}, and you say {order}. By which stamp do you sort? (A "
        "duration or a wait is no stamp: it does not say when.)",
    )


def check_foretold(foretell: object) -> str:
    """Check the two totals for durations that the learner has not seen."""
    function = expect_function(foretell, "foretell")
    _check_totals(function, [5.0, 0.5])
    _check_totals(function, [0.4, 1.2, 0.7, 2.1, 0.9])
    _check_totals(function, [1.5])
    _check_totals(function, [2.0, 2.0, 0.5])
    return "One after another is the sum, all at once the slowest."


def check_ask_all(ask_all: object) -> str:
    """Check whether the calls overlap, and whether the answers are in the order asked."""
    function = expect_function(ask_all, "ask_all")
    for durations in _CASES:
        _try_questions(function, durations)
    return "All were in flight at once, and the answers are in the order of the questions."


def _try_questions(function: Callable[..., Any], durations: Mapping[str, float]) -> None:
    model, questions = FakeModel(durations), list(durations)
    found = call_async(function, model.ask, list(questions), virtual_time=True)
    if durations is _CASES[0]:
        model.show_timeline()
    expect_asked(model, questions)
    peak = model.peak_in_flight
    require(
        peak > 1 or len(questions) == 1,
        "each question waits for the answer before it: never more than 1 call was in flight. "
        "An await inside a loop waits there. Start all calls first, then wait for all with gather.",
    )
    require(
        peak == len(questions),
        f"at most {peak} of {len(questions)} calls were in flight. Give all to one gather.",
    )
    require(
        isclose(model.run.makespan, max(durations.values())),
        f"the slowest answer takes {max(durations.values())} s, and all took "
        f"{model.run.makespan:g} s. Start all of them before you wait for any.",
    )
    answers = expect_list(found, "the answers")
    wanted = [model.answer_to(question) for question in questions]
    require_new(answers, wanted)
    require(
        sorted(map(str, answers)) == sorted(wanted),
        f"the list holds {few(answers)}, and not the answers of ask. Return what gather gives.",
    )
    require(
        answers == wanted,
        "the answers are all there, but in the order of arrival. Return what gather gives: it is "
        "in the order of the questions.",
    )


def _check_totals(function: Callable[..., Any], durations: Sequence[float]) -> None:
    found = expect_list(
        call_plain(function, list(durations)), "two numbers, one_after_another and all_at_once"
    )
    require(len(found) == 2, f"check wants two numbers, and got {len(found)}.")
    total, longest = (expect_number(value, "numbers of seconds") for value in found)
    given = f"For calls of {', '.join(f'{each:g} s' for each in durations)}"
    right_total, right_longest = sum(durations), max(durations)
    swapped = isclose(total, right_longest) and isclose(longest, right_total)
    require(
        not swapped or len(durations) == 1,
        "the two are the wrong way round: first one after another, then all at once.",
    )
    require(
        isclose(total, right_total),
        f"{given} you say {show_number(total, digits=4)} s one after another. Each waits for the "
        "one before, so the times add up.",
    )
    require(
        isclose(longest, right_longest),
        f"{given} you say {show_number(longest, digits=4)} s all at once. All begin together; when "
        "is the last of them done?",
    )


EXERCISES = {
    "1.3": Exercise(
        check_order,
        hints=(
            "Every call has a stamp that says when its answer was complete.",
            "sorted(run.calls, key=…) puts the calls into another order. The key is that stamp.",
            "Sort run.calls by call.finished, then make a list of call.prompt.",
        ),
    ),
    "1.5": Exercise(
        check_foretold,
        hints=(
            "Draw the bars on paper: end to end for one, side by side for the other.",
            "End to end, where does the last bar end? Side by side, which bar ends last?",
            "One after another is sum(durations), all at once is max(durations).",
        ),
    ),
    "1.6": Exercise(
        check_ask_all,
        hints=(
            "You have seen asyncio.gather with two calls. It takes any number.",
            "ask(question) without await makes a call that is ready to start. Make one for each "
            "question, and hand them all to gather: a star before a list hands over its parts.",
            "return await asyncio.gather(*(ask(question) for question in questions))",
        ),
    ),
}
QUESTIONS = {
    "1.2": Question(
        "Ten questions go to gather. The seventh is answered first. Where is its answer in the "
        "list that gather returns?",
        {
            "Nobody can say": "The order of arrival is open, the order of the list is not: it is "
            "that of the questions.",
            "In the first place": "That is when it arrived. The list is in the order of the "
            "questions, whatever arrived when.",
            "In the seventh place": "The list is in the order of the questions, so an answer's "
            "place says whose it is.",
        },
        right="In the seventh place",
    ),
    "1.7": Question(
        "Lesson 0 again: you hand over two questions at 0 s, and they are sent one after "
        "another. Each answer takes 1 s. Which time of the second question is 2 s?",
        {
            "Its duration": "That begins when the question is sent, and it is sent when the first "
            "answer is there: 1 s, as for the first one.",
            "The time that its user waited": "From handing over, at 0 s, to the answer: 1 s until "
            "its turn, and 1 s for the answer itself.",
            "Both": "The two differ by the time in the queue. For the first question they are the "
            "same, for the second they are not.",
        },
        right="The time that its user waited",
    ),
}

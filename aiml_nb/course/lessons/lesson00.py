"""Lesson 0, Start: checks, hints and questions."""

from __future__ import annotations

from math import isclose

from ...prompts import FAQ, TWENTY
from ...records import Run
from ..engine.digits import show_number
from ..engine.exercises import Exercise, of_kind, require
from ..engine.expect import call_plain, expect_function, expect_number
from ..engine.practice_run import answered_run
from ..engine.questions import Question

# Chosen so that no wrong difference of two stamps equals a right one.
_STAMPS = {"At last": (3.0, 7.0), "After a while": (2.0, 3.25), "At once": (0.0, 0.5)}


def check_waiting_time(waiting_time: object) -> str:
    """Check the seconds for calls that waited in a queue, some submitted later than others."""
    function = expect_function(waiting_time, "waiting_time")
    run = answered_run(_STAMPS)
    run.calls[0].submitted = 1.0
    for call in run.calls:
        stamps = (
            f"submitted {call.submitted:g}, started {call.started:g}, finished {call.finished:g}"
        )
        found = expect_number(call_plain(function, call), "a number of seconds")
        wanted = call.total_time or 0.0
        near = f"Of a call with {stamps} you say {show_number(found, digits=4)} s"
        require(
            not isclose(found, -wanted),
            f"{near}: a time before the beginning. Swap the two stamps.",
        )
        require(not isclose(found, wanted * 1000), f"{near}. All times are in seconds, here too.")
        require(
            isclose(found, wanted) or not isclose(found, call.duration or 0.0),
            f"{near}: that is the duration, without the time in the queue. When did the user's "
            "wait begin?",
        )
        require(
            isclose(found, wanted) or not isclose(found, call.finished or 0.0),
            f"{near}: that is when it finished. From when on did the user wait?",
        )
        require(
            isclose(found, wanted) or not isclose(found, call.queue_time or 0.0),
            f"{near}: that is the wait in the queue alone, without the call itself.",
        )
        require(
            isclose(found, wanted) or found != int(wanted),
            f"{near}. That is rounded: keep the fraction of a second.",
        )
        require(isclose(found, wanted), f"{near}. From which stamp to which does the user wait?")
    return "From submitted to finished, the queue included."


def check_own_questions(mine: object) -> str:
    """Check whether three questions of the learner's own were asked and answered."""
    if isinstance(mine, list | tuple):
        require(
            not all(isinstance(each, str) for each in mine),
            "those are the questions. Ask them: mine = nb.run([…], endpoint).",
        )
    run = of_kind(mine, Run, "the run: what nb.run(…) returns")
    prompts = [str(call.prompt) for call in run.calls]
    require(
        len(prompts) == 3,
        f"the run has {len(prompts)} question{'s' * (len(prompts) != 1)}, and three are wanted. "
        'nb.run takes a list of texts: ["…", "…", "…"].',
    )
    asked = {prompt.strip(" .…").lower() for prompt in prompts}
    require(
        "" not in asked, "one of the questions is empty. Write one between its quotation marks."
    )
    require(len(asked) == 3, "two of the questions are the same. Ask three different ones.")
    ours = asked & {question.strip(" .").lower() for question in (*FAQ, *TWENTY)}
    require(not ours, "one of them is ours. Think of a question that is all your own.")
    for call in run.calls:
        require(
            call.outcome == "ok",
            f"{call.prompt!r} ended as {call.outcome} ({call.error_type}): {call.error}",
        )
    return f"Three questions, three answers, in {run.makespan:.2f} s."


EXERCISES = {
    "0.3": Exercise(
        check_waiting_time,
        hints=(
            "A call has three stamps. At which one does the user's wait begin, at which one end?",
            "It begins when the question is handed over, not when it is sent.",
            "return call.finished - call.submitted",
        ),
    ),
    "0.4": Exercise(
        check_own_questions,
        hints=(
            "Look at the cell that asked 'What is 2+2?'. What stands in the square brackets?",
            "The brackets are a list. It may hold three texts, with commas between them.",
            'mine = nb.run(["…", "…", "…"], endpoint), with your questions in place of the dots.',
        ),
    ),
}
QUESTIONS = {
    "0.1": Question(
        "The line about the key begins with 'note'. What do you have to do?",
        {
            "Nothing": "A note is worth knowing, no more. Without a key the simulator answers.",
            "Get a key before the next lesson": "No lesson needs one: without a key the simulator "
            "answers.",
            "Restart the kernel": "A note is no fault. Where something has to be done, the line "
            "says 'wrong' and ends with what to type.",
        },
        right="Nothing",
    ),
    "0.6": Question(
        "You have a key and want to use it in a notebook. Where does it belong?",
        {
            "In the first cell": "The notebook is saved with it, and everybody you send it to can "
            "read it.",
            "In the name of the file": "There everybody reads it who sees the list of files.",
            "In the environment, before Jupyter is started": "connect() finds it there, and it "
            "stands in no file that you share.",
        },
        right="In the environment, before Jupyter is started",
    ),
}

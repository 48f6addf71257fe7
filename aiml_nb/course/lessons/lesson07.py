"""Lesson 7, Honest numbers: checks, hints and questions."""

from __future__ import annotations

from functools import partial
from math import exp, isclose, log
from numbers import Real
from statistics import fmean, median

from ...records import Run
from ..engine.exercises import Exercise, require
from ..engine.expect import expect_function, expect_list
from ..engine.fake_model import FakeModel
from ..engine.loop_lag import run_measuring_lag
from ..engine.practice_run import answered_run
from ..engine.questions import Question
from . import queue_time_exercise

# Seconds; more than a busy machine adds to a wait, less than a wrong reference time does.
TOLERANCE = 0.2
GAP, STUCK = 0.08, 0.5


def check_typical(typical: object) -> str:
    """Try ratios whose geometric mean differs from their other means."""
    function = expect_function(typical, "typical")
    for ratios in ([2.0, 0.5], [1.0, 1.0, 8.0], [3.0, 1.5, 2.0, 0.9]):
        given, right = function(list(ratios)), exp(fmean(map(log, ratios)))
        said = f"typical({ratios}) gave {_describe(given)}"
        require(given is not None, f"{said}. Is there a  return?")
        require(isinstance(given, Real), f"{said}, and a number is wanted.")
        for other, why in _other_means(ratios, right):
            require(
                isclose(given, right, rel_tol=0.01) or not isclose(given, other, abs_tol=1e-9),
                f"{said}: {why}",
            )
        require(
            isclose(given, right, rel_tol=0.01), f"{said}, and the geometric mean is {right:.3g}."
        )
    return "2 and 0.5 make 1: nobody is faster."


def _other_means(ratios: list[float], right: float) -> list[tuple[float, str]]:
    n = len(ratios)
    return [
        (
            fmean(ratios),
            "that is the mean. By it, being twice as fast once and half as fast once makes you "
            "faster. Multiply the ratios; do not add them.",
        ),
        (median(ratios), "that is the one in the middle. All ratios are to have a say."),
        (right**n, f"that is the product. Its root is missing: the power of 1 / {n}."),
        (
            right**n / n,
            f"that is the product divided by {n}. Python takes the power first: put brackets "
            f"around (1 / {n}).",
        ),
        (0.0, "nought times anything is nought. Begin with 1."),
    ]


def check_within_95(within_95: object) -> str:
    """Try runs with quick failures, and with durations that are not sorted."""
    function = expect_function(within_95, "within_95")
    slow = [((7 * number) % 20 + 1) ** 2 / 20 for number in range(20)]
    nineteenth, last = sorted(slow)[-2:]
    for name, failed in (("all answered", 0), ("half of them refused", 20)):
        given = function(_make_run(slow, failed=failed))
        said = f"for answers of up to {last:.0f} s, {name}, it gave {_describe(given)}"
        require(given is not None, f"{said}. Is there a  return?")
        require(isinstance(given, Real), f"{said}, and a number of seconds is wanted.")
        for other, why in (
            (fmean(slow), "that is the mean, which says nothing about 95 of 100."),
            (0.95 * last, "that is 95 % of the longest duration. Wanted is one of 95 % of calls."),
        ):
            require(not isclose(given, other), f"{said}: {why}")
        require(
            given < last,
            f"{said}: within that all were done, and not only 95 of 100. (Python counts places "
            "from 0.)",
        )
        require(
            failed == 0 or given >= nineteenth,
            f"{said}: the refused calls, of 0.01 s each, are counted too, and make the server look "
            "better. Keep those whose outcome is 'ok'.",
        )
        require(
            given >= nineteenth,
            f"{said}. Wanted is the time that 19 of the 20 do not exceed: sort the durations, and "
            "take the 19th.",
        )
    return "95 of 100 answered calls took at most so long, and quick failures do not count."


def check_on_schedule(on_schedule: object) -> str:
    """Use a server that gets stuck, and check when each question was sent."""
    function = expect_function(on_schedule, "on_schedule")
    questions = [f"question {number}" for number in range(1, 7)]
    durations = [STUCK if number == 3 else 0.01 for number in range(1, 7)]
    server = FakeModel(durations, one_at_a_time=True)
    (found,), lag = run_measuring_lag(partial(function, server.ask, questions, GAP))
    waits = expect_list(found, "one wait for each question")
    require(
        lag < STUCK / 2,
        f"the loop was {lag:.2f} s late: something keeps it to itself, so that nobody else can "
        "send or receive. Which sleep lets go?",
    )
    sent = {call.prompt: call.started or 0.0 for call in server.calls}
    require(
        len(sent) == len(questions),
        f"{len(sent)} of {len(questions)} questions were asked. Is there an  await  before "
        "ask(question)?",
    )
    require(
        len(waits) == len(questions) and all(isinstance(wait, Real) for wait in waits),
        f"it gave {_describe(waits)}, and the seconds of {len(questions)} waits are wanted. What "
        "does ask_one return?",
    )
    due = [number * GAP for number in range(len(questions))]
    _check_sending([sent[question] for question in questions], due)
    answered = {call.prompt: call.finished for call in server.calls if call.finished is not None}
    _check_waits(waits, [answered[q] - when for q, when in zip(questions, due, strict=True)])
    return f"Six questions on time, and {sum(wait > 0.2 for wait in waits)} of them had to wait."


def _check_sending(sent: list[float], due: list[float]) -> None:
    require(
        sent[-1] > due[-1] - GAP / 2,
        f"question 6 was sent after {sent[-1]:.2f} s, and was due after {due[-1]:.2f} s. Each has "
        "to wait until it is due: sleep first, for number * gap seconds.",
    )
    late = max(at - when for at, when in zip(sent, due, strict=True))
    require(
        late < STUCK / 2,
        f"a question was sent {late:.2f} s too late, because it waited for the answer to the one "
        "before. The schedule does not wait for the server.",
    )


def _check_waits(waits: list[float], truth: list[float]) -> None:
    excess = [wait - right for wait, right in zip(waits, truth, strict=True)]
    require(
        min(waits) > -TOLERANCE,
        f"a wait of {min(waits):.3g} s is no wait. Take the time on the clock after the answer, "
        "and subtract the time on the same clock at which the question was due.",
    )
    require(
        max(excess) < TOLERANCE,
        f"the last question waited {truth[-1]:.2f} s, and you say {waits[-1]:.2f} s: the time "
        "before it was due is in it. Measure from when it was due.",
    )
    require(
        min(excess) > -TOLERANCE,
        f"question 3 was stuck for {STUCK} s, and you say it waited {waits[2]:.2f} s. Look at the "
        "clock after ask has answered.",
    )


def _make_run(durations: list[float], *, failed: int) -> Run:
    """Make a run of answered calls, with refused ones of 0.01 s between them."""
    taken = [durations[0], *[0.01] * failed, *durations[1:]]
    run = answered_run({f"question {number}": (0.0, each) for number, each in enumerate(taken)})
    for call in run.calls[1 : 1 + failed]:
        call.outcome = "error"
    return run


def _describe(value: object) -> str:
    if isinstance(value, Real):
        return f"{float(value):.3g}"
    if isinstance(value, list | str | None):
        return repr(value)
    return f"a {type(value).__name__}"


EXERCISES = {
    "7.3": Exercise(
        check_typical,
        hints=(
            "Adding makes a mean. What makes a product?",
            "Begin with 1.0 and multiply by each ratio in turn. For ratios of 2 and 0.5 that gives "
            "1; for 2 and 2 it gives 4, and should give 2.",
            "The n-th root of the product is product ** (1 / len(ratios)).",
        ),
    ),
    "7.6": Exercise(
        check_within_95,
        hints=(
            "First the list: the duration of each call whose outcome is 'ok'.",
            "Sort it. Of 20 calls, which place has the one that 19 do not exceed?",
            "done = sorted(…); the 19th of 20 is done[round(0.95 * len(done)) - 1].",
        ),
    ),
    "7.8": queue_time_exercise.EXERCISE,
    "7.11": Exercise(
        check_on_schedule,
        hints=(
            "In ask_one three things happen: wait until the question is due, ask, look at the "
            "clock.",
            "It is due at start + number * gap. asyncio.sleep wants to know how long it is until "
            "then, from now.",
            "After  await ask(question)  return time.perf_counter() - due.",
        ),
    ),
}

QUESTIONS = {
    "7.2": Question(
        "The interval of the ten pairs is about 1.5× to 2.3×. What does it say?",
        {
            "95 % of all pairs lie between 1.5× and 2.3×": "Look at the dots: quite a few of them "
            "lie outside. The interval is about the typical speed-up, not about single pairs.",
            "The typical speed-up is probably somewhere between 1.5× and 2.3×": "These are the "
            "values that the ten pairs are compatible with. More pairs would narrow it.",
            "The next comparison will give a number between 1.5× and 2.3×": "A single comparison "
            "varies much more. Ours gave less than 1× at the first try.",
        },
        right="The typical speed-up is probably somewhere between 1.5× and 2.3×",
    ),
    "7.5": Question(
        "A provider advertises a mean of 0.3 s. Which question do you ask first?",
        {
            "What is the slowest call of all?": "It depends most of all on how long one has "
            "looked: among a million calls there is always one disaster.",
            "What are the median and the 95th percentile, of how many calls?": "The two say what "
            "is usual and what is bad, and the number says whether to believe them.",
            "What is the mean without the slow calls?": "The slow calls happened. Leave them out, "
            "and the number is about calls that nobody can choose to make.",
        },
        right="What are the median and the 95th percentile, of how many calls?",
    ),
    "7.9": Question(
        "A team lowers its limit from 20 calls in flight to 5. The median duration of a call stays "
        "0.3 s, and the users complain. What happened?",
        {
            "The users wait for a slot, and duration does not count that": "Look at total_time, or "
            "at queue_time beside duration: duration begins when the slot is free.",
            "The server became slower": "Then the duration would have grown. It begins when a call "
            "is sent.",
            "The users are wrong, the number says so": "The number answers another question: how "
            "long the server takes, not how long the users wait.",
        },
        right="The users wait for a slot, and duration does not count that",
    ),
    "7.12": Question(
        "You test a chat server for a shop. Customers will come to it when they like. How do you "
        "send the test questions?",
        {
            "On a schedule, and each wait counts from when its question was due": "Customers come "
            "whether or not the others have been served.",
            "One after another, each as soon as the one before is answered": "That measures one "
            "patient customer. When the server is stuck, your test stops asking.",
            "All at once, with gather": "That measures a sale that begins on the stroke of nine. "
            "Useful to know, but not an ordinary day.",
        },
        right="On a schedule, and each wait counts from when its question was due",
    ),
}

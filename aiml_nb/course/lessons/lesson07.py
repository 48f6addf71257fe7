"""Lesson 7, Honest numbers: checks, hints and questions."""

from __future__ import annotations

from math import exp, isclose, log
from statistics import fmean, harmonic_mean, median

from ...records import Run
from ..engine.digits import show_number
from ..engine.exercises import Exercise, require
from ..engine.expect import call_plain, expect_function, expect_number
from ..engine.practice_run import answered_call, answered_run
from ..engine.questions import Question
from . import queue_time_exercise
from .schedule_exercise import check_on_schedule


def check_typical(typical: object) -> str:
    """Try ratios whose geometric mean differs from their other means."""
    function = expect_function(typical, "typical")
    for ratios in ([3.0, 1.5, 2.0, 0.9], [2.0, 0.5], [1.0, 1.0, 8.0], [1.7]):
        found, right = call_plain(function, list(ratios)), exp(fmean(map(log, ratios)))
        given = expect_number(found, "a number")
        said = f"typical({ratios}) gave {show_number(given)}"
        for other, why in _other_means(ratios, right):
            require(
                isclose(given, right, rel_tol=0.01) or not isclose(given, other, abs_tol=1e-9),
                f"{said}: {why}",
            )
        require(
            isclose(given, right, rel_tol=0.01),
            f"{said}, and the geometric mean is {show_number(right)}.",
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
        (
            right ** (n / 2),
            "that is the square root of the product, which is right for two ratios. For n of them "
            "it is the power of 1 / n.",
        ),
        (harmonic_mean(ratios), "that is the harmonic mean. Multiply the ratios, and take a root."),
        (log(right), "that is the mean of the logarithms. What is missing is its exp."),
        (
            ratios[0] ** (1 / n),
            "only the first ratio is in it: the return stands inside the loop, and ends it.",
        ),
        (0.0, "nought times anything is nought. Begin with 1."),
    ]


def check_within_95(within_95: object) -> str:
    """Try runs with quick failures and unsent calls, which begin at different times."""
    function = expect_function(within_95, "within_95")
    for number, failed, unsent in ((20, 0, 0), (40, 0, 0), (20, 20, 0), (20, 0, 4)):
        # The slowest stand first and last: whoever leaves one of these out is told apart.
        slow = [(number - (7 * place) % number) ** 2 / 20 for place in range(number)]
        slow.append(slow.pop(slow.index(sorted(slow)[-2])))
        run = _make_run(slow, failed=failed, unsent=unsent)
        others = f", {failed} calls refused" * bool(failed) + f", {unsent} not sent" * bool(unsent)
        given = expect_number(call_plain(function, run), "a number of seconds")
        said = f"for {number} answers of up to {max(slow):.0f} s{others}, it gave "
        _judge_percentile(given, run, said + show_number(given, digits=4), failed=failed)
    return "95 of 100 answered calls took at most so long, and quick failures do not count."


def _judge_percentile(given: float, run: Run, said: str, *, failed: int) -> None:
    ok = [call for call in run.calls if call.outcome == "ok"]
    ranked = sorted(call.duration or 0.0 for call in ok)
    place = len(ranked) * 19 // 20 - 1
    enough = ranked[place]
    finished = sorted(call.finished or 0.0 for call in ok)
    for other, why in (
        (fmean(ranked), "that is the mean, which says nothing about 95 of 100."),
        (
            0.95 * ranked[-1],
            "that is 95 % of the longest duration. Wanted is one of 95 % of calls.",
        ),
        (
            finished[round(0.95 * len(finished)) - 1],
            "that is when a call finished, counted from the run's beginning. Sort by duration.",
        ),
    ):
        require(isclose(given, enough) or not isclose(given, other), f"{said}: {why}")
    require(
        isclose(given, enough) or not isclose(given, ok[place].duration or 0.0),
        f"{said}: that is the call that was asked in this place. Sort the durations first.",
    )
    last_finished = sorted(ok, key=lambda call: call.finished or 0.0)
    at_place = last_finished[round(0.95 * len(ok)) - 1].duration or 0.0
    require(
        isclose(given, enough) or not isclose(given, at_place),
        f"{said}: that is counted from the slowest, or it is the call that finished in this place. "
        "Sort by duration, the quickest first, and not by finished.",
    )
    require(
        given < ranked[-1],
        f"{said}: within that all were done, and not only 95 of 100. (Python counts places "
        "from 0.)",
    )
    require(
        failed == 0 or given >= enough - 1e-9,
        f"{said}: the refused calls, of 0.01 s each, are counted too, and make the server look "
        "better. Keep those whose outcome is 'ok'.",
    )
    number = len(ranked)
    require(
        enough - 1e-9 <= given <= ranked[number * 19 // 20] + 1e-9,
        f"{said}. Wanted is the time that {number * 19 // 20} of the {number} do not exceed: sort "
        f"the durations, and take the {number * 19 // 20}th.",
    )


def _make_run(durations: list[float], *, failed: int, unsent: int) -> Run:
    """Make a run of answered calls, with refused ones of 0.01 s and unsent ones between them.

    The later a call begins the shorter it is, so they finish in another order than by duration.
    """
    taken = [durations[0], *[0.01] * failed, *durations[1:]]
    longest = max(durations)
    begins = [1.5 * (longest - each) for each in taken]
    run = answered_run(
        {
            f"question {number}": (begin, begin + each)
            for number, (begin, each) in enumerate(zip(begins, taken, strict=True))
        }
    )
    for call in run.calls[1 : 1 + failed]:
        call.outcome = "timeout" if call.index % 2 else "error"
    for place in range(unsent):
        call = answered_call(f"unsent {place}", started=0.0, finished=0.0, index=len(run.calls))
        call.started = call.finished = None
        call.outcome = "not_started"
        run.calls.insert(2, call)
    return run


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

IN_APPENDIX = ("7.11",)
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
    "7.13": Question(
        "Lesson 1 again: two questions, whose answers take 3 s and 0.3 s. How many times faster "
        "can both at once be?",
        {
            "2 times": "That is for two answers that take equally long.",
            "1.1 times": "3.3 s in place of 3 s: both at once cannot take less than the longer "
            "one. Whoever measures much more has measured an accident.",
            "10 times": "That is how much sooner the short answer may be there. The total hardly "
            "changes.",
        },
        right="1.1 times",
    ),
}

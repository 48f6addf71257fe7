"""Lesson 0: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

import aiml_nb as nb
from aiml_nb.course import check

OWN = ["Name a river.", "Why is snow white?", "How high is the sky?"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda call: call.finished - call.submitted,
        lambda call: call.total_time,
        lambda call: call.queue_time + call.duration,
    ],
)
def test_from_submitted_to_finished_passes(answer: object) -> None:
    assert check("0.3", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda call: call.duration, "that is the duration"),
        (lambda call: call.finished - call.started, "that is the duration"),
        (lambda call: call.finished, "that is when it finished"),
        (lambda call: call.submitted - call.finished, "Swap the two stamps"),
        (lambda call: 1000 * (call.finished - call.submitted), "in seconds"),
        (lambda call: call.queue_time, "the wait in the queue alone"),
        (lambda call: print(call.finished - call.submitted), "None"),
        (lambda call: call.ended, "AttributeError"),
        (0.25, "the function itself"),
    ],
)
def test_another_time_is_told_which_it_is(answer: object, said: str) -> None:
    verdict = check("0.3", answer)

    assert not verdict
    assert said in verdict.text


@pytest.mark.parametrize(("seed", "speed"), [(7, 20), (12, 50)])
def test_three_own_questions_pass_with_any_seed(seed: int, speed: float) -> None:
    endpoint = nb.connect(seed=seed, speed=speed, verbose=False)

    assert check("0.4", nb.run(OWN, endpoint, progress=False))


def test_what_is_not_three_own_questions_is_told_why(endpoint: nb.Endpoint) -> None:
    run = nb.run(OWN, endpoint, progress=False)
    ours = nb.run([*nb.prompts.FAQ, OWN[0]], endpoint, progress=False)
    twice = replace(run, calls=[run.calls[0], run.calls[0], run.calls[1]])
    failed = replace(run.calls[0], outcome="error", error_type="503", error="busy")
    wrong = [
        (OWN, "nb.run([…], endpoint)"),
        (run.calls, "a list, and wants the run"),
        (run.calls[0].text, "a str, and wants the run"),
        (replace(run, calls=run.calls[:1]), "the run has 1 question, and three"),
        (twice, "two of the questions are the same"),
        (ours, "one of them is ours"),
        (replace(run, calls=[failed, *run.calls[1:]]), "ended as error (503): busy"),
    ]
    for answer, said in wrong:
        verdict = check("0.4", answer)

        assert not verdict
        assert said in verdict.text

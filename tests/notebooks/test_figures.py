"""The figures that the instructor's pages promise are those the simulator draws, exactly."""

from __future__ import annotations

import random
import re
from heapq import heapreplace
from math import exp, log, sqrt
from statistics import fmean, median, stdev
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import aiml_nb as nb
from aiml_nb import prompts
from aiml_nb.analysis.pairs import t_quantile
from aiml_nb.analysis.whatif import first_come
from aiml_nb.simulator import Arrival, Settings, scenario, simulate

from .lessons import LESSONS, NOTEBOOKS

PAGE = (NOTEBOOKS / "instructor" / "lessons.md").read_text()


def durations(settings: Settings, *rounds: list[str]) -> list[list[float]]:
    """Ask the same fresh service round after round; return the seconds of each answer."""
    asked = [question for questions in rounds for question in questions]
    # Far apart in time, and without a limit it does not matter when.
    plans = simulate([Arrival(1000.0 * i, text) for i, text in enumerate(asked)], settings)
    times = iter(plan.finished - plan.arrived for plan in plans)
    return [[next(times) for _ in questions] for questions in rounds]


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.M | re.S)
    assert found, f"no section {number}"
    return found[0]


def test_lesson_0() -> None:
    ((answer,),) = durations(scenario("faq", seed=7, speed=2), ["What is 2+2?"])
    ((seven,),) = durations(scenario("faq", seed=7, speed=4), ["Why do cats purr?"])
    ((eight,),) = durations(scenario("faq", seed=8, speed=4), ["Why do cats purr?"])

    assert f"after {answer:.2f} s" in section(0)
    assert f"{seven:.2f} s twice with seed 7, {eight:.2f} s with seed 8" in section(0)


def test_lesson_1() -> None:
    # Asked by the two clients, then by both sides of compare.
    *_, turns, together = durations(scenario("faq", seed=0, speed=4), *[prompts.FAQ] * 4)
    assert f"{sum(turns):.2f} s one after another, {max(together):.2f} s together" in section(1)
    assert together[1] < together[0]

    settings = scenario("faq", seed=0, speed=10)
    turns, together = durations(settings, prompts.TWENTY, prompts.TWENTY)
    gain = sum(turns) / max(together)
    assert f"{sum(turns):.1f} s one after another, {max(together):.2f} s together" in section(1)
    assert f"{gain:.0f} times at best" in section(1)


def test_lesson_3() -> None:
    (each,) = durations(scenario("stragglers", seed=0, speed=16), prompts.TWENTY)

    groups = sum(max(each[start : start + 5]) for start in range(0, 20, 5))
    longer = groups / first_come(each, slots=5) - 1
    assert f"about {100 * longer:.0f} % longer" in section(3)


def waits_for_first_word(limit: int) -> list[float]:
    """Let the lesson's readers take the slot that is free first."""
    asked = [Arrival(1000.0 * i, text) for i, text in enumerate(prompts.TWENTY)]
    free, waits = [0.0] * limit, []
    for plan in simulate(asked, scenario("classroom", seed=0, speed=8)):
        assert plan.first_token is not None
        started = heapreplace(free, free[0] + plan.finished - plan.arrived)
        waits.append(started + plan.first_token - plan.arrived)
    return waits


def test_lesson_4() -> None:
    five, ten = (median(waits_for_first_word(limit)) for limit in (5, 10))

    assert f"{five:.2f} s for their first word with a limit of five, {ten:.2f} s with ten" in (
        " ".join(section(4).split())
    )


def test_lesson_5() -> None:
    (each,) = durations(scenario("hiccups", seed=0, speed=10), prompts.TWENTY[:12])

    assert f"in place of {max(each):.1f} s" in " ".join(section(5).split())


def test_lesson_6() -> None:
    eight, four = prompts.TWENTY[:8], prompts.TWENTY[:4]
    rounds = durations(scenario("faq", seed=0, speed=8), eight, eight, eight, four, four)

    assert f"take {max(rounds[0]):.2f} s" in section(6)
    assert f"{sum(rounds[3]):.1f} s, in threads {max(rounds[4]):.1f} s" in section(6)


def test_lesson_7_pairs() -> None:
    pair = ["Who painted the Mona Lisa?", "Suggest three names for a sailing boat."]
    asked = iter(durations(scenario("classroom", seed=2, speed=25), *[pair] * 24))
    once, again = (sum(next(asked)) / max(next(asked)) for _ in range(2))
    assert f"{1 / once:.1f} times *slower*, then {again:.1f} times faster" in section(7)

    logs, draw = [], random.Random(0)  # noqa: S311  the order within the pairs, as compare draws it
    for _ in range(10):
        order = ["sync", "async"]
        draw.shuffle(order)
        took = {side: next(asked) for side in order}
        logs.append(log(sum(took["sync"]) / max(took["async"])))
    half = t_quantile(9) * stdev(logs) / sqrt(10)
    middle, low, high = (exp(fmean(logs) + by) for by in (0, -half, half))
    assert f"Ten pairs give {middle:.1f} times ({low:.1f} to {high:.1f})" in section(7)


def test_lesson_7_percentiles() -> None:
    (found,) = durations(scenario("stragglers", seed=0, speed=15), prompts.TWENTY * 5)

    above = sum(each > fmean(found) for each in found)
    assert f"{above} of the 100 calls" in section(7)
    assert f"mean {fmean(found):.2f} s, median {median(found):.2f} s" in section(7)


def test_lesson_7_queue_time() -> None:
    (each,) = durations(scenario("classroom", seed=4, speed=12), prompts.TWENTY)
    free, waits = [0.0] * 4, []
    for duration in each:
        waits.append(heapreplace(free, free[0] + duration) + duration)
    queued = [wait - duration for wait, duration in zip(waits, each, strict=True)]

    assert f"7.7: {sum(wait > max(each) for wait in waits)} of 20" in section(7)
    assert sum(q > duration for q, duration in zip(queued, each, strict=True)) > 10


def test_lesson_7_open_loop() -> None:
    settings = scenario("stall", speed=20)
    closed = durations(settings, prompts.TWENTY)[0]
    arrivals = [Arrival(0.05 * n, text) for n, text in enumerate(prompts.TWENTY)]
    waits = [plan.finished - plan.arrived for plan in simulate(arrivals, settings)]

    assert sum(each > 0.1 for each in closed) == 1
    assert f"{sum(each > 0.1 for each in waits)} of 20" in section(7)
    assert f"median from {median(closed):.2f} s to {median(waits):.2f} s" in section(7)


def test_lesson_9_one_call_is_out_of_time() -> None:
    (each,) = durations(scenario("stragglers", seed=3, speed=4), prompts.TWENTY)

    *others, slowest = sorted(each)
    assert others[-1] < 1.0 < 2.0 < slowest - 1.0
    assert "the timeout of 2 s ends one of 20 calls" in section(9)


def test_lesson_10_answers_that_fit_and_films_that_are_looked_at() -> None:
    class Review(BaseModel):
        mood: Literal["happy", "angry", "neutral"]
        stars: Literal[1, 2, 3, 4, 5]
        wants_reply: bool

    lesson = next(each for each in LESSONS if each.number == "10")
    lines = re.findall(r'^            "(.*)",$', lesson.code[1], re.M)
    endpoint = nb.connect(scenario="misfits:20%", seed=2, speed=80, verbose=False)
    asked = [f"Read this review: {line}" for line in lines * 5]
    form: dict[str, Any] = {"response_format": Review, "progress": False}
    once = nb.run(asked, endpoint, **form)
    again = nb.run(asked, endpoint, **form, retry_invalid=2)
    fit = [sum(call.outcome == "ok" for call in run.calls) for run in (once, again)]
    attempts = sum(len(call.attempts) for call in again.calls)

    text = " ".join(section(10).split())
    assert f"10.1: {fit[0]} of 20; asked again, {fit[1]} of 20 with {attempts} calls" in text
    paid = nb.connect(scenario="aimlapi", verbose=False)
    (call,) = nb.run(["What is 2+2?"], paid, max_tokens=20, progress=False).calls
    assert f"The simulated call costs ${call.cost:f}" in text


def test_lesson_10_the_nearest_text_shares_most_words() -> None:
    lesson = next(each for each in LESSONS if each.number == "10")
    shelf = re.findall(r'^    "(.*\?)",$', "\n".join(lesson.code), re.M)[:4]
    endpoint = nb.connect(simulate=True, speed=80, verbose=False)
    asked = "Is the shop open on a Sunday?"
    assert asked in "\n".join(lesson.code)

    run = nb.run([*shelf, asked], endpoint, api="embeddings", progress=False)

    *vectors, wanted = (call.vectors[0] for call in run.calls)
    products = [float(vector @ wanted) for vector in vectors]
    assert float(wanted @ wanted) == pytest.approx(1, abs=1e-3)
    assert products.index(max(products)) == 0
    assert min(products) < 0.05


def test_the_appendix_quotes_the_drift_that_its_cell_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    appendix = next(each for each in LESSONS if each.name == "appendix-more-honest-numbers")
    (cell,) = (code for code in appendix.code if "def b_over_a" in code)

    exec(f"import statistics\n{cell}", {})  # noqa: S102  our own text
    printed = re.findall(r"B takes ([\d.]+) times", capsys.readouterr().out)

    text = " ".join(appendix.markdown.split())
    assert printed == ["1.22", "1.05", "1.00"]
    assert f"B looks {printed[0]} times slower" in text
    assert f"a single run is left, {printed[1]}" in text
    assert f"it is {printed[2]}: nothing is left" in text

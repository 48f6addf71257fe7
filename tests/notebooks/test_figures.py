"""The figures that the instructor's pages promise are those the simulator draws, exactly."""

from __future__ import annotations

import re
from heapq import heapreplace
from statistics import median

from aiml_nb import prompts
from aiml_nb.analysis.whatif import first_come
from aiml_nb.simulator import Arrival, Settings, scenario, simulate

from .lessons import NOTEBOOKS

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
    settings = scenario("faq", seed=0, speed=8)
    # Asked by the two clients, then by both sides of compare.
    *_, turns, together = durations(settings, *[prompts.FAQ] * 4)
    assert f"{sum(turns):.2f} s one after another, {max(together):.2f} s together" in section(1)
    assert together[1] < together[0]

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
    for plan in simulate(asked, scenario("classroom", seed=0, speed=5)):
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

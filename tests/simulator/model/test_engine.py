from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.simulator import Arrival, Settings, simulate
from aiml_nb.simulator.model.engine import Engine

from ..caller import LONG, SHORT

moments = st.floats(0, 30, allow_nan=False)
arrival_lists = st.lists(
    st.builds(
        Arrival,
        at=moments,
        prompt=st.sampled_from([LONG, SHORT, "a", "b", "c"]),
        max_tokens=st.none() | st.integers(1, 50),
    ),
    max_size=30,
)


@given(arrival_lists, st.integers(0, 10), st.none() | st.integers(1, 5))
def test_the_same_arrivals_and_seed_give_the_same_plans(arrivals, seed, capacity):
    settings = Settings(seed=seed, capacity=capacity)

    assert simulate(arrivals, settings) == simulate(arrivals, settings)


def test_the_draws_are_the_same_in_another_process():
    """Nothing depends on the hash seed of the interpreter."""
    code = "from aiml_nb.simulator import *; print(simulate([Arrival(0, 'any')], Settings(seed=5)))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }

    assert outputs == {f"{simulate([Arrival(0, 'any')], Settings(seed=5))}\n"}


@given(arrival_lists, st.integers(1, 5))
def test_no_more_than_capacity_are_served_at_once(arrivals, capacity):
    plans = simulate(arrivals, Settings(capacity=capacity))

    for plan in plans:
        at_once = [each for each in plans if each.started <= plan.started < each.finished]
        assert len(at_once) <= capacity


@given(arrival_lists, st.integers(1, 5))
def test_the_queue_is_first_come_first_served(arrivals, capacity):
    plans = sorted(simulate(arrivals, Settings(capacity=capacity)), key=lambda plan: plan.number)

    starts = [plan.started for plan in plans]
    assert starts == sorted(starts)
    assert all(plan.arrived <= plan.started <= plan.first_token for plan in plans)


@given(arrival_lists)
def test_nobody_waits_without_a_capacity(arrivals):
    for arrival, plan in zip(arrivals, simulate(arrivals), strict=True):
        assert plan.arrived == plan.started == arrival.at


@pytest.mark.parametrize("seed", range(100))
def test_the_faq_takes_as_long_as_the_faq_saw_whatever_the_seed(seed):
    long, short = simulate([Arrival(0, LONG), Arrival(0, SHORT)], Settings(seed=seed))

    assert 5.0 < long.finished < 6.0
    assert 0.3 < long.first_token < 0.6
    assert 0.4 < short.finished < 0.65


def test_other_prompts_take_about_one_to_three_seconds():
    times = sorted(plan.finished for plan in simulate([Arrival(0, f"{i}") for i in range(200)]))

    assert 1 < times[20] < times[180] < 3


def test_speed_divides_all_times():
    (slow,), (fast,) = (
        simulate([Arrival(0, "any")], Settings(speed=speed)) for speed in (0.5, 5.0)
    )

    assert slow.text == fast.text
    assert slow.first_token == pytest.approx(10 * fast.first_token)
    assert slow.finished == pytest.approx(10 * fast.finished)


def test_a_repeat_has_the_same_text_and_other_times_and_a_new_service_repeats_the_first():
    first, second = simulate([Arrival(0, "any"), Arrival(0, "any")])
    (again,) = simulate([Arrival(0, "any")])

    assert (first.repeat, second.repeat) == (0, 1)
    assert first.text == second.text
    assert first.finished != second.finished
    assert again == first


def test_another_seed_gives_other_answers():
    texts = {simulate([Arrival(0, "any")], Settings(seed=seed))[0].text for seed in range(5)}

    assert len(texts) == 5


def test_max_tokens_cuts_the_answer_and_its_time():
    whole, cut = (simulate([Arrival(0, LONG, most)])[0] for most in (None, 10))

    assert (whole.finish_reason, cut.finish_reason) == ("stop", "length")
    assert cut.tokens == whole.tokens[:10]
    assert cut.finished == pytest.approx(cut.first_token + 9 * cut.token_time)


def test_plans_come_in_the_order_of_the_arrivals_given():
    late, early = simulate([Arrival(5, "late"), Arrival(1, "early")])

    assert (late.number, early.number) == (2, 1)


def test_a_full_queue_turns_away_with_503():
    settings = Settings(capacity=1, queue=1)

    plans = simulate([Arrival(0, LONG), Arrival(0.1, SHORT), Arrival(0.2, SHORT)], settings)

    assert [plan.status for plan in plans] == [200, 200, 503]


def test_a_place_in_the_queue_is_free_once_its_call_is_served():
    settings = Settings(capacity=1, queue=1)

    plans = simulate([Arrival(0, SHORT), Arrival(0.1, LONG), Arrival(2, SHORT)], settings)

    assert [plan.status for plan in plans] == [200, 200, 200]


def test_a_queue_of_none_serves_who_finds_a_free_slot():
    settings = Settings(capacity=1, queue=0)

    plans = simulate([Arrival(0, SHORT), Arrival(0.1, SHORT), Arrival(2, SHORT)], settings)

    assert [plan.status for plan in plans] == [200, 503, 200]


def test_who_leaves_early_lets_the_others_move_up():
    engine = Engine(Settings(capacity=1))
    first = engine.admit(Arrival(0, LONG))
    second = engine.admit(Arrival(0, LONG))
    third = engine.admit(Arrival(0, SHORT))
    assert first.finished == second.started

    moved = engine.release(first.number, at=1.0)

    assert [plan.number for plan in moved] == [second.number, third.number]
    assert moved[0].started == 1.0
    assert moved[0].finished - 1.0 == pytest.approx(second.finished - second.started)
    assert moved[1].started == moved[0].finished


def test_who_leaves_the_queue_gives_up_no_slot():
    engine = Engine(Settings(capacity=1))
    first = engine.admit(Arrival(0, LONG))
    second = engine.admit(Arrival(0, LONG))
    engine.admit(Arrival(0, SHORT))

    (moved,) = engine.release(second.number, at=1.0)

    assert moved.started == first.finished


@given(arrival_lists, st.integers(1, 3), st.sets(st.integers(1, 30)))
def test_capacity_holds_when_callers_leave(arrivals, capacity, leavers):
    """Each leaver goes in the middle of being served."""
    engine = Engine(Settings(capacity=capacity))
    plans = {}
    for arrival in arrivals:
        plan = engine.admit(Arrival(0.0, arrival.prompt, arrival.max_tokens))
        plans[plan.number] = plan
    ends = {}
    while waiting := [plan for number, plan in plans.items() if number not in ends]:
        plan = min(waiting, key=lambda plan: (plan.finished, plan.number))
        early = plan.number in leavers
        at = plan.started + (plan.finished - plan.started) * 0.9 if early else plan.finished
        at = max([at, *ends.values()])
        ends[plan.number] = at
        for moved in engine.release(plan.number, at=at):
            plans[moved.number] = moved

    for plan in plans.values():
        at_once = [
            each
            for number, each in plans.items()
            if each.started <= plan.started < ends[number] - 1e-9
        ]
        assert len(at_once) <= capacity


def test_a_fault_belongs_to_a_request_or_to_a_prompt():
    settings = Settings(faults={2: 400, SHORT: (429, 429)})
    prompts = ["a", "b", SHORT, SHORT, SHORT]

    plans = simulate([Arrival(0, prompt) for prompt in prompts], settings)

    assert [plan.status for plan in plans] == [200, 400, 429, 429, 200]
    assert plans[1].tokens == ()
    with pytest.raises(ValueError, match="request 2 was refused"):
        plans[1].token_due(0)

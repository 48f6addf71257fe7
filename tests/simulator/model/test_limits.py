from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.simulator import Arrival, Settings, simulate
from aiml_nb.simulator.model.limits import WINDOWS, Limits

from ...waiting import let_pass_async
from ..caller import write_body

arrivals = st.lists(st.floats(0, 300, allow_nan=False), max_size=60).map(sorted)
windows = st.sampled_from(sorted(WINDOWS))


def admit(moments, *, window, requests=5, tokens=None, amount=10):
    limits = Limits(requests_per_minute=requests, tokens_per_minute=tokens, window=window, speed=1)
    return [limits.admit(at, tokens=amount) for at in moments]


def let_in(moments, found):
    return [
        at
        for at, quotas in zip(moments, found, strict=True)
        if not any(quota.wait for quota in quotas)
    ]


@given(arrivals)
def test_a_fixed_window_lets_in_its_limit_from_one_full_minute_to_the_next(moments):
    counts = Counter(int(at // 60) for at in let_in(moments, admit(moments, window="fixed")))

    assert max(counts.values(), default=0) <= 5


@given(arrivals)
def test_a_sliding_window_lets_in_its_limit_in_any_minute(moments):
    admitted = let_in(moments, admit(moments, window="sliding"))

    for at in admitted:
        assert sum(other <= at < other + 60 for other in admitted) <= 5


@given(arrivals)
def test_a_bucket_lets_in_its_limit_at_once_and_its_rate_from_then_on(moments):
    admitted = let_in(moments, admit(moments, window="bucket"))

    for first, start in enumerate(admitted):
        for count, at in enumerate(admitted[first:], 1):
            assert count <= 5 + (at - start) * 5 / 60 + 1e-6


def test_two_windows_worth_pass_at_the_border_of_a_fixed_one_only():
    """The classic difference: 5 before the full minute and 5 after it."""
    moments = [59.0] * 5 + [61.0] * 5

    passed = {kind: len(let_in(moments, admit(moments, window=kind))) for kind in WINDOWS}

    assert passed == {"fixed": 10, "sliding": 5, "bucket": 5}


@given(arrivals, windows, st.integers(1, 400))
def test_who_waits_as_told_gets_in_and_who_waits_less_does_not(moments, window, amount):
    found = admit(moments, window=window, requests=5, tokens=300, amount=amount)
    for index, quotas in enumerate(found):
        wait = max(quota.wait for quota in quotas)
        if not wait:
            continue
        if amount > 300:
            assert wait == math.inf
            continue
        before = moments[: index + 1]
        for patience, gets_in in ((1.0, True), (0.99, False)):
            later = [*before, before[-1] + wait * patience + 1e-6 * gets_in]
            last = admit(later, window=window, requests=5, tokens=300, amount=amount)[-1]
            assert (not any(quota.wait for quota in last)) == gets_in or wait < 1e-3
        break


def test_a_request_that_does_not_fit_takes_nothing():
    """Neither of the other limit, nor of the one it met."""
    limits = Limits(requests_per_minute=5, tokens_per_minute=20, window="sliding", speed=1)
    limits.admit(0, tokens=15)
    refused = limits.admit(1, tokens=10)
    fits = limits.admit(2, tokens=5)

    assert [(quota.kind, quota.remaining, quota.wait) for quota in refused] == [
        ("requests", 4, 0.0),
        ("tokens", 5, 59.0),
    ]
    assert [(quota.remaining, quota.reset) for quota in fits] == [(3, 60.0), (0, 60.0)]


def test_speed_shortens_the_minute():
    times = [0.0, 0.1, 6.1]
    plans = simulate([Arrival(at, "a") for at in times], Settings(speed=10, requests_per_minute=1))

    assert [(plan.status, plan.limit) for plan in plans] == [
        (200, None),
        (429, "requests"),
        (200, None),
    ]


def test_concurrency_counts_those_who_wait_for_a_slot_and_forgets_those_who_have_ended():
    settings = Settings(concurrency=2, capacity=1, first_token_time=1, token_time=0)
    times = [0.0, 0.1, 0.2, 9.0]

    plans = simulate([Arrival(at, "any") for at in times], settings)

    assert [plan.status for plan in plans] == [200, 200, 429, 200]
    assert plans[2].limit == "concurrency"


@given(st.lists(st.floats(0, 20), max_size=40), st.integers(1, 5), st.none() | st.integers(1, 3))
def test_no_more_than_the_concurrency_are_ever_in_the_service(times, concurrency, capacity):
    settings = Settings(concurrency=concurrency, capacity=capacity)
    plans = simulate([Arrival(at, "any") for at in times], settings)

    inside = [plan for plan in plans if plan.status == 200]
    for plan in inside:
        assert sum(p.arrived <= plan.arrived < p.finished for p in inside) <= concurrency


def test_each_call_in_the_service_slows_the_next_one_down():
    settings = Settings(slow_down=0.5, first_token_spread=0, token_time_spread=0)

    alone, crowded, *_ = simulate([Arrival(0, "a") for _ in range(3)], settings)[::2]

    assert crowded.finished == pytest.approx(alone.finished * 2)
    assert crowded.text == alone.text


def test_a_share_of_the_calls_are_stragglers_the_same_for_the_same_seed():
    arrivals = [Arrival(index * 100, f"{index}") for index in range(500)]

    usual = simulate(arrivals, Settings())
    slow = simulate(arrivals, Settings(straggler_share=0.1, straggler_factor=4))

    factors = [
        round((late.finished - late.arrived) / (plan.finished - plan.arrived), 6)
        for late, plan in zip(slow, usual, strict=True)
    ]
    assert set(factors) == {1.0, 4.0}
    assert 30 < factors.count(4.0) < 70


async def ask(service, prompt):
    body = write_body(prompt)
    return await service.call("POST", "/v1/chat/completions", json=body)


async def test_a_limit_per_minute_tells_what_is_left_and_when_to_come_back(open_service):
    service = open_service(speed=1, requests_per_minute=2, tokens_per_minute=100_000)

    answers = [await ask(service, "What is 2+2?") for _ in range(3)]

    assert [status for status, _, _ in answers] == [200, 200, 429]
    left = [headers["x-ratelimit-remaining-requests"] for _, headers, _ in answers]
    assert left == ["1", "0", "0"]
    _, headers, body = answers[-1]
    assert 55 < int(headers["retry-after"]) <= 60
    assert 55_000 < int(headers["retry-after-ms"]) <= 60_000
    assert headers["x-ratelimit-limit-tokens"] == "100000"
    assert body["error"]["type"] == "requests"
    assert body["error"]["code"] == "rate_limit_exceeded"
    assert "2 requests a minute" in body["error"]["message"]


async def test_who_waits_as_the_header_says_is_served(open_service):
    service = open_service(speed=100, requests_per_minute=1)
    await ask(service, "What is 2+2?")
    _, headers, _ = await ask(service, "What is 2+2?")
    await let_pass_async(int(headers["retry-after-ms"]) / 1000)

    assert (await ask(service, "What is 2+2?"))[0] == 200


async def test_a_request_that_never_fits_is_told_so(open_service):
    service = open_service(tokens_per_minute=10)

    status, headers, body = await ask(service, "Tell me a long story.")

    assert status == 429
    assert "retry-after" not in headers
    assert "alone is over the limit" in body["error"]["message"]


async def test_over_the_concurrency_a_429_is_bare(open_service):
    service = open_service(speed=5, concurrency=2, requests_per_minute=100)

    answers = await asyncio.gather(*[ask(service, f"{number}") for number in range(5)])

    assert sorted(status for status, _, _ in answers) == [200, 200, 429, 429, 429]
    for status, headers, _ in answers:
        if status == 429:
            assert not [name for name in headers if "ratelimit" in name or "retry" in name]

from __future__ import annotations

import asyncio

import pytest

from aiml_nb.simulator import Arrival, Settings, SimulatorError, simulate
from aiml_nb.simulator.http.service import Registry

from ..caller import LONG, SHORT, write_body


async def test_each_token_has_settings_counters_and_a_log_of_its_own(open_service):
    one, two = open_service(seed=1), open_service(seed=2, models=["other", "gpt-4o"])

    texts = [
        (await service.complete("any"))["choices"][0]["message"]["content"]
        for service in (one, two)
    ]
    await two.complete("any")

    assert texts[0] != texts[1]
    assert [len((await each.read_log())["requests"]) for each in (one, two)] == [1, 2]
    assert (await two.call("GET", "/models"))[2]["data"][0]["id"] == "other"


async def test_a_new_service_repeats_the_first_exactly(open_service):
    completions = [await open_service(seed=3).complete("any") for _ in range(2)]

    for completion in completions:
        del completion["created"]
    assert completions[0] == completions[1]


async def test_the_server_plays_what_the_core_plans(open_service):
    service = open_service(seed=5, speed=10)
    for _ in range(2):
        await service.complete("any")

    plans = simulate([Arrival(0, "any"), Arrival(1, "any")], Settings(seed=5, speed=10))
    for request, plan in zip((await service.read_log())["requests"], plans, strict=True):
        planned = request["planned_finish"] - request["planned_start"]
        assert planned == pytest.approx(plan.finished - plan.started, abs=2e-6)


async def test_a_fault_by_number_hits_that_completion_only(open_service):
    """Other requests, such as a warm-up that lists the models, are not counted."""
    service = open_service(faults={2: 400})
    await service.call("GET", "/v1/models")
    statuses = [
        (await service.call("POST", "/chat/completions", json=write_body(str(n))))[0]
        for n in range(3)
    ]

    assert statuses == [200, 400, 200]


async def test_capacity_queues_the_rest(open_service):
    service = open_service(capacity=2)
    await asyncio.gather(*[service.complete(f"{n}") for n in range(8)])

    log = await service.read_log()
    requests = log["requests"]
    assert log["peak_in_flight"] == 8
    assert sum(each["queued"] is not None for each in requests) == 6
    for each in requests:
        at_once = [
            other
            for other in requests
            if other["planned_start"] <= each["planned_start"] < other["planned_finish"]
        ]
        assert len(at_once) <= 2


async def test_who_hangs_up_frees_the_slot_for_the_next(open_service):
    service = open_service(capacity=1, speed=1)
    first = asyncio.create_task(service.complete(LONG))
    await service.wait_until_in_flight(1)
    second = asyncio.create_task(service.complete(SHORT))
    await service.wait_until_in_flight(2)
    first.cancel()

    async with asyncio.timeout(3):  # the long answer would have taken 5
        completion = await second

    assert completion["choices"][0]["message"]["content"] == "2 + 2 = 4."
    with pytest.raises(asyncio.CancelledError):
        await first


def test_a_token_is_registered_once_and_printable():
    registry = Registry()
    registry.register("sim-12345678", Settings())

    for token in ("sim-12345678", "short", "sim-with space", "sim-é-123456", "a" * 201, 12345678):
        with pytest.raises(SimulatorError, match="token"):
            registry.register(token, Settings())

from __future__ import annotations

import asyncio
import json

import aiohttp

from aiml_nb.simulator import Arrival, Settings, scenario, simulate

from ..caller import write_body

PROMPTS = [f"Question {number % 20}?" for number in range(40)]


async def ask_in_turn(service, prompts):
    """Give status and body of each answer, or the name of the error; ids of requests left aside."""
    answers = []
    for prompt in prompts:
        try:
            async with service.session.post(
                f"{service.root}/v1/chat/completions",
                json=write_body(prompt),
                headers=service.headers,
            ) as answer:
                body = await answer.read()
                if answer.status == 200 and body.startswith(b"{"):
                    body = body.replace(b'"created": %d' % find_created(body), b"")
                answers.append((answer.status, body))
        except aiohttp.ClientError as error:
            answers.append(type(error).__name__)
    return answers


def find_created(body):
    return int(body.partition(b'"created": ')[2].partition(b",")[0] or 0)


def plan_times(requests):
    """The planned times from the start of each call, in microseconds."""
    return [
        [
            None if each[name] is None else round((each[name] - each["planned_start"]) * 1e6)
            for name in ("planned_first_token", "planned_finish")
        ]
        for each in requests
    ]


def differ_by_a_microsecond_at_most(one, other):
    """The log rounds both ends of each time."""
    return all(
        a == b or (a is not None and b is not None and abs(a - b) <= 1)
        for pair, twin in zip(one, other, strict=True)
        for a, b in zip(pair, twin, strict=True)
    )


async def test_the_same_seed_and_script_give_the_same_bodies_faults_and_times(open_service):
    settings = scenario("chaos", seed=11, speed=50).to_dict()
    services = [open_service(**settings) for _ in range(2)]

    one, other = [await ask_in_turn(service, PROMPTS) for service in services]
    logs = [(await service.read_log())["requests"] for service in services]

    assert one == other
    assert len({json.dumps(str(answer)) for answer in one}) > 20
    faults, faults_again = ([each["fault"] for each in requests] for requests in logs)
    assert faults == faults_again
    assert len(set(faults)) > 3
    assert differ_by_a_microsecond_at_most(*map(plan_times, logs))


async def test_all_at_once_they_finish_in_the_planned_order_both_times(open_service):
    prompts = [f"Question {number}?" for number in range(12)]
    # With this seed no two end within 50 ms of each other.
    plans = simulate([Arrival(0.0, prompt) for prompt in prompts], Settings(seed=2))
    planned = sorted(range(12), key=lambda number: plans[number].finished)

    for _ in range(2):
        service, finished = open_service(seed=2, speed=1), []

        async def ask(number, service=service, finished=finished):
            await service.complete(prompts[number])
            finished.append(number)

        await asyncio.gather(*map(ask, range(12)))
        assert finished == planned


def test_the_core_repeats_itself_to_the_last_bit_limits_and_lots_included():
    settings = scenario(
        "chaos",
        seed=5,
        capacity=3,
        queue=3,
        concurrency=6,
        requests_per_minute=20,
        tokens_per_minute=9000,
        window="bucket",
        slow_down=0.1,
        straggler_share=0.1,
    )
    arrivals = [Arrival(number / 10, f"{number % 30}") for number in range(300)]

    plans = simulate(arrivals, settings)

    assert plans == simulate(arrivals, settings)
    assert {plan.status for plan in plans} >= {200, 429, 503}
    assert {plan.limit for plan in plans} >= {"requests", "concurrency"}

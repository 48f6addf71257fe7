from __future__ import annotations

import asyncio
import time

from ..caller import LONG, SHORT


async def test_the_log_tells_one_completion_truly(service):
    await service.call(
        "POST",
        "/v1/chat/completions",
        json={
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": LONG}],
        },
        headers={"X-Client-Request-Id": "mine", "x-stainless-retry-count": "2"},
    )

    (request,) = (await service.read_log())["requests"]
    assert request["number"] == 1
    assert (request["method"], request["path"]) == ("POST", "/v1/chat/completions")
    assert (request["attempt"], request["client_request_id"]) == (2, "mine")
    assert (request["status"], request["stream"]) == (200, False)
    assert request["queued"] is None
    assert not request["cancelled_by_client"]
    assert (
        request["received"]
        <= request["started"]
        <= request["planned_finish"]
        <= request["first_byte"]
        <= request["finished"]
    )


async def test_a_stream_agrees_with_the_log(service):
    events = await service.stream(LONG)

    (request,) = (await service.read_log())["requests"]
    assert request["received"] <= request["planned_first_token"] <= request["first_token"]
    assert request["planned_finish"] <= request["finished"]
    assert events[1][0] > request["first_token"] - request["received"]
    assert events[-1][0] > request["finished"] - request["received"]


async def test_the_log_holds_neither_texts_nor_keys(service):
    await service.complete("a secret question")

    log = str(await service.read_log())
    assert "secret" not in log
    assert "This answer is simulated" not in log
    assert service.token not in log


async def test_requests_that_are_no_completion_have_no_number(service):
    await service.call("GET", "/v1/models")
    await service.call("GET", "/nothing")
    await service.complete(SHORT)

    requests = (await service.read_log())["requests"]
    assert [(each["status"], each["number"]) for each in requests] == [
        (200, None),
        (404, None),
        (200, 1),
    ]


async def test_the_peak_is_the_callers_concurrency(open_service):
    for limit in (1, 3):
        service, slots = open_service(), asyncio.Semaphore(limit)

        async def ask(number, service=service, slots=slots):
            async with slots:
                if number % 2:
                    await service.complete(f"{number}")
                else:
                    await service.stream(f"{number}")

        await asyncio.gather(*[ask(number) for number in range(12)])

        assert (await service.read_log())["peak_in_flight"] == limit


async def test_a_client_that_leaves_is_noted(open_service):
    service = open_service(speed=1)
    call = asyncio.create_task(service.complete(LONG))
    stream = asyncio.create_task(service.stream(LONG))
    await service.wait_until_in_flight(2)
    call.cancel()
    stream.cancel()
    await asyncio.wait([call, stream])

    requests = await service.wait_for_log(2)

    assert [each["cancelled_by_client"] for each in requests] == [True, True]
    assert all(each["finished"] < each["planned_finish"] for each in requests)
    assert (await service.read_log())["in_flight"] == 0


async def test_the_servers_clock_can_be_read_on_ours(service):
    before = time.time()
    await service.complete(SHORT)
    after = time.time()

    log = await service.read_log()
    (request,) = log["requests"]
    assert before - 0.1 < log["began_at"] + request["received"] < after
    assert log["began"] + request["finished"] < time.monotonic() + 0.001

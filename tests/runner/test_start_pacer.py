"""The first calls are under way while the last are still written."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from aiohttp import web

import aiml_nb as nb
from aiml_nb.runner.pacing.start_pacer import MAX_STARTS, MIN_STARTS, StartPacer

from ..waiting import give_way, take

REPLY = {"choices": [{"index": 0, "message": {"content": "4"}, "finish_reason": "stop"}]}


async def test_the_first_request_is_sent_before_the_last_call_begins() -> None:
    """The server shares the loop: it hears of a request only when the calls let the loop turn."""
    begun: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({}, status=404)
        run = nb.last_run()
        assert run is not None
        begun.append(sum(call.started is not None for call in run.calls))
        await take(0.1)
        return web.json_response(REPLY)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        endpoint = nb.connect(base_url=address, model="m", verbose=False)
        run = await nb.run_async(["2+2?"] * 300, endpoint)
    finally:
        await runner.cleanup()

    assert all(call.outcome == "ok" for call in run.calls)
    assert begun[0] < 150
    starts = [call.started for call in run.calls]
    assert starts == sorted(starts)


async def climb_all(
    ramp: StartPacer, n_tasks: int, *, cancelled: set[int]
) -> tuple[list[int], Counter]:
    """Return the order in which tasks went on, and how many did in each turn of the loop."""
    loop = asyncio.get_running_loop()
    order: list[int] = []
    turns: Counter[int] = Counter()
    turn = 0

    def count_turns() -> None:
        nonlocal turn
        turn += 1
        if len(order) < n_tasks - len(cancelled):
            loop.call_soon(count_turns)

    async def climb(name: int) -> None:
        if not ramp.try_start():
            await ramp.wait()
        order.append(name)
        turns[turn] += 1

    count_turns()
    tasks = [asyncio.create_task(climb(name)) for name in range(n_tasks)]
    await give_way()
    for name in cancelled:
        tasks[name].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return order, turns


def watch(*, turn: float) -> StartPacer:
    """Return a ramp by whose clock each turn of the loop takes so many seconds."""
    now = 0.0

    def tell() -> float:
        nonlocal now
        now += turn
        return now

    return StartPacer(tell)


@pytest.mark.parametrize(("turn", "most"), [(0.0, MIN_STARTS), (0.0205, 20), (5.0, MAX_STARTS)])
async def test_a_few_go_on_in_each_turn_in_the_order_they_came(turn: float, most: int) -> None:
    """More where a turn is long: in a busy loop, calls that begin get their share of the time."""
    ramp = watch(turn=turn)

    for _ in range(2):  # a ramp that was empty for a while works as a new one
        order, turns = await climb_all(ramp, 300, cancelled=set())

        assert order == list(range(300))
        assert max(turns.values()) == most
        assert len(turns) <= -(-300 // most) + 1  # the first turn may be a short one


async def test_who_is_cancelled_while_waiting_takes_nobodys_place() -> None:
    ramp = watch(turn=0.0)

    order, turns = await climb_all(ramp, 60, cancelled={20, 21, 59})
    again, _ = await climb_all(ramp, 20, cancelled=set())

    assert order == [name for name in range(60) if name not in {20, 21, 59}]
    assert set(turns.values()) <= {MIN_STARTS, 57 % MIN_STARTS}
    assert again == list(range(20))

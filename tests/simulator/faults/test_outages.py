from __future__ import annotations

import json
import time

import aiohttp
import pytest

from aiml_nb.simulator import Arrival, Settings, SettingsError, scenario, simulate

from ...waiting import let_pass_async, wait_until_async
from ..caller import LONG, SHORT, write_body
from ..http.test_foreground import served
from ..raw import ask_raw

QUICK = {"first_token_time": 0, "token_time": 0, "prompt_token_time": 0, "speed": 1}


def test_an_arrival_while_the_service_is_away_is_reset_and_moves_no_draw():
    """Seconds count from the first arrival; a repeat that met nobody is no repeat."""
    settings = Settings(outages=[(5, 7)], seed=4)
    arrivals = [Arrival(100.0 + at, "same") for at in (0, 4.9, 5, 6.9, 7)]

    plans = simulate(arrivals, settings)

    assert [plan.status for plan in plans] == [200, 200, None, None, 200]
    assert [plan.fault and plan.fault.name for plan in plans][2:4] == ["outage"] * 2
    assert [plan.repeat for plan in plans if plan.status] == [0, 1, 2]


def test_what_is_on_its_way_is_reset_and_frees_its_place():
    settings = Settings(outages=[(1, 2)], capacity=1)

    first, waiting, later = simulate(
        [Arrival(0.0, LONG), Arrival(0.5, LONG), Arrival(2.5, SHORT)], settings
    )

    assert first.reset_at == waiting.reset_at == 1
    assert first.end == waiting.end == 1
    assert (later.started, later.reset_at) == (2.5, None)


def test_the_seconds_are_divided_by_the_speed():
    plans = simulate(
        [Arrival(at, "a") for at in (0, 0.49, 0.5, 0.7)], Settings(outages=[(5, 7)], speed=10)
    )

    assert [plan.status for plan in plans] == [200, 200, None, 200]


@pytest.mark.parametrize(
    "outages",
    [5, "5-7", [5], [(5,)], [(5, 5)], [(7, 5)], [(-1, 2)], [(5, 7), (6, 8)], [(0, 1e9)],
     [("5", "7")], [(0, float("nan"))], [(n, n + 1) for n in range(101)]],
)  # fmt: skip
def test_outages_are_pairs_one_after_the_other(outages):
    with pytest.raises(SettingsError, match="outages must"):
        Settings(outages=outages)


def test_outages_survive_json():
    settings = Settings(outages=[(5, 7), (20, 30)])

    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_the_scenario_takes_the_seconds():
    assert scenario("outage").outages == ((5, 7),)
    assert scenario("outage:0.5-2.5").outages == ((0.5, 2.5),)
    for wrong in ("outage:5", "outage:7-5", "outage:x-y", "outage:"):
        with pytest.raises(SettingsError, match=r"as in outage:5-7; not 'outage:"):
            scenario(wrong)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_service_among_others_resets_and_comes_back(open_service, stream):
    """Its socket is theirs too, so that it is not closed."""
    service = open_service(**QUICK, outages=[(0.3, 0.8)])
    other = open_service(**QUICK)
    before = await ask_raw(service, stream=stream)
    began = time.monotonic()
    await let_pass_async(0.4)
    away, same = await ask_raw(service, stream=stream), await ask_raw(other, stream=stream)
    await let_pass_async(max(0.0, began + 0.8 - time.monotonic()))
    after = await ask_raw(service, stream=stream)

    assert before.text == same.text == after.text == "2 + 2 = 4."
    assert (away.data, away.ending) == (b"", "rst")
    requests = await service.wait_for_log(3)
    assert [(each["status"], each["fault"]) for each in requests] == [
        (200, None),
        (None, "outage"),
        (200, None),
    ]
    assert not any(each["cancelled_by_client"] for each in requests)


async def test_an_answer_on_its_way_is_broken_off(open_service):
    """After some of its text, as the log tells too."""
    service = open_service(speed=1, outages=[(1, 100)])

    reply = await ask_raw(service, LONG, stream=True, limit=10)

    assert reply.ending == "rst"
    assert 0 < len(reply.text) < 800
    (request,) = await service.wait_for_log(1)
    assert (request["status"], request["fault"]) == (200, "outage")
    assert 0.9 < request["finished"] - request["received"] < 2


async def test_the_list_of_models_is_away_too(open_service):
    service = open_service(**QUICK, outages=[(0, 100)])
    await ask_raw(service)

    with pytest.raises(aiohttp.ClientError):
        await service.call("GET", "/v1/models")


async def ask_until(session, url, wanted, *, limit=10.0):
    """Ask until a reply, or an error of the connection, is of the kind wanted."""

    async def is_wanted():
        try:
            async with session.post(f"{url}/chat/completions", json=write_body()) as answer:
                await answer.read()
                kind = "answered"
        except aiohttp.ClientConnectorError:
            kind = "refused"
        except aiohttp.ClientError:
            kind = "broken"
        return kind == wanted

    await wait_until_async(is_wanted, patience=limit)
    return time.monotonic()


async def test_started_by_hand_it_refuses_connections_and_comes_back_at_its_port():
    with served(name="outage:1.5-2.5", speed=1) as (_, url):
        async with aiohttp.ClientSession() as session:
            await ask_until(session, url, "answered")
            refused = await ask_until(session, url, "refused")
            returned = await ask_until(session, url, "answered")

    assert returned - refused > 0.5


async def test_started_by_hand_it_resets_what_is_open_when_it_goes():
    """An answer on its way, and a connection that is kept for the next one."""
    with served(name="outage:1-3", speed=1) as (_, url):
        async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as other:
            async with other.get(f"{url}/models") as answer:
                await answer.read()
            kept = next(iter(other.connector._conns.values()))[0][0]
            with pytest.raises(aiohttp.ClientError):
                async with session.post(f"{url}/chat/completions", json=write_body(LONG)) as answer:
                    await answer.read()
            await wait_until_async(lambda: not kept.is_connected(), patience=2)

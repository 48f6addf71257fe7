"""A server may be silent for as long as a call's own time allows, whatever the libraries think."""

from __future__ import annotations

import asyncio
import itertools

import pytest

import aiml_nb as nb

from .connections import Exchange, connection_server

SILENCE = 6.0  # httpx2 by itself waits five seconds for the next piece


@pytest.mark.slow
async def test_an_answer_is_waited_for_before_it_begins_and_in_the_middle_of_it() -> None:
    def pause(exchange: Exchange) -> None:
        said = 0 if exchange.prompt == "before" else len(exchange.reply) // 2
        exchange.send(exchange.reply[:said])
        exchange_server.leaving.wait(SILENCE)
        exchange.send(exchange.reply[said:])

    with connection_server(pause) as exchange_server:
        endpoint = nb.connect(base_url=exchange_server.base_url, verbose=False)
        ways = itertools.product(["sequential", "threads", "gather", "workers"], [False, True])
        runs = await asyncio.gather(
            *[
                nb.run_async(
                    [when],
                    endpoint,
                    strategy=strategy,
                    stream=stream,
                    progress=False,
                )
                for strategy, stream in ways
                for when in ("before", "within")
            ]
        )

    calls = [call for run in runs for call in run.calls]
    assert [(call.outcome, call.error) for call in calls] == [("ok", None)] * 16
    assert all(call.duration >= SILENCE for call in calls if call.duration is not None)

"""What lesson 11 says of its own runs, from their records."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager

import openai
import pytest

import aiml_nb as nb
from aiml_nb.course import NotBegun, check

from ....waiting import wait_until_async
from .right import Again, Record, RunAll, ask


@asynccontextmanager
async def open_client(scenario, **options):
    endpoint = nb.connect(simulate=True, scenario=scenario, speed=4, seed=0, verbose=False)
    settings = {"base_url": endpoint.base_url, "api_key": endpoint.key.reveal(), **options}
    async with openai.AsyncOpenAI(**settings) as client:
        yield client


@pytest.mark.slow
async def test_one_call_of_the_client_is_three_requests() -> None:
    async with open_client("every:503") as client:
        with nb.watch() as seen, pytest.raises(openai.InternalServerError):
            await ask(client, "What is 2+2?")

    assert [len(call.attempts) for call in seen.calls] == [3]


@pytest.mark.slow
async def test_eight_of_the_twelve_are_never_sent() -> None:
    silent = nb.connect(simulate=True, scenario="every:stall", verbose=False)
    handle = nb.start(nb.prompts.TWENTY[:12], silent, max_concurrency=4)
    await wait_until_async(lambda: sum(c.started is not None for c in handle.partial.calls) == 4)
    handle.cancel()
    await wait_until_async(lambda: handle.done)

    outcomes = Counter(call.outcome for call in handle.partial.calls)
    assert outcomes == {"cancelled": 4, "not_started": 8}


@pytest.mark.slow
async def test_the_others_go_on_in_ours_and_wait_in_the_run() -> None:
    questions, records = nb.prompts.TWENTY[:8], []
    async with open_client("come-back", max_retries=0) as client:
        with nb.watch() as mine:
            await RunAll.gather(client, questions, records, 3, 10)
    server = nb.connect(simulate=True, scenario="come-back", speed=4, seed=0, verbose=False)
    theirs = await nb.run_async(questions, server, max_concurrency=3)

    assert [record["outcome"] for record in records] == ["ok"] * 8
    assert Counter(call.outcome for call in mine.calls) == {"ok": 8, "error": 1}
    (told,) = [call.finished for call in mine.calls if call.outcome == "error"]
    assert sum(told < call.started < told + 1.9 for call in mine.calls) >= 3
    assert [len(call.attempts) for call in theirs.calls].count(2) == 1
    (told,) = [a.finished for c in theirs.calls for a in c.attempts if a.status == 429]
    sent = [a.started for c in theirs.calls for a in c.attempts]
    assert not [at for at in sent if told + 0.05 < at < told + 1.9]


def test_a_part_that_is_not_begun_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_begun(client, question, seconds):
        raise NotBegun("exercise 11.4")

    monkeypatch.setattr("tests.course.lessons.own_runner.right.ask_in_time", not_begun)

    with pytest.raises(NotBegun, match=r"exercise 11\.4"):
        check("11.5", Again.loop)


def test_a_part_that_is_not_begun_says_so_though_its_error_was_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def not_begun(client, question, seconds):
        raise NotBegun("exercise 11.5")

    monkeypatch.setattr("tests.course.lessons.own_runner.right.ask_again", not_begun)

    with pytest.raises(NotBegun, match=r"exercise 11\.5"):
        check("11.6", Record.update)

"""Answers of a third round: the right value by another behaviour than was asked for."""

# ruff: noqa: ASYNC251, RET503  answers as learners write them

from __future__ import annotations

import asyncio
import time

import openai
from openai import AsyncOpenAI

import aiml_nb as nb
from aiml_nb.loop import LoopLag

from ..lessons.own_runner.right import PASSES, ask, ask_in_time
from .registry import right, wrong


def another(client):
    return AsyncOpenAI(base_url=client.base_url, api_key=client.api_key, max_retries=0)


@wrong("11.2", "another client")
async def a_client_for_each(client, questions):
    return await asyncio.gather(*(ask(another(client), question) for question in questions))


@wrong("11.3", "another client")
async def a_client_of_its_own(client, questions, limit):
    slots, own = asyncio.Semaphore(limit), another(client)

    async def one(question):
        async with slots:
            return await ask(own, question)

    return await asyncio.gather(*map(one, questions))


@right("11.2")
async def with_other_options(client, questions):
    patient = client.with_options(timeout=30)
    return await asyncio.gather(*(ask(patient, question) for question in questions))


@wrong("11.4", "asked 2 times")
async def asks_again_when_late(client, question, seconds):
    try:
        return await asyncio.wait_for(ask(client, question), seconds)
    except TimeoutError:
        return await asyncio.wait_for(ask(client, question), seconds)


@wrong("11.4", "asked 2 times")
async def asks_twice_to_be_sure(client, question, seconds):
    both = asyncio.gather(ask(client, question), ask(client, question))
    return (await asyncio.wait_for(both, seconds))[0]


@wrong("11.5", "0.05 s will do")
async def always_a_second(client, question, seconds):
    for attempt in (1, 2, 3):
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
        await asyncio.sleep(1)


@wrong("11.5", "time.sleep would hold the loop")
async def blocks_beside_a_timeout(client, question, seconds):
    for attempt in (1, 2, 3):
        try:
            return await asyncio.wait_for(ask(client, question), seconds)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
            time.sleep(float(error.response.headers.get("retry-after", 0.05)))


@wrong("6.8", "no run")
async def without_a_run(suspect):
    async with LoopLag() as lag:
        await suspect()
    return lag.maximum


@wrong("6.8", "no run")
async def by_a_watch(suspect):
    worst, done = 0.0, asyncio.create_task(suspect())
    while not done.done():
        before = time.perf_counter()
        await asyncio.sleep(0.02)
        worst = max(worst, time.perf_counter() - before - 0.02)
    return worst


@right("6.8")
async def other_questions(suspect):
    endpoint = nb.connect(simulate=True, seed=3, speed=4, verbose=False)
    handle = nb.start(nb.prompts.TWENTY[8:16], endpoint)
    await suspect()
    return (await handle).loop_lag_max

"""Exercises 11.4 and 11.5: a time limit, and another attempt."""

# ruff: noqa: BLE001, N805, RET503  answers as learners write them, and no methods

from __future__ import annotations

import asyncio
import time
from typing import Any

import openai
import pytest

from aiml_nb.course import check

from .answers import right_answers, told, wrong_answers
from .right import PASSES, Again, InTime, ask, ask_in_time, wait_of


def again(attempts=3, passes=PASSES, wait=wait_of, sleep=asyncio.sleep, tried=()):
    async def ask_again(client, question, seconds):
        for attempt in range(1, attempts + 1):
            try:
                return await ask_in_time(client, question, seconds)
            except tried:
                continue
            except openai.APIStatusError as error:
                if error.status_code not in passes or attempt == attempts:
                    raise
                seconds_to_wait = wait(error)
            if sleep is asyncio.sleep:
                await asyncio.sleep(seconds_to_wait)
            else:
                sleep(seconds_to_wait)

    return ask_again


class NotInTime:
    async def no_limit(client, question, seconds):
        """still waiting after 3 s"""
        return await ask(client, question)

    async def the_clients_own(client, question, seconds):
        """it gave APITimeoutError"""
        return await ask(client.with_options(timeout=seconds), question)

    async def the_clients_own_as_timeout(client, question, seconds):
        """the silence between two pieces only"""
        try:
            return await ask(client.with_options(timeout=seconds), question)
        except openai.APITimeoutError:
            raise TimeoutError from None

    async def none_if_late(client, question, seconds):
        """it gave None. Let the TimeoutError go on"""
        try:
            return await InTime.timeout(client, question, seconds)
        except TimeoutError:
            return None

    async def still_running(client, question, seconds):
        """its call is still in flight"""
        task = asyncio.create_task(ask(client, question))
        return await asyncio.wait_for(asyncio.shield(task), seconds)

    async def always_half_a_second(client, question, seconds):
        """How long to wait is in the argument"""
        return await InTime.timeout(client, question, 0.5)

    async def always_two_seconds(client, question, seconds):
        """it gave up after 2.0"""
        return await InTime.timeout(client, question, 2.0)

    async def twice_as_long(client, question, seconds):
        """it gave up after 0.8"""
        return await InTime.timeout(client, question, 2 * seconds + 0.4)

    async def no_return(client, question, seconds):
        """it returned None"""
        async with asyncio.timeout(seconds):
            await ask(client, question)

    async def every_error_is_a_timeout(client, question, seconds):
        """catch nothing here"""
        try:
            return await InTime.timeout(client, question, seconds)
        except Exception:
            raise TimeoutError from None

    async def plain_with(client, question, seconds):
        """async with, not with  with"""
        with asyncio.timeout(seconds):
            return await ask(client, question)


class NotAgain:
    two_attempts = told("you give up after 2 of 3", again(attempts=2))
    four_attempts = told("three attempts are enough", again(attempts=4))
    whatever_the_status = told("400 does not pass", again(passes=range(400, 600)))
    only_429 = told("answers 503 once, you give up after 1", again(passes={429}))
    not_429 = told("answers 429, then 500, you give up after 1", again(passes=PASSES - {429}))
    no_wait = told("nothing is awaited that takes", again(wait=lambda error: 0))
    deaf_to_retry_after = told("Wait as long as it says", again(wait=lambda error: 0.05))
    time_sleep = told("time.sleep would hold the loop", again(sleep=time.sleep))
    timeouts_again = told("once is enough", again(tried=TimeoutError))

    async def once(client, question, seconds):
        """you give up after 1"""
        return await ask_in_time(client, question, seconds)

    async def by_the_client(client, question, seconds):
        """when the server answers"""
        return await ask_in_time(client.with_options(max_retries=2), question, seconds)

    async def any_error_of_the_client(client, question, seconds):
        """AttributeError"""
        for attempt in (1, 2, 3):
            try:
                return await ask_in_time(client, question, seconds)
            except openai.APIError as error:
                if error.status_code not in PASSES or attempt == 3:
                    raise
                await asyncio.sleep(wait_of(error))

    async def connections_again(client, question, seconds):
        """breaks the connection off, you ask 3 times"""
        for attempt in (1, 2, 3):
            try:
                return await Again.loop(client, question, seconds)
            except openai.APIConnectionError:
                if attempt == 3:
                    raise

    async def a_text_as_seconds(client, question, seconds):
        """asyncio.sleep wants a number of seconds"""
        for _ in range(3):
            try:
                return await ask_in_time(client, question, seconds)
            except openai.APIStatusError as error:
                await asyncio.sleep(error.response.headers.get("retry-after"))

    async def nothing_as_seconds(client, question, seconds):
        """asyncio.sleep wants a number of seconds"""
        for _ in range(3):
            try:
                return await ask_in_time(client, question, seconds)
            except openai.APIStatusError as error:
                await asyncio.sleep(float(error.response.headers.get("retry-after")))

    async def nothing_as_whole_seconds(client, question, seconds):
        """asyncio.sleep wants a number of seconds"""
        for _ in range(3):
            try:
                return await ask_in_time(client, question, seconds)
            except openai.APIStatusError as error:
                await asyncio.sleep(int(error.response.headers.get("retry-after")))

    async def without_a_time_limit(client, question, seconds):
        """a server that says nothing"""
        return await again()(client, question, 60)

    async def one_limit_for_all(client, question, seconds):
        """The seconds are those of one attempt"""
        async with asyncio.timeout(seconds):
            return await Again.loop(client, question, 60)

    async def none_at_last(client, question, seconds):
        """nobody learns that it failed"""
        try:
            return await Again.loop(client, question, seconds)
        except openai.APIStatusError:
            return None

    async def sleep_not_awaited(client, question, seconds):
        """nothing is awaited that takes"""
        for attempt in (1, 2, 3):
            try:
                return await ask_in_time(client, question, seconds)
            except openai.APIStatusError as error:
                if error.status_code not in PASSES or attempt == 3:
                    raise
                asyncio.sleep(wait_of(error)).close()


@pytest.mark.parametrize(
    ("key", "answer"), right_answers("11.4", InTime) + right_answers("11.5", Again)
)
def test_right_answers_pass_in_three_styles(key: str, answer: Any) -> None:
    assert check(key, answer)


@pytest.mark.parametrize(
    ("key", "answer"), wrong_answers("11.4", NotInTime) + wrong_answers("11.5", NotAgain)
)
def test_each_known_mistake_is_named(key: str, answer: Any) -> None:
    verdict = check(key, answer)

    assert not verdict
    assert answer.__doc__ in str(verdict)

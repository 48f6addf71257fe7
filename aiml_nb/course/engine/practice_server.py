"""`PracticeServer`: a simulated server for checks of code that calls a model with a client."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self
from urllib.request import ProxyHandler, Request, build_opener

from ...simulator import Arrival, Settings, shared_process, simulate
from ...simulator.model.prompts import Prompt

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it; times on the clock of `time.monotonic`.

    Parameters
    ----------
    question
        What it asked.
    received, ended
        When it came, and when it was answered or its client left; None while it is in flight.
    """

    question: str
    received: float
    ended: float | None


class PracticeServer:
    """A service of the simulator that answers each call after the same time, but for its faults.

    Parameters
    ----------
    questions
        All that it is going to be asked.
    seconds
        How long a call takes.
    faults
        Question to what goes wrong with it, as in the simulator's `Settings`.

    Examples
    --------
    >>> async with PracticeServer(["Why?", "When?"], faults={"When?": (503,)}) as server:
    ...     await ask_all(server.client, server.questions)
    ...     [each.question for each in await server.requests()]
    """

    client: AsyncOpenAI

    def __init__(
        self,
        questions: Sequence[str],
        *,
        seconds: float = 0.05,
        faults: Mapping[str, Any] | None = None,
    ) -> None:
        self.questions = list(questions)
        plain = {"first_token_time": seconds, "first_token_spread": 0.0, "token_time": 0.0}
        self._settings = Settings(prompt_token_time=0.0, **plain)  # type: ignore[arg-type]
        process = shared_process()
        scripts: Any = dict(faults or {})
        token = process.register(replace(self._settings, faults=scripts))
        self._log = Request(  # noqa: S310  our own server, on this machine
            process.base_url.removesuffix("/v1") + "/_simulator/log",
            headers={"Authorization": f"Bearer {token}"},
        )
        self._base_url, self._token = process.base_url, token
        self._exits = AsyncExitStack()
        self.sent_by_client = 0

    async def __aenter__(self) -> Self:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        # The client that learners have, but for the proxies of the environment.
        hooks = {"request": [self._note]}
        http = DefaultAsyncHttpxClient(trust_env=False, event_hooks=hooks)
        client = AsyncOpenAI(
            base_url=self._base_url, api_key=self._token, max_retries=0, http_client=http
        )
        self.client = await self._exits.enter_async_context(client)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exits.aclose()

    async def _note(self, request: object) -> None:
        self.sent_by_client += 1

    def answer_to(self, question: str) -> str:
        """Return what a question is answered, also when it is asked again."""
        (plan,) = simulate([Arrival(0.0, question)], self._settings)
        return plan.text

    async def requests(self) -> list[Seen]:
        """Return the requests so far, in the order in which they came."""
        log = await asyncio.to_thread(self._read_log)
        keys = {Prompt.from_text(question).key: question for question in self.questions}
        return [
            Seen(
                question=keys.get(each["prompt"], "a question that was not given"),
                received=log["began"] + each["received"],
                ended=None if each["finished"] is None else log["began"] + each["finished"],
            )
            for each in log["requests"]
            if each["number"] is not None
        ]

    async def peak_in_flight(self) -> int:
        """Return the most requests that were in flight at one moment."""
        return int((await asyncio.to_thread(self._read_log))["peak_in_flight"])

    async def wait_for(self, *, in_flight: int, requests: int = 0, at_most: float = 3.0) -> bool:
        """Wait until so many requests are in flight, after so many in all; say if they came."""
        deadline = time.monotonic() + at_most
        while time.monotonic() < deadline:
            made = await self.requests()
            if len(made) >= requests and sum(each.ended is None for each in made) == in_flight:
                return True
            await asyncio.sleep(0.01)
        return False

    def _read_log(self) -> dict[str, Any]:
        # No proxy: the environment may name one for other addresses.
        with build_opener(ProxyHandler({})).open(self._log, timeout=10) as reply:
            log: dict[str, Any] = json.load(reply)
        return log

"""A plain HTTP client of one simulated service, so that the tests read what is on the wire."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from ..waiting import wait_until_async

LONG = "List the 5 most famous hockey players of the 20th century."
SHORT = "What is 2+2?"


def write_body(prompt: str = SHORT, **parameters: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}]
    return {"model": "gpt-4o", "messages": messages, **parameters}


@dataclass
class Caller:
    session: aiohttp.ClientSession
    root: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
        """Make one request; give status, headers and the JSON body."""
        headers = self.headers | options.pop("headers", {})
        url = self.root + path
        async with self.session.request(method, url, headers=headers, **options) as answer:
            return answer.status, answer.headers, json.loads(await answer.read())

    async def complete(self, prompt: str = SHORT, **parameters: Any) -> Any:
        body = write_body(prompt, **parameters)
        status, _, completion = await self.call("POST", "/v1/chat/completions", json=body)
        assert status == 200, completion
        return completion

    async def stream(self, prompt: str = SHORT, **parameters: Any) -> list[tuple[float, str]]:
        """Stream an answer; give the data of each event and the second it came."""
        body = write_body(prompt, stream=True, **parameters)
        url, events, began = f"{self.root}/v1/chat/completions", [], time.perf_counter()
        async with self.session.post(url, json=body, headers=self.headers) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            async for line in answer.content:
                if line != b"\n":
                    assert line.startswith(b"data: ")
                    data = line.decode().removeprefix("data: ").strip()
                    events.append((time.perf_counter() - began, data))
        return events

    async def read_log(self) -> Any:
        return (await self.call("GET", "/_simulator/log"))[2]

    async def wait_for_log(self, count: int) -> list[Any]:
        """Wait until the log has that many finished requests."""

        async def finished() -> list[Any] | None:
            requests = (await self.read_log())["requests"]
            done = sum(request["finished"] is not None for request in requests)
            return list(requests) if done >= count else None

        return list(await wait_until_async(finished, patience=10))

    async def wait_until_in_flight(self, count: int) -> None:
        """Wait until the log has that many requests that have begun and not ended."""

        async def are_there() -> bool:
            return bool((await self.read_log())["in_flight"] == count)

        await wait_until_async(are_there)

"""The ways to make many calls, ours and others', each in a process of its own.

``python contenders.py NAME '{"base_url": …, "key": …, "calls": …, "in_flight": …}'`` makes the
calls and prints one line of JSON. Nothing of the project is imported but by our own contender, so
that the file runs in an environment that has only the contender's packages. All are timed from
before the first of their calls is made until they return. The others' clients are open by then;
ours opens its own, and warms it up, within that time.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

MODEL = "gpt-4o"
# All the limits of a run, too high to hold anything back.
LIMITS: dict[str, float] = {
    "requests_per_minute": 1e6,
    "tokens_per_minute": 1e9,
    "max_calls": 10**6,
    "max_total_tokens": 10**9,
}


@dataclass(frozen=True)
class Task:
    """What to do: so many calls, so many in flight."""

    base_url: str
    key: str
    calls: int
    in_flight: int
    stream: bool = False
    option: str = ""

    def messages(self, number: int) -> list[dict[str, str]]:
        return [{"role": "user", "content": f"Question {number}?"}]


@dataclass
class Result:
    """How many answers were whole, the seconds that all took, and what is kept of them."""

    answered: int
    makespan: float
    kept: object = None


async def bare(task: Task) -> Result:
    """aiohttp alone, the limit: no client object, no model of an answer, no records."""
    import aiohttp

    headers = {"Authorization": f"Bearer {task.key}"}
    url = f"{task.base_url}/chat/completions"

    async def ask(number: int) -> bool:
        body = {"model": MODEL, "messages": task.messages(number), "stream": task.stream}
        async with slots, session.post(url, json=body, headers=headers) as answer:
            if not task.stream:
                return bool((await answer.json())["choices"][0]["message"]["content"])
            text, reason = "", None
            async for line in answer.content:
                if line.startswith(b"data: {"):
                    choice = json.loads(line[6:])["choices"][0]
                    text += choice["delta"].get("content") or ""
                    reason = choice["finish_reason"]
            return bool(text) and reason == "stop"

    slots = asyncio.Semaphore(task.in_flight)
    connector = aiohttp.TCPConnector(limit=task.in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await _time(task, ask)


async def openai_default(task: Task) -> Result:
    """What a user writes: AsyncOpenAI as it comes, a semaphore, gather."""
    from openai import AsyncOpenAI

    return await _ask_openai(task, AsyncOpenAI(base_url=task.base_url, api_key=task.key))


async def openai_retrying(task: Task) -> Result:
    """The same with so many retries of its own as the option says."""
    from openai import AsyncOpenAI

    retries = int(task.option)
    client = AsyncOpenAI(base_url=task.base_url, api_key=task.key, max_retries=retries)
    return await _ask_openai(task, client)


async def openai_aiohttp(task: Task) -> Result:
    """The same over the aiohttp transport, with room for all connections."""
    return await _ask_openai(task, _open_openai(task))


async def openai_post(task: Task) -> Result:
    """The client's cheapest call: `post` over its aiohttp transport, and the JSON read.

    Python's garbage collector is held back as in a run, so that the rest of a run can be seen.
    """
    import httpx2

    from aiml_nb.runner.pacing.garbage_collector import fewer_full_gc

    async def ask(number: int) -> bool:
        body = {"model": MODEL, "messages": task.messages(number), "stream": False}
        async with slots:
            reply = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        return bool(json.loads(reply.content)["choices"][0]["message"]["content"])

    slots = asyncio.Semaphore(task.in_flight)
    async with _open_openai(task) as client:
        with fewer_full_gc():
            return await _time(task, ask)


async def our_post(task: Task) -> Result:
    """The same as a run sends it: over our transport, with a name for each request."""
    import aiml_nb as nb
    from aiml_nb.apis import CHAT
    from aiml_nb.runner.other_answer import opener_of
    from aiml_nb.runner.pacing.garbage_collector import fewer_full_gc
    from aiml_nb.runner.post import post
    from aiml_nb.runner.send import Request

    open_answer = opener_of(CHAT, reads_cost=False)
    endpoint = nb.connect(base_url=task.base_url, api_key=task.key, model=MODEL, verbose=False)
    url = f"{task.base_url}/chat/completions"

    async def ask(number: int) -> bool:
        body = {"model": MODEL, "messages": task.messages(number), "stream": False}
        async with slots:
            request = Request(url, f"run.{number}.1", body, {}, {}, open_answer)
            reply = await post(client, request)
        return bool(json.loads(reply.content)["choices"][0]["message"]["content"])

    slots = asyncio.Semaphore(task.in_flight)
    async with endpoint.open_async(max_connections=task.in_flight) as client:
        with fewer_full_gc():
            return await _time(task, ask)


async def openai_tqdm(task: Task) -> Result:
    """AsyncOpenAI under `tqdm.asyncio.tqdm.gather`, as tutorials have it."""
    from openai import AsyncOpenAI
    from tqdm.asyncio import tqdm

    async def gather(*coroutines: Awaitable[bool]) -> list[bool]:
        return list(await tqdm.gather(*coroutines, disable=None))

    client = AsyncOpenAI(base_url=task.base_url, api_key=task.key)
    return await _ask_openai(task, client, gather=gather)


async def ours(task: Task) -> Result:
    """`aiml_nb.run_async`; the option is a JSON object of its arguments."""
    import aiml_nb as nb

    options = json.loads(task.option.replace("{calls}", str(task.calls)) or "{}")
    if options.pop("patched", False):
        nb.patch_loop()
    endpoint = nb.connect(base_url=task.base_url, api_key=task.key, model=MODEL, verbose=False)
    prompts = [task.messages(number) for number in range(task.calls)]
    options = {"journal": False, "progress": False, "stream": task.stream} | options
    began = time.perf_counter()
    run = await nb.run_async(prompts, endpoint, max_concurrency=task.in_flight, **options)
    made = time.perf_counter() - began
    return Result(sum(call.outcome == "ok" for call in run.calls), made, run)


async def openai_threads(task: Task) -> Result:
    """The blocking client, shared by the threads of a pool."""
    from openai import OpenAI

    def ask(number: int) -> bool:
        reply = client.chat.completions.create(model=MODEL, messages=task.messages(number))
        return bool(reply.choices[0].message.content)

    with (
        OpenAI(base_url=task.base_url, api_key=task.key) as client,
        ThreadPoolExecutor(task.in_flight) as pool,
    ):
        began = time.perf_counter()
        answers = list(pool.map(ask, range(task.calls)))
        return Result(sum(answers), time.perf_counter() - began)


async def langchain(task: Task) -> Result:
    """`ChatOpenAI.abatch` with its limit."""
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(
        model=MODEL, base_url=task.base_url, api_key=task.key, max_retries=0, streaming=task.stream
    )
    prompts = [task.messages(number) for number in range(task.calls)]
    began = time.perf_counter()
    answers = await chat.abatch(
        prompts, config={"max_concurrency": task.in_flight}, return_exceptions=True
    )
    made = time.perf_counter() - began
    return Result(sum(bool(getattr(answer, "content", "")) for answer in answers), made)


async def litellm(task: Task) -> Result:
    """`litellm.acompletion` under a semaphore and gather.

    By itself it opens 500 connections to a host at most: here it may open as many as are wanted.
    """
    most = str(max(300, task.in_flight))
    os.environ |= {"AIOHTTP_CONNECTOR_LIMIT": most, "AIOHTTP_CONNECTOR_LIMIT_PER_HOST": most}
    import litellm as lite

    async def ask(number: int) -> bool:
        async with slots:
            reply = await lite.acompletion(
                model=f"openai/{MODEL}",
                api_base=task.base_url,
                api_key=task.key,
                messages=task.messages(number),
                num_retries=0,
                stream=task.stream,
            )
            return await _is_answered(reply, stream=task.stream)

    slots = asyncio.Semaphore(task.in_flight)
    return await _time(task, ask)


CONTENDERS: dict[str, Callable[[Task], Awaitable[Result]]] = {
    each.__name__: each
    for each in (
        bare,
        openai_default,
        openai_retrying,
        openai_aiohttp,
        openai_post,
        our_post,
        openai_tqdm,
        openai_threads,
        ours,
        langchain,
        litellm,
    )
}


def _open_openai(task: Task) -> Any:
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    limits = httpx2.Limits(max_connections=task.in_flight, max_keepalive_connections=task.in_flight)
    http = DefaultAioHttpClient(limits=limits, trust_env=False, verify=_read_certificates())
    return AsyncOpenAI(
        base_url=task.base_url, api_key=task.key, http_client=http, max_retries=0, timeout=120
    )


@cache
def _read_certificates() -> Any:
    """Read them once, as ours does, and not in the time of the calls."""
    import httpx2

    return httpx2.create_ssl_context()


async def _ask_openai(task: Task, client: Any, *, gather: Any = asyncio.gather) -> Result:
    async def ask(number: int) -> bool:
        async with slots:
            reply = await client.chat.completions.create(
                model=MODEL, messages=task.messages(number), stream=task.stream
            )
            return await _is_answered(reply, stream=task.stream)

    slots = asyncio.Semaphore(task.in_flight)
    async with client:
        return await _time(task, ask, gather=gather)


async def _is_answered(reply: Any, *, stream: bool) -> bool:
    """Read an answer of the client's models; say whether it is whole."""
    if not stream:
        return bool(reply.choices[0].message.content)
    text, reason = "", None
    async for chunk in reply:
        text += chunk.choices[0].delta.content or ""
        reason = chunk.choices[0].finish_reason
    return bool(text) and reason == "stop"


async def _time(
    task: Task, ask: Callable[[int], Awaitable[bool]], *, gather: Any = asyncio.gather
) -> Result:
    """Make all calls and time them; one that fails is not answered, and not the end."""
    failures: list[Exception] = []

    async def try_to(number: int) -> bool:
        try:
            return await ask(number)
        except Exception as error:  # noqa: BLE001  it is counted
            failures.append(error)
            return False

    began = time.perf_counter()
    answers = await gather(*[try_to(number) for number in range(task.calls)])
    made = time.perf_counter() - began
    if failures:
        print(f"{len(failures)} failed; the first: {failures[0]!r}", file=sys.stderr)
    return Result(sum(answers), made)


def main(name: str, task: str) -> None:
    allow_files(8192)
    print(json.dumps(asyncio.run(measure(CONTENDERS[name], Task(**json.loads(task))))))


async def measure(make_calls: Callable[[Task], Awaitable[Result]], task: Task) -> dict[str, float]:
    """Make one call, for the imports and whatever is built at first use; then all, measured."""
    await make_calls(replace(task, calls=1))
    memory, before = read_memory(), time.process_time()
    result = await make_calls(task)
    return {
        "answered": result.answered,
        "makespan": result.makespan,
        "cpu": (time.process_time() - before) / task.calls,
        "memory": (read_memory() - memory) / task.calls,
    }


def allow_files(count: int) -> None:
    """Let this process open so many files, where there is such a limit."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def read_memory() -> float:
    """Return the bytes in use now; 0 where nothing can tell, as in the others' environments."""
    try:
        import psutil
    except ImportError:
        return 0.0
    gc.collect()
    return float(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main(*sys.argv[1:])

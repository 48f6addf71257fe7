"""200 prompts by every strategy, 1 to 64 in flight, streamed and not, against the plain client."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiml_nb as nb
from aiml_nb.records import Call, Run

from .server import MODEL, LlamaServer

STRATEGIES = ("sequential", "threads", "gather", "workers", "task_group", "adaptive")
IN_FLIGHT = (1, 4, 16, 64)
PROMPTS = 200
PLAIN = "AsyncOpenAI"
PARAMETERS = {"max_tokens": 16}


@dataclass(frozen=True)
class Row:
    """What became of one way to make the calls."""

    way: str
    in_flight: int
    stream: bool
    answered: int
    failed: int
    reconnects: str
    attempts: str
    seconds: float
    why: str = ""

    @property
    def is_ours(self) -> bool:
        return self.way != PLAIN

    def __str__(self) -> str:
        how = "streamed" if self.stream else "whole"
        return (
            f"{self.way:12}{self.in_flight:10}{how:>10}{self.answered:10}{self.failed:8}"
            f"{self.reconnects:>14}{self.attempts:>10}{self.seconds:8.1f}  {self.why}"
        )


# Sent again at once, as a connection used before had died; and all that were sent by our own count.
HEAD = (
    f"{'way':12}{'in flight':>10}{'how':>10}{'answered':>10}{'failed':>8}"
    f"{'reconnects':>14}{'attempts':>10}{'s':>8}"
)


def measure(*, prompts: int = PROMPTS) -> Iterator[Row]:
    """Yield a row for each way: the plain client's first, then ours in the same minute."""
    with tempfile.TemporaryDirectory() as folder, LlamaServer(Path(folder)) as server:
        for stream in (False, True):
            for in_flight in IN_FLIGHT:
                yield asyncio.run(ask_plain(server, prompts, in_flight, stream=stream))
                for strategy in STRATEGIES:
                    if strategy != "sequential" or in_flight == 1:
                        yield ask_ours(server, prompts, in_flight, stream=stream, strategy=strategy)


def ask_ours(
    server: LlamaServer, prompts: int, in_flight: int, *, stream: bool, strategy: str
) -> Row:
    endpoint = nb.connect(base_url=server.base_url, model=MODEL, verbose=False)
    run = nb.run(
        write_prompts(prompts),
        endpoint,
        strategy=strategy,
        max_concurrency=in_flight,
        stream=stream,
        progress=False,
        **PARAMETERS,
    )
    failed = find_failed(run)
    attempts = [attempt for call in run.calls for attempt in call.attempts]
    return Row(
        strategy,
        in_flight,
        stream,
        answered=len(run.calls) - len(failed),
        failed=len(failed),
        reconnects=str(sum(attempt.reconnects for attempt in attempts)),
        attempts=str(len(attempts)),
        seconds=run.makespan,
        why=f"{failed[0].error_type}: {failed[0].error}" if failed else "",
    )


async def ask_plain(server: LlamaServer, prompts: int, in_flight: int, *, stream: bool) -> Row:
    """What a user writes: `AsyncOpenAI` with its retries off, a semaphore, gather."""
    from openai import AsyncOpenAI

    async def ask(prompt: str) -> None:
        async with slots:
            reply = await client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": prompt}],
                stream=stream,
                **PARAMETERS,
            )
            if stream:
                async for _ in reply:
                    pass

    slots, began = asyncio.Semaphore(in_flight), time.perf_counter()
    async with AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
        answers = await asyncio.gather(*map(ask, write_prompts(prompts)), return_exceptions=True)
    seconds = time.perf_counter() - began
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    return Row(
        PLAIN,
        in_flight,
        stream,
        answered=prompts - len(errors),
        failed=len(errors),
        reconnects="-",
        attempts="-",
        seconds=seconds,
        why=repr(errors[0])[:80] if errors else "",
    )


def find_failed(run: Run) -> list[Call]:
    """Return the calls that were not answered to the end; max_tokens is one, too."""
    return [call for call in run.calls if call.outcome != "ok" and not is_whole(call)]


def is_whole(call: Call) -> bool:
    return call.outcome == "incomplete" and call.finish_reason is not None


def write_prompts(count: int) -> list[str]:
    return [f"What is {number} and {number}?" for number in range(count)]

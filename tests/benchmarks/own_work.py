"""What our own code costs a call: admission, records, the reading of the answer, the journal.

The runner makes calls whose client answers at once, without any I/O, with the same bytes. What it
takes is all ours; beside it the time of a call through the client alone, over a real connection.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import aiml_nb as nb

from .contenders import Task, client_call
from .rows import Row

LIMITS = {
    "requests_per_minute": 1e6,
    "tokens_per_minute": 1e9,
    "max_calls": 10**6,
    "max_total_tokens": 10**9,
}
BODY = (
    b'{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices":'
    b' [{"index": 0, "message": {"role": "assistant", "content": "' + b"A word. " * 40 + b'"}, '
    b'"finish_reason": "stop", "logprobs": null}], "usage": {"prompt_tokens": 10, '
    b'"completion_tokens": 80, "total_tokens": 90}}'
)


class Reply:
    """A reply that has come."""

    headers: Mapping[str, str] = MappingProxyType({})
    content = BODY


async def answer_at_once(*arguments: Any, **options: Any) -> Reply:
    """Stand in for the client's `post`."""
    return Reply()


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    calls = 20 if quick else 3000
    endpoint = nb.connect(scenario="instant", verbose=False)
    asyncio.run(nb.run_async(["Ready?"], endpoint))
    task = Task(endpoint.base_url, endpoint.key.reveal(), calls, 50)
    options: dict[str, dict[str, Any]] = {"records": {}, "records and limits": LIMITS}
    used: dict[str, list[float]] = {}
    alone = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            options["records, limits and journal"] = {
                **LIMITS,
                "journal": Path(folder) / f"{number}.jsonl",
            }
            alone.append(time_call(lambda: client_call(task), calls))
            for name, given in options.items():
                used.setdefault(name, []).append(time_own_work(endpoint, calls, given))
    return [
        Row("own_work", f"{name}, of a call", "us", values, alone, "post alone")
        for name, values in used.items()
    ]


def time_own_work(endpoint: nb.Endpoint, calls: int, options: dict[str, Any]) -> float:
    """Return the processor time of a whole run without its client, in microseconds per call."""
    questions = [f"Question {number}?" for number in range(calls)]
    options = {"journal": False, "progress": False, "max_concurrency": 50, **options}
    with patch("openai.AsyncOpenAI.post", answer_at_once):
        return time_call(lambda: nb.run_async(questions, endpoint, **options), calls)


def time_call(make: Callable[[], Coroutine[Any, Any, object]], calls: int) -> float:
    began = time.process_time()
    asyncio.run(make())
    return (time.process_time() - began) / calls * 1e6

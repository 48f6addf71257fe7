"""What our own code costs a call: admission, records, the reading of the answer, the journal.

The client's ``post`` answers in the loop's next turn with the same bytes, without any I/O, so that
small differences show. Taken off is what the same calls take if made as short as can be: a
semaphore, gather, ``post``, and the answer's text. The rest is compared with the processor time of
such a call over a real connection.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from openai import AsyncOpenAI

import aiml_nb as nb

from .contenders import LIMITS, MODEL, Task, our_post
from .rows import Row

IN_FLIGHT = 50
_DETAILS = (
    b'"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}, '
    b'"completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, '
    b'"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}'
)
BODY = (
    b'{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices":'
    b' [{"index": 0, "message": {"role": "assistant", "content": "' + b"A word. " * 40 + b'", '
    b'"refusal": null, "annotations": []}, "finish_reason": "stop", "logprobs": null}], '
    b'"usage": {"prompt_tokens": 10, "completion_tokens": 80, "total_tokens": 90, '
    + _DETAILS
    + b'}, "service_tier": "default", "system_fingerprint": "fp_1"}'
)


class Reply:
    """A reply that has come."""

    headers: Mapping[str, str] = MappingProxyType({})
    content = BODY


class ReadyClient(AsyncOpenAI):
    """A client whose answers are there as soon as the others have had their turn."""

    async def post(self, *arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0)
        return Reply()


class ReadyEndpoint(nb.Endpoint):
    """The simulator, but for the answers."""

    def open_async(self, **options: Any) -> AsyncOpenAI:
        return ReadyClient(base_url=self.base_url, api_key=self.key.reveal())


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    calls = 20 if quick else 3000
    real = nb.connect(scenario="instant", verbose=False)
    names = ("base_url", "model", "provider", "simulated", "key")
    ready = ReadyEndpoint(**{name: getattr(real, name) for name in names})
    task = Task(real.base_url, real.key.reveal(), calls, IN_FLIGHT)
    variants: dict[str, dict[str, Any]] = {"records": {}, "records and limits": LIMITS}
    over: dict[str, list[float]] = {}
    alone = []
    for make in (lambda: ask_all(ready, 20), lambda: run_all(ready, 20, {})):
        asyncio.run(make())  # imports what is needed
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            journal = Path(folder) / f"{number}.jsonl"
            variants["records, limits and journal"] = {**LIMITS, "journal": journal}
            alone.append(time_call(lambda: our_post(task), calls))
            least = time_call(lambda: ask_all(ready, calls), calls)
            for name, options in variants.items():
                ours = time_call(lambda given=options: run_all(ready, calls, given), calls)
                over.setdefault(name, []).append(ours - least)
    rows = [
        Row("own_work", f"{name}: what they add to a call", "us", values, alone, "a whole call")
        for name, values in over.items()
    ]
    for words, keep_texts in {"beyond its texts": True, "without texts": False}.items():
        kept = [measure_record(ready, calls, keep_texts=keep_texts) / 1024 for _ in range(repeats)]
        rows.append(Row("own_work", f"memory of a record {words}", "KiB", kept))
    return rows


def measure_record(endpoint: nb.Endpoint, calls: int, *, keep_texts: bool = True) -> float:
    """Return the bytes that are kept of each call, without those of its prompt and its text."""
    questions = [f"Question {number}?" for number in range(calls)]
    with tempfile.TemporaryDirectory() as folder:
        journal = False if keep_texts else Path(folder) / "journal.jsonl"
        tracemalloc.start()
        try:
            run = nb.run(
                questions, endpoint, journal=journal, progress=False, keep_texts=keep_texts
            )
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    texts = sum(sys.getsizeof(call.text) for call in run.calls) if keep_texts else 0
    return (kept - texts) / calls


async def run_all(endpoint: nb.Endpoint, calls: int, options: dict[str, Any]) -> None:
    """Make the calls as a run."""
    questions = [f"Question {number}?" for number in range(calls)]
    options = {"journal": False, "progress": False, "max_concurrency": IN_FLIGHT, **options}
    run = await nb.run_async(questions, endpoint, **options)
    assert all(call.outcome == "ok" for call in run.calls)


async def ask_all(endpoint: nb.Endpoint, calls: int) -> None:
    """Make the calls with the client alone."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def ask(number: int) -> str:
        messages = [{"role": "user", "content": f"Question {number}?"}]
        body = {"model": MODEL, "messages": messages, "stream": False}
        async with slots:
            reply = await client.post("/chat/completions", body=body, cast_to=Reply)
        return str(json.loads(reply.content)["choices"][0]["message"]["content"])

    async with endpoint.open_async() as client:
        assert all(await asyncio.gather(*map(ask, range(calls))))


def time_call(make: Callable[[], Coroutine[Any, Any, object]], calls: int) -> float:
    """Return the processor time of each of the calls, in microseconds."""
    gc.collect()  # what the one before left behind is not this one's
    began = time.process_time()
    asyncio.run(make())
    return (time.process_time() - began) / calls * 1e6

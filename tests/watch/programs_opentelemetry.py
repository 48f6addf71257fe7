"""OpenTelemetry's instrumentors and a watch, put on and off in every order: a line for each.

It runs in the environment of the instrumentors, and is given the address of a server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from types import ModuleType
from typing import Any

import httpx
import httpx2
from openai import AsyncOpenAI, OpenAI
from opentelemetry.instrumentation.httpx import (
    HTTPX2ClientInstrumentor,
    HTTPXClientInstrumentor,
)
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import aiml_nb as nb

ASK: dict[str, Any] = {"model": "asked", "messages": [{"role": "user", "content": "Where?"}]}
PATCHABLE = ("httpx", "httpx2", "openai")
QUICK: dict[str, Any] = {"verify": False, "trust_env": False}
ORDERS = [
    order
    for order in permutations(("watch on", "instrumentor on", "watch off", "instrumentor off"))
    if all(order.index(f"{name} on") < order.index(f"{name} off")
           for name in ("watch", "instrumentor"))
]  # fmt: skip

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))


def methods() -> dict[str, object]:
    """Return every method of the classes that anybody may have patched."""
    modules = [each for name, each in sys.modules.items() if name.split(".")[0] in PATCHABLE]
    classes = {threading.Thread, ThreadPoolExecutor, *classes_of(modules)}
    return {
        f"{cls.__module__}.{cls.__qualname__}.{name}": value
        for cls in classes
        for name, value in vars(cls).items()
        if callable(value) and not name.startswith("__")
    }


def classes_of(modules: list[ModuleType]) -> Iterator[type]:
    for module in modules:
        for each in vars(module).values():
            if isinstance(each, type) and each.__module__.split(".")[0] in PATCHABLE:
                yield each


def call(url: str) -> None:
    """Make four calls: with both openai clients, and with httpx alone."""
    with OpenAI(base_url=url, api_key="any", http_client=httpx2.Client(**QUICK)) as client:
        client.chat.completions.create(**ASK)
    asyncio.run(call_async(url))
    httpx.post(f"{url}/chat/completions", json=ASK, **QUICK).raise_for_status()


async def call_async(url: str) -> None:
    http = httpx2.AsyncClient(**QUICK)
    async with AsyncOpenAI(base_url=url, api_key="any", http_client=http) as client:
        await client.chat.completions.create(**ASK)
    async with httpx.AsyncClient(**QUICK) as plain:
        (await plain.post(f"{url}/chat/completions", json=ASK)).raise_for_status()


def play(order: tuple[str, ...], instrumentor: Any, url: str) -> dict[str, Any]:
    """Do all in an order, call after each step, and tell who saw how many calls of each step."""
    watch, seen = nb.watch(), []
    run = None
    for step in order:
        if step == "watch on":
            run = watch.__enter__()
        elif step == "watch off":
            watch.__exit__()
        elif step == "instrumentor on":
            instrumentor.instrument(tracer_provider=provider)
        else:
            instrumentor.uninstrument()
        spans.clear()
        before = len(run.calls) if run is not None else 0
        call(url)
        recorded = len(run.calls) - before if run is not None else 0
        seen.append([step, recorded, len(spans.get_finished_spans())])
    assert run is not None
    return {"seen": seen, "outcomes": sorted({each.outcome for each in run.calls})}


def main(url: str) -> None:
    """Play every order with each instrumentor."""
    call(url)
    for make in (HTTPXClientInstrumentor, HTTPX2ClientInstrumentor, OpenAIInstrumentor):
        for order in ORDERS:
            before = methods()
            told = play(order, make(), url)
            after = methods()
            changed = [name for name in before if after.get(name) is not before[name]]
            print(json.dumps({"instrumentor": make.__name__, **told, "changed": changed}))


if __name__ == "__main__":
    main(*sys.argv[1:])

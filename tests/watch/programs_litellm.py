"""The calls of LiteLLM."""

from __future__ import annotations

from typing import Any

import litellm

from .programs import KEY, tell

TEXTS = ["One?", "Two?", "Three?"]


def options(url: str, text: str = "Where?", model: str = "asked", **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    about = {"model": f"openai/{model}", "api_base": url, "api_key": KEY}
    return about | {"messages": messages} | more


def batch(url: str) -> Any:
    messages = [[{"role": "user", "content": text}] for text in TEXTS]
    return litellm.batch_completion(**options(url, messages=messages))


def embed(url: str) -> dict[str, Any]:
    return {"model": "openai/asked", "api_base": url, "api_key": KEY, "input": TEXTS}


def left(url: str) -> Any:
    for chunk in litellm.completion(**options(url, model="endless"), stream=True):
        if chunk.choices[0].delta.content:
            return chunk
    return None


async def acompletion(url: str) -> Any:
    return await litellm.acompletion(**options(url))


async def astream(url: str) -> Any:
    return [chunk async for chunk in await litellm.acompletion(**options(url), stream=True)]


async def aembed(url: str) -> Any:
    return await litellm.aembedding(**embed(url))


async def arefused(url: str) -> Any:
    return await litellm.acompletion(**options(url, model="bad"))


KINDS = {
    "completion": lambda url: litellm.completion(**options(url)),
    "acompletion": acompletion,
    "stream": lambda url: list(litellm.completion(**options(url), stream=True)),
    "astream": astream,
    "stream, left": left,
    "batch": batch,
    "embedding": lambda url: litellm.embedding(**embed(url)),
    "aembedding": aembed,
    "retried": lambda url: litellm.completion(**options(url, model="busy"), num_retries=2),
    "refused": lambda url: litellm.completion(**options(url, model="bad")),
    "refused, async": arefused,
}

if __name__ == "__main__":
    tell(KINDS)

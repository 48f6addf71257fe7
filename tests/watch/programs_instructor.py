"""The calls of instructor."""

from __future__ import annotations

from typing import Any

import instructor
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from .programs import KEY, tell

ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "Where?"}]}


class Place(BaseModel):
    """Where something is."""

    city: str


def client(url: str, mode: Any = instructor.Mode.TOOLS) -> Any:
    return instructor.from_openai(OpenAI(base_url=url, api_key=KEY), mode=mode)


def extract(url: str, model: str = "asked", **options: Any) -> Any:
    its = {"mode": options.pop("mode")} if "mode" in options else {}
    create = client(url, **its).chat.completions.create
    return create(model=model, response_model=Place, **ASK, **options)


def extract_with_answer(url: str) -> Any:
    create = client(url).chat.completions.create_with_completion
    return create(model="asked", response_model=Place, **ASK)


def extract_in_parts(url: str) -> Any:
    create = client(url).chat.completions.create_partial
    return list(create(model="asked", response_model=Place, **ASK))


async def extract_async(url: str) -> Any:
    its = instructor.from_openai(AsyncOpenAI(base_url=url, api_key=KEY))
    return await its.chat.completions.create(model="odd", response_model=Place, **ASK)


KINDS = {
    "extract": extract,
    "extract, JSON": lambda url: extract(url, mode=instructor.Mode.JSON),
    "extract, with the answer": extract_with_answer,
    "extract, in parts": extract_in_parts,
    "extract, unfit first": lambda url: extract(url, "odd", max_retries=2),
    "extract, unfit first, JSON": lambda url: extract(
        url, "odd", max_retries=2, mode=instructor.Mode.JSON
    ),
    "extract, unfit only": lambda url: extract(url, "odd", max_retries=0),
    "extract, async, unfit first": extract_async,
    "retried": lambda url: extract(url, "busy"),
    "refused": lambda url: extract(url, "bad"),
}

if __name__ == "__main__":
    tell(KINDS)

"""The calls of pydantic-ai."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from .programs import KEY, tell


class Place(BaseModel):
    """Where something is."""

    city: str


def agent(url: str, model: str = "asked", *, output: Any = str, tool: bool = True) -> Any:
    provider = OpenAIProvider(base_url=url, api_key=KEY)
    made = Agent(OpenAIChatModel(model, provider=provider), output_type=output)
    if tool:
        made.tool_plain(look_up)
    return made


def look_up(city: str) -> str:
    """Look a city up."""
    return f"{city} is large."


async def run(url: str) -> Any:
    return (await agent(url).run("Where?")).output


async def run_stream(url: str) -> Any:
    async with agent(url).run_stream("Where?") as result:
        return [text async for text in result.stream_text(debounce_by=None)]


async def run_stream_output(url: str) -> Any:
    async with agent(url, output=Place).run_stream("Where?") as result:
        return await result.get_output()


async def iterate(url: str) -> Any:
    async with agent(url).iter("Where?") as nodes:
        return [type(node).__name__ async for node in nodes]


KINDS = {
    "run_sync": lambda url: agent(url).run_sync("Where?").output,
    "run_sync, no tool": lambda url: agent(url, tool=False).run_sync("Where?").output,
    "run": run,
    "run_stream": run_stream,
    "run_stream, output": run_stream_output,
    "iterate": iterate,
    "output": lambda url: agent(url, output=Place).run_sync("Where?").output,
    "output, native": lambda url: (
        agent(url, output=NativeOutput(Place), tool=False).run_sync("Where?").output
    ),
    "output, unfit": lambda url: (
        agent(url, "odd", output=Place, tool=False).run_sync("Where?").output
    ),
    "retried": lambda url: agent(url, "busy").run_sync("Where?").output,
    "refused": lambda url: agent(url, "bad").run_sync("Where?").output,
}

if __name__ == "__main__":
    tell(KINDS)

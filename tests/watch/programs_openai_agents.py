"""The calls of openai-agents."""

from __future__ import annotations

from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from pydantic import BaseModel

from .programs import KEY, tell

set_tracing_disabled(True)


class Place(BaseModel):
    """Where something is."""

    city: str


@function_tool
def look_up(city: str) -> str:
    """Look a city up."""
    return f"{city} is large."


def agent(url: str, model: str = "asked", **options: Any) -> Agent[Any]:
    client = AsyncOpenAI(base_url=url, api_key=KEY)
    its = OpenAIChatCompletionsModel(model=model, openai_client=client)
    return Agent(name="guide", instructions="Be short.", model=its, **options)


async def run(url: str) -> Any:
    return (await Runner.run(agent(url, tools=[look_up]), "Where?")).final_output


async def run_output(url: str) -> Any:
    return (await Runner.run(agent(url, output_type=Place), "Where?")).final_output


async def run_streamed(url: str) -> Any:
    result = Runner.run_streamed(agent(url, tools=[look_up]), "Where?")
    return [event.type async for event in result.stream_events()]


async def run_retried(url: str) -> Any:
    return (await Runner.run(agent(url, "busy"), "Where?")).final_output


async def run_refused(url: str) -> Any:
    return (await Runner.run(agent(url, "bad"), "Where?")).final_output


async def run_handed_off(url: str) -> Any:
    other = Agent(name="other", instructions="Be long.", model=agent(url).model)
    return (await Runner.run(agent(url, handoffs=[other]), "Where?")).final_output


KINDS = {
    "run": run,
    "run_sync": lambda url: Runner.run_sync(agent(url), "Where?").final_output,
    "run, output": run_output,
    "run, handed off": run_handed_off,
    "run_streamed": run_streamed,
    "retried": run_retried,
    "refused": run_refused,
}

if __name__ == "__main__":
    tell(KINDS)

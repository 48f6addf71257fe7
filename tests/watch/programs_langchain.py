"""The calls of LangChain."""

from __future__ import annotations

from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from .programs import KEY, tell

TEXTS = ["One?", "Two?", "Three?"]


class Place(BaseModel):
    """Where something is."""

    city: str


@tool
def look_up(city: str) -> str:
    """Look a city up."""
    return f"{city} is large."


def chat(url: str, model: str = "asked", **options: Any) -> ChatOpenAI:
    return ChatOpenAI(base_url=url, api_key=KEY, model=model, **options)


def embeddings(url: str) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(
        base_url=url, api_key=KEY, model="asked", check_embedding_ctx_length=False
    )


def chain(url: str) -> Any:
    """Three steps, each a call."""
    about = ChatPromptTemplate.from_template("Who is {text}?")
    step = about | chat(url) | StrOutputParser() | RunnableLambda(lambda text: {"text": text})
    return step | step | about | chat(url) | StrOutputParser()


def side_by_side(url: str) -> Any:
    text = RunnableLambda(lambda given: given["text"])
    return RunnableParallel(one=text | chat(url), two=text | chat(url), three=chain(url))


async def ainvoke(url: str) -> Any:
    return await chat(url).ainvoke("Where?")


async def abatch(url: str) -> Any:
    return await chat(url).abatch(TEXTS)


async def astream(url: str) -> Any:
    return [chunk async for chunk in chat(url).astream("Where?")]


async def astream_left(url: str) -> Any:
    async for chunk in chat(url, "endless").astream("Where?"):
        if chunk.content:
            return chunk
    return None


async def structured_async(url: str) -> Any:
    return await chat(url).with_structured_output(Place).ainvoke("Where?")


async def chain_async(url: str) -> Any:
    return await chain(url).ainvoke({"text": "Ada"})


async def chain_events(url: str) -> Any:
    return [each["event"] async for each in chain(url).astream_events({"text": "Ada"})]


async def parallel_async(url: str) -> Any:
    return await side_by_side(url).ainvoke({"text": "Ada"})


async def embed_async(url: str) -> Any:
    return await embeddings(url).aembed_documents(TEXTS)


def structured(url: str, method: str) -> Any:
    return chat(url).with_structured_output(Place, method=method).invoke("Where? Say it in JSON.")


def structured_unfit(url: str) -> Any:
    return chat(url, "odd").with_structured_output(Place, method="function_calling").invoke("A?")


KINDS = {
    "invoke": lambda url: chat(url).invoke("Where?"),
    "ainvoke": ainvoke,
    "batch": lambda url: chat(url).batch(TEXTS),
    "abatch": abatch,
    "stream": lambda url: list(chat(url).stream("Where?")),
    "astream": astream,
    "astream, left": astream_left,
    "tools": lambda url: chat(url).bind_tools([look_up]).invoke("Where?"),
    "structured, json_schema": lambda url: structured(url, "json_schema"),
    "structured, function_calling": lambda url: structured(url, "function_calling"),
    "structured, json_mode": lambda url: structured(url, "json_mode"),
    "structured, async": structured_async,
    "structured, unfit": structured_unfit,
    "chain": lambda url: chain(url).invoke({"text": "Ada"}),
    "chain, async": chain_async,
    "chain, batch": lambda url: chain(url).batch([{"text": text} for text in TEXTS]),
    "chain, stream": lambda url: list(chain(url).stream({"text": "Ada"})),
    "chain, events": chain_events,
    "parallel": lambda url: side_by_side(url).invoke({"text": "Ada"}),
    "parallel, async": parallel_async,
    "embed query": lambda url: embeddings(url).embed_query("Where?"),
    "embed documents": lambda url: embeddings(url).embed_documents(TEXTS),
    "embed, async": embed_async,
    "retried": lambda url: chat(url, "busy").invoke("Where?"),
    "refused": lambda url: chat(url, "bad").invoke("Where?"),
}

if __name__ == "__main__":
    tell(KINDS)

"""The simulator's answers fit the schemas of all kinds of models, but for those that are not to."""

from __future__ import annotations

import datetime
import enum
import json
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

import aiml_nb as nb
from aiml_nb import Endpoint, read_saved
from aiml_nb.export import to_jsonl

from ..raw_server import JSON_HEAD, raw_server


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    barks: bool


class Node(BaseModel):
    name: str
    next: Node | None = None
    kids: list[Node] = Field(default=[], description="those below it")


class All(BaseModel):
    text: str = Field(min_length=3, max_length=40, description="anything")
    score: Annotated[int, Field(ge=1, le=5)]
    ratio: float = Field(gt=0, lt=1)
    price: Decimal
    day: datetime.date
    at: datetime.datetime
    clock: datetime.time
    took: datetime.timedelta
    key: uuid.UUID
    colour: Colour
    maybe: int | None
    either: int | str
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]]
    pair: tuple[int, str]
    tags: set[str]
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3}$")
    inner: Node


@dataclass
class Line:
    x: float
    labels: list[str] = field(default_factory=list)


class Row(TypedDict):
    name: str
    at: datetime.date


KINDS: dict[str, Any] = {
    "all": All,
    "recursive": Node,
    "dataclass": Line,
    "typed dict": Row,
    "list": list[Cat],
    "literal": Literal["a", "b"],
    "schema": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}},
}


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    return nb.connect(simulate=True, scenario="instant", verbose=False)


@pytest.mark.parametrize("name", KINDS)
def test_every_answer_fits(endpoint: Endpoint, name: str) -> None:
    prompts = [f"{name} {n}?" for n in range(15)]
    run = nb.run(prompts, endpoint, response_format=KINDS[name], progress=False)

    assert [call.error for call in run.calls] == [None] * 15
    assert len({call.text for call in run.calls}) > 1


@pytest.mark.parametrize("strategy", ["gather", "threads"])
@pytest.mark.parametrize("stream", [False, True])
def test_answers_of_the_responses_api_fit_too(
    endpoint: Endpoint, strategy: str, stream: bool, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"api": "responses", "strategy": strategy, "stream": stream}

    run = nb.run(["Who?"] * 3, endpoint, response_format=Cat, progress=False, **options)
    saved = read_saved(to_jsonl(run, tmp_path / "r.jsonl", texts=True))

    assert all(isinstance(call.parsed, Cat) for call in run.calls)
    assert run.to_frame()["kind"].tolist() == ["cat"] * 3
    assert saved.answers()["kind"].tolist() == ["cat"] * 3
    assert nb.parse(saved, Cat).results == run.results


def test_a_request_of_the_responses_api_has_its_format_where_that_takes_it() -> None:
    reply = {"status": "completed", "output": [], "model": "m"}
    with raw_server(JSON_HEAD + json.dumps(reply).encode()) as server:
        endpoint = nb.connect(base_url=server.base_url, model="m", api_key="k", verbose=False)
        nb.run(
            ["Who?"], endpoint, api="responses", response_format=Cat, text={"verbosity": "low"},
            progress=False, journal=False,
        )  # fmt: skip
    (request,) = [each for each in server.requests if b"POST " in each]
    body = json.loads(request.partition(b"\r\n\r\n")[2])

    assert "response_format" not in body
    assert body["text"]["verbosity"] == "low"
    form = body["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "Cat", True)
    assert form["schema"]["required"] == ["kind", "lives"]


def test_a_response_that_calls_a_tool_is_not_read(endpoint: Endpoint) -> None:
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}

    run = nb.run(
        ["What is the weather?"], endpoint, api="responses", tools=[tool], tool_choice="required",
        response_format=Cat, progress=False,
    )  # fmt: skip

    assert [call.outcome for call in run.calls] == ["ok"]
    assert [call.outcome for call in nb.parse(run, Cat).calls] == ["ok"]
    assert run.calls[0].tool_calls


def test_answers_that_do_not_fit_are_asked_for_again() -> None:
    endpoint = nb.connect(simulate=True, scenario="misfits:50%", speed=10_000, verbose=False)
    prompts = [f"{n}?" for n in range(60)]
    options = {"response_format": All, "progress": False}
    once = nb.run(prompts, endpoint, **options)
    again = nb.run(prompts, endpoint, retry_invalid=8, **options)

    wrong = [call for call in once.calls if call.error_type == "invalid_answer"]
    assert 15 <= len(wrong) <= 45
    words = " ".join(str(call.error) for call in wrong)
    for word in ("EOF", "trailing comma", "no JSON", "is missing", "unasked"):
        assert word in words
    assert {call.outcome for call in again.calls} == {"ok"}
    assert sum(len(call.attempts) for call in again.calls) > 60


def test_misfits_are_the_same_for_the_same_seed() -> None:
    def texts() -> list[str]:
        endpoint = nb.connect(simulate=True, scenario="misfits", speed=10_000, verbose=False)
        run = nb.run(["a", "b", "c"] * 1, endpoint, response_format=Cat, progress=False)
        return [call.text for call in run.calls]

    assert texts() == texts()

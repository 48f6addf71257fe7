"""The simulator's answers fit the schemas of all kinds of models, but for those that are not to."""

from __future__ import annotations

import datetime
import enum
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

import aiml_nb as nb
from aiml_nb import Endpoint


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

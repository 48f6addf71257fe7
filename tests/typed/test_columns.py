"""Each field that is asked for is a column, whether or not any answer fits."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, computed_field, create_model

from aiml_nb.analysis.result_columns import result_columns
from aiml_nb.records import WATCH, Call, Run
from aiml_nb.typed import as_response_format


class City(BaseModel):
    name: str
    zip: int | None


class Cat(BaseModel):
    lives: int


class Dog(BaseModel):
    barks: bool


class Node(BaseModel):
    label: str
    next: Node | None = None


class Named(BaseModel):
    name: str = Field(alias="Name")


class Sum(BaseModel):
    a: int
    b: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sum(self) -> int:
        return self.a + self.b


class Whole(BaseModel):
    ok: bool
    ratio: float
    mood: Literal["good", "bad"]
    home: City
    away: City | None
    pet: Cat | Dog
    tags: list[str]
    counts: dict[str, int]


WIDE = create_model("WIDE", **{f"f{n}": (int, ...) for n in range(101)})  # type: ignore[call-overload]

COLUMNS: dict[str, tuple[Any, dict[str, str]]] = {
    "all kinds": (
        Whole,
        {
            "ok": "boolean",
            "ratio": "Float64",
            "mood": "string",
            "home.name": "string",
            "home.zip": "Int64",
            "away.name": "string",
            "away.zip": "Int64",
            "pet": "string",
            "tags": "string",
            "counts": "string",
        },
    ),
    "what holds itself": (Node, {"label": "string", "next": "string"}),
    "another name in JSON": (Named, {"Name": "string"}),
    "no object": (list[int], {"result": "string"}),
    "a number": (float, {"result": "Float64"}),
    "too many fields": (WIDE, {"result": "string"}),
    "a name that is taken": (
        {"type": "object", "properties": {"outcome": {"type": "string"}}},
        {"result_outcome": "string"},
    ),
    "a name with a dot": (
        {
            "type": "object",
            "properties": {
                "a.b": {"type": "integer"},
                "a": {"type": "object", "properties": {"b": {"type": "integer"}}},
            },
        },
        {"a.b": "Int64", "result_a.b": "Int64"},
    ),
    "any object": ({"type": "json_object"}, {}),
    "any text": ({"type": "text"}, {}),
}


def run_of(given: Any, *results: Any, strategy: str = "gather") -> Run:
    return Run(
        strategy=strategy,
        max_concurrency=1,
        stream=False,
        model="m",
        base_url="",
        simulated=True,
        started_at=0.0,
        calls=[
            Call(index=n, custom_id=str(n), prompt="", result=each)
            for n, each in enumerate(results)
        ],
        parameters={"response_format": dict(as_response_format(given))} if given else {},
    )


def columns_of(run: Run) -> dict[str, Any]:
    return result_columns(run, taken={"outcome"})


@pytest.mark.parametrize("name", COLUMNS)
def test_they_are_there_where_no_answer_fits(name: str) -> None:
    given, expected = COLUMNS[name]
    columns = columns_of(run_of(given, None, None))

    assert {name: str(each.dtype) for name, each in columns.items()} == expected
    assert all(each.isna().all() for each in columns.values())


def test_they_are_the_same_where_some_fit() -> None:
    city = {"name": "Ghent", "zip": 9000}
    rest = {"ok": True, "ratio": 1, "mood": "good", "tags": ["a"], "counts": {"a": 1}}
    value = Whole.model_validate(
        {**rest, "home": city, "away": None, "pet": {"barks": True}, "tags": ["a"]}
    )
    columns = columns_of(run_of(Whole, None, value))

    assert {name: str(each.dtype) for name, each in columns.items()} == COLUMNS["all kinds"][1]
    assert [each[1] for name, each in columns.items() if not name.startswith("away")] == [
        *(True, 1.0, "good", "Ghent", 9000),
        *('{"barks": true}', '["a"]', '{"a": 1}'),
    ]
    assert columns["away.name"].isna().all()


def test_without_a_schema_the_answers_tell() -> None:
    """As `parse` gives them, and where any object was asked for."""
    for given in (None, {"type": "json_object"}):
        columns = columns_of(run_of(given, {"a": {"b": 1, "c": {}}}, None, {"d": "x"}))
        assert [*columns] == ["a.b", "a.c", "d"]


def test_computed_members_follow_the_others() -> None:
    assert [*columns_of(run_of(Sum, Sum(a=1, b=2), None))] == ["a", "b", "sum"]


def test_a_prompt_may_ask_for_fields_of_its_own() -> None:
    run = run_of(City, None, None)
    run.calls[1].parameters = {"response_format": dict(as_response_format(Cat))}

    assert [*columns_of(run)] == ["name", "zip", "lives"]


@pytest.mark.parametrize("value", [10**400, -(10**400), 2**63])
def test_numbers_of_any_size_have_a_column(value: int) -> None:
    for values in ((value, None), (value, 1), (value, 1.5)):
        run = run_of({"type": "json_object"}, *({"n": each} for each in values))
        assert [each is None for each in values] == columns_of(run)["n"].isna().tolist()


def test_what_a_watched_program_asked_for_is_its_own_affair() -> None:
    assert columns_of(run_of(City, None, strategy=WATCH)) == {}

"""Typed answers of a real server, which keeps to the schema: every row is valid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import pytest
from pydantic import BaseModel, Field

import aiml_nb as nb
from aiml_nb.records import Run

pytestmark = pytest.mark.slow


class Place(BaseModel):
    city: Literal["Rome", "Oslo"]
    is_old: bool


class Review(BaseModel):
    mood: Literal["good", "bad", "so-so"]
    score: Annotated[int, Field(ge=1, le=5)]
    places: list[Place] = Field(max_length=2)
    best: Place | None


@pytest.mark.parametrize("strategy", ["threads", "gather"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_every_row_is_valid(
    strategy: str, stream: bool, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    questions = [f"What of review {number}?" for number in range(12)]
    options = {"strategy": strategy, "stream": stream, "max_tokens": 800, "progress": False}
    journal = tmp_path / "j.jsonl"
    run = nb.run(questions, endpoint, response_format=Review, journal=journal, **options)

    assert [call.error for call in run.calls] == [None] * 12
    assert all(isinstance(call.parsed, Review) for call in run.calls)
    table = run.to_frame()
    assert table[["mood", "score", "places"]].notna().all(axis=None)
    assert {"best.city", "best.is_old"} < {*table.columns}
    again = nb.read_saved(journal)
    assert isinstance(again, Run)
    pd.testing.assert_frame_equal(again.to_frame(), table)
    assert nb.parse(again, Review).results == run.results

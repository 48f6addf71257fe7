"""Answers that are no texts stay beside the rows that asked for them, in memory and in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.export.answers_files import write_answers
from aiml_nb.records import Run

TABLE = pd.DataFrame({"review": ["good", "bad", "", "fine"]}, index=pd.Index([*"abcd"], name="key"))
READERS = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}


@pytest.fixture(scope="module")
def endpoint() -> nb.Endpoint:
    return nb.connect(simulate=True, scenario="instant", verbose=False)


def ask(endpoint: nb.Endpoint, api: str, **how: object) -> Run:
    return nb.run(
        *(TABLE, endpoint),
        **{"prompt": "{review}", "api": api, "on_bad": "skip", "progress": False, **how},
    )


def test_vectors_stand_beside_the_rows_of_the_table(endpoint: nb.Endpoint) -> None:
    run = ask(endpoint, "embeddings", dimensions=32)
    found = run.answers()

    assert list(found.columns) == [
        *("review", "n_vectors", "dimensions", "vector", "outcome", "error")
    ]
    assert list(found.index) == [*TABLE.index]
    for row, call in zip(found["vector"], run.calls, strict=True):
        if call.outcome == "ok":
            assert np.array_equal(row, call.vectors[0])
        else:
            assert row is None
    assert np.stack(found["vector"].dropna()).shape == (3, 32)


def test_a_prompt_of_several_texts_has_a_list_of_vectors(endpoint: nb.Endpoint) -> None:
    run = nb.run([["x", "y"], "z"], endpoint, api="embeddings", dimensions=32, progress=False)

    several, single = run.answers()["vector"]

    assert [each.shape for each in several] == [(32,), (32,)]
    assert single.shape == (32,)


@pytest.mark.parametrize(
    ("suffix", "all_columns"), [*((each, False) for each in READERS), (".csv", True)]
)
def test_files_of_answers_tell_where_each_vector_is(
    endpoint: nb.Endpoint, suffix: str, all_columns: bool, tmp_path: Path
) -> None:
    run, path = ask(endpoint, "embeddings", dimensions=32), tmp_path / f"answers{suffix}"
    if all_columns:
        nb.to_csv(run, path, all_columns=True)
    else:
        write_answers(run, path, kind=suffix)

    found = READERS[suffix](path).set_index("key")

    assert found["vector_file"].dropna().unique().tolist() == ["answers-vectors.npy"]
    array = np.load(tmp_path / "answers-vectors.npy")
    for key, call in zip(found.index, run.calls, strict=True):
        at = found.loc[key, "vector_row"]
        assert (
            pd.isna(at) if call.outcome != "ok" else np.array_equal(array[int(at)], call.vectors[0])
        )
    if suffix == ".parquet":
        assert np.allclose(found.loc["a", "vector"], run.calls[0].vectors[0])


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize(("api", "how"), [("images", {}), ("speech", {"voice": "alloy"})])
def test_files_of_answers_name_the_pictures_and_sounds(
    endpoint: nb.Endpoint, suffix: str, api: str, how: dict[str, str], tmp_path: Path
) -> None:
    run = ask(endpoint, api, **how)

    path = write_answers(run, tmp_path / f"answers{suffix}", kind=suffix)

    found = READERS[suffix](path).set_index("key")
    assert "answer" not in found.columns
    for key, call in zip(found.index, run.calls, strict=True):
        if call.outcome == "ok":
            assert (tmp_path / found.loc[key, "files"]).read_bytes() == call.media[0]
        else:
            assert pd.isna(found.loc[key, "files"])


@pytest.mark.parametrize("suffix", READERS)
def test_columns_of_the_users_with_these_names_stay(
    endpoint: nb.Endpoint, suffix: str, tmp_path: Path
) -> None:
    own = pd.DataFrame({"vector": ["x", "y"], "vector_file": ["v", "w"], "dimensions": [7, 8]})
    run = nb.run(own, endpoint, prompt="{vector}", api="embeddings", progress=False)

    path = write_answers(run, tmp_path / f"answers{suffix}", kind=suffix)

    for found in (run.answers(), READERS[suffix](path)):
        assert found["vector"].tolist() == ["x", "y"]
        assert found["dimensions"].tolist() == [7, 8]
        assert found["result_dimensions"].tolist() == [1536, 1536]
    assert found["result_vector_file"].tolist() == ["answers-vectors.npy"] * 2


def test_verdicts_are_a_column(endpoint: nb.Endpoint) -> None:
    found = ask(endpoint, "moderations").answers()

    assert list(found.columns) == ["review", "flagged", "outcome", "error"]
    assert found["flagged"].dtype == "boolean"

"""Ids and names of files as spreadsheets and people write them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from aiml_nb.prompts import as_prompts


@pytest.mark.parametrize(("given", "name"), [(1, "1"), (1.0, "1"), (-3.0, "-3"), ("1.0", "1.0")])
def test_whole_numbers_are_ids(given: Any, name: str) -> None:
    assert as_prompts([{"id": given, "prompt": "Who?"}])[0].custom_id == name


@pytest.mark.parametrize("given", [1.5, math.nan, math.inf, True, ["a"]])
def test_other_ids_are_refused_with_what_to_write(given: Any) -> None:
    with pytest.raises(TypeError, match=r"which is not text\. Write it in quotes"):
        as_prompts([{"id": given, "prompt": "Who?"}])


@pytest.mark.parametrize("given", [1.0, math.nan, 5])
def test_a_prompt_that_is_no_text_may_be_a_column(given: Any) -> None:
    with pytest.raises(TypeError, match=r"Write a question in quotes; or.*prompt='… \{prompt\}'"):
        as_prompts([{"prompt": given}])


def test_a_text_file_is_read_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Who?\nWhy?\n")

    assert len(as_prompts(str(tmp_path / "q.txt"))) == 2
    with pytest.raises(ValueError, match=r"'q\.txt' cannot be read: No such file"):
        as_prompts("q.txt")

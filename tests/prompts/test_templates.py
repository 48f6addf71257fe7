"""A template and a table become prompts: each row once, in order, or one sentence says why not."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from aiml_nb.prompts import Prompt, as_prompts
from aiml_nb.prompts.ids import unique_ids

TABLE = pd.DataFrame({"review": ["Good; one", "Bad\n“two” 😀"], "my stars": [5, 1]})


def texts(found: list[Prompt]) -> list[str]:
    return [each.label for each in found]


class Stream:
    """A table that has Arrow's interface and nothing else."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


class Frame:
    """A table that has the interchange protocol and nothing else."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.__dataframe__ = table.__dataframe__


ARROW = pa.table({"review": ["Good; one", "Bad\n“two” 😀"], "my stars": [5, 1]})
POLARS = SimpleNamespace(columns=["review", "my stars"], to_dicts=lambda: TABLE.to_dict("records"))


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.convert_dtypes(),
        TABLE.astype("category"),
        TABLE.rename(columns={"review": " review "}),
        TABLE.to_dict("records"),
        tuple(TABLE.to_dict("records")),
        ARROW,
        ARROW.to_batches()[0],
        POLARS,
        SimpleNamespace(columns=[], to_pandas=lambda: TABLE),
        Stream(ARROW),
    ],
    ids=lambda each: type(each).__name__,
)
def test_any_table_does(table: Any) -> None:
    found = as_prompts(table, prompt="{{{my stars}}}: {review}.")

    assert texts(found) == ["{5}: Good; one.", "{1}: Bad\n“two” 😀."]
    assert [{n.strip(): v for n, v in (each.row or {}).items()} for each in found] == (
        TABLE.to_dict("records")
    )


@pytest.mark.filterwarnings("ignore:The Dataframe Interchange:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*interchange:Warning")
def test_the_interchange_protocol_does() -> None:
    assert texts(as_prompts(Frame(TABLE), prompt="{review}")) == TABLE["review"].tolist()


def test_a_series_and_a_list_of_values_are_the_only_field() -> None:
    series = pd.Series(["a", "b"], index=[7, 9], name="text")

    arrow = pa.array(["a", "b"])
    for given in (series, series.rename(None), ["a", "b"], arrow, pa.chunked_array([arrow])):
        assert texts(as_prompts(given)) == ["a", "b"]
        assert texts(as_prompts(given, prompt="Say {what}.")) == ["Say a.", "Say b."]
    rows = [each.row for each in as_prompts(series, prompt="Say {text}.")]
    assert rows == [{"__index_level_0__": n, "text": each} for n, each in [(7, "a"), (9, "b")]]
    with pytest.raises(ValueError, match=r"2 fields, and prompts is a list of single values"):
        as_prompts(["a"], prompt="{a} {b}")


def test_the_index_is_kept_with_its_names() -> None:
    table = TABLE.set_index(pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", None]))

    rows = [each.row or {} for each in as_prompts(table, prompt="{review}")]

    assert [list(each.items())[:2] for each in rows] == [
        [("__index_level_0__k", "x"), ("__index_level_1__", 1)],
        [("__index_level_0__k", "y"), ("__index_level_1__", 2)],
    ]


def test_messages_and_the_system_message_are_templates() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://x/{review}"}}
    messages = [
        {"role": "system", "content": "Rate {my stars} of 5."},
        {"role": "user", "content": [{"type": "text", "text": "{review}"}, picture]},
    ]

    found = as_prompts(TABLE.head(1), prompt=messages, system="You see {my stars}.")

    assert found[0].messages == [
        {"role": "system", "content": "Rate 5 of 5."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Good; one"},
                {"type": "image_url", "image_url": {"url": "https://x/Good; one"}},
            ],
        },
    ]
    assert found[0].parameters == {"system": "You see 5."}


@pytest.mark.parametrize(
    "field", ["review.__class__", "review[0]", "0", "review!r", "review:>10", "__index__", "a.b"]
)
def test_a_template_reaches_nothing_but_cells(field: str) -> None:
    with pytest.raises(ValueError, match=r"the columns are 'review', 'my stars'"):
        as_prompts(TABLE, prompt=f"x {{{field}}}")

    table = [{field: "safe", "review": "r"}]
    assert texts(as_prompts(table, prompt=f"x {{{field}}}")) == ["x safe"]


def test_what_cells_hold_is_not_a_template() -> None:
    table = [{"review": "{review} {other} {{ %s {0.__class__}"}]

    assert texts(as_prompts(table, prompt="<{review}>")) == [f"<{table[0]['review']}>"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{reviw}", r"has \{reviw\}.*Did you mean \{review\}\?"),
        ("{Review}", r"Did you mean \{review\}\?"),
        ("{a} {b} {review}", r"has \{a\} and \{b\}, and the columns are"),
        ('Reply {"stars": 1}: {review}', r"written twice: \{\{ and \}\}"),
        ("{review:>10}", r"has \{review:>10\}, .* a column's name alone: \{review\}"),
        ("{review!r}", r"a column's name alone: \{review\}\. What is to be made of it"),
        ("{review.__class__}", r"a column's name alone: \{review\}"),
        ("Reply {", r"a brace that belongs to no field, in 'Reply \{'"),
        ("Reply }", r"a brace that belongs to no field"),
        ("Reply {}", r"a brace that belongs to no field"),
        ("{a{review}}", r"a brace that belongs to no field"),
        (" ", "prompt is empty"),
        (5, "must be a text or a list of messages"),
        ([], "must be a text or a list of messages"),
        (["{review}"], "must be a text or a list of messages"),
    ],
)
def test_a_wrong_template_says_what_to_write(template: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        as_prompts(TABLE, prompt=template)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        *[(1.0, "1"), (-2.0, "-2"), (1.5, "1.5"), (True, "True"), (0, "0"), (1e300, "1e+300")],
        *[(np.float64(3), "3"), (np.int64(4), "4"), (np.float32(0.5), "0.5"), (" x ", " x ")],
        *[(["a", 1], '["a", 1]'), ({"é": None}, '{"é": null}'), (Decimal("1.0"), "1.0")],
        *[(dt.date(2024, 1, 2), "2024-01-02"), (np.array([1]), "[1]")],
        (pd.Timestamp("2024-01-02"), "2024-01-02 00:00:00"),
    ],
)
def test_cells_are_written_as_people_write_them(cell: Any, text: str) -> None:
    assert texts(as_prompts([{"x": cell}], prompt="{x}")) == [text]


EMPTY = [
    None,
    math.nan,
    pd.NA,
    pd.NaT,
    "",
    " \n",
    np.float64("nan"),
    Decimal("nan"),
    np.datetime64("NaT", "s"),
]


def test_all_bad_rows_are_counted_in_one_sentence_and_the_first_ones_named() -> None:
    table = [{"id": at, "x": "good", "y": "y"} for at in range(5)]
    table += [{"id": at, "x": each, "y": "y"} for at, each in enumerate(EMPTY)]
    table += [{"id": 1, "y": "y"}, {"id": 2, "x": None, "y": None}]

    with pytest.raises(ValueError, match=r"11 of 16 rows cannot be asked") as caught:
        as_prompts(table, prompt="{x}{y}")

    said = str(caught.value)
    assert "'x' empty in row 6, 7, 8, 9, 10 and 4 more" in said
    assert "no 'x' in row 15" in said
    assert "'x' and 'y' empty in row 16" in said
    assert 'on_bad="skip"' in said


def test_skipped_rows_stay_where_they_are() -> None:
    table = pd.DataFrame({"id": [1, 2, 3], "x": ["a", None, "c"]})

    found = as_prompts(table, prompt="{x}!", on_bad="skip")

    assert texts(found) == ["a!", "", "c!"]
    assert [each.problem for each in found] == [None, "'x' empty in row 1", None]
    assert [(each.row or {})["id"] for each in found] == [1, 2, 3]
    with pytest.raises(ValueError, match="2 of 2 rows cannot be asked"):
        as_prompts([{"x": None}, {"x": ""}], prompt="{x}", on_bad="skip")
    with pytest.raises(ValueError, match="on_bad must be one of 'raise', 'skip'; not 'drop'"):
        as_prompts(table, prompt="{x}", on_bad="drop")
    assert [each.problem is None for each in as_prompts(["a", None, ""], on_bad="skip")] == [
        *(True, False, False)
    ]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (["7", "7", "8", "7"], ["7", "7 (2)", "8", "7 (3)"]),
        (["7", "7 (2)", "7"], ["7", "7 (2)", "7 (3)"]),
        (["7", "7", "7 (2)"], ["7", "7 (3)", "7 (2)"]),
        (["1.0", None, "2.0", "1"], ["1", None, "2", "1 (2)"]),
        (["1.0", "1.1"], ["1.0", "1.1"]),
        ([None, None], [None, None]),
        (["v1.0", "1.0"], ["v1.0", "1.0"]),
    ],
)
def test_ids_are_each_once(given: list[str | None], made: list[str | None]) -> None:
    assert unique_ids(given) == made


def test_ids_come_from_their_column() -> None:
    for name in ("id", "custom_id", "ID", "Custom ID"):
        table = pd.DataFrame({name: [1.0, 1.0, math.nan], "x": list("abc")})
        assert [each.custom_id for each in as_prompts(table, prompt="{x}")] == ["1", "1 (2)", None]


def test_a_table_with_a_column_of_prompts_needs_no_template() -> None:
    table = pd.DataFrame({"Prompt": ["{a} or {b}?", "Why?"], "topic": ["x", "y"]})

    found = as_prompts(table)

    assert texts(found) == table["Prompt"].tolist()
    assert found[0].row == {"Prompt": "{a} or {b}?", "topic": "x"}


def test_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two columns called 'x'"):
        as_prompts(pd.DataFrame([[1, 2]], columns=["x", "x"]), prompt="{x}")

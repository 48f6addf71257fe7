"""A record is checked where it is read, and whatever a file holds is read or refused."""

from __future__ import annotations

import gc
import json
import math
import random
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.export import comparison_to_dict, to_json
from aiml_nb.formats.codec import from_dict, to_dict
from aiml_nb.formats.journal import finished_line, footer, header
from aiml_nb.formats.lines import encode, encode_record, parse
from aiml_nb.formats.results import encode_rows
from aiml_nb.records import Call, Comparison, Run

from ..analysis.builders import call, make_run
from .test_lines import calls
from .test_saved import full_run

Json = Any
KNOWN = {"index": 0, "custom_id": "a", "prompt": "p"}
KINDS = ("rows", "rows without texts", "journal", "comparison")
# What may stand in the place of anything else.
OTHERS: list[Json] = [
    *(None, True, 0, -1, 1.5, "", "x", "\ud800", [], {}, [7], [{}], {"a": 1}, {"content": 5}),
    *(10**20, 10**400, math.nan, math.inf, [{"number": 1, "started": 1}], [{"custom_id": "q"}]),
]


def as_form(call: dict[str, Json]) -> dict[str, Json]:
    """Leave out what most calls lack, in a call and in those within it."""
    rare = ("from_journal", "invalid_usage")
    kept = {name: value for name, value in call.items() if name not in rare or value}
    kept.pop("row")  # of a user's table, which only whole rows of results have
    attempts = [
        {name: value for name, value in each.items() if name != "worker" or value is not None}
        for each in call["attempts"]
    ]
    return kept | {
        "attempts": attempts,
        "children": [as_form(child) for child in call["children"]],
    }


@given(record=calls)
def test_a_call_comes_back_from_its_dictionary(record: Call) -> None:
    data = to_dict(record)

    expected = as_form(asdict(record))
    assert data == expected
    assert list(data) == [each.name for each in fields(Call) if each.name in expected]
    assert from_dict(Call, data) == record


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"index": True}, "index cannot be True"),
        ({"index": 1.0}, "index cannot be 1.0"),
        ({"index": 10**400}, "index cannot be 1000"),
        ({"started": True}, "started cannot be True"),
        ({"started": "soon"}, "started cannot be 'soon'"),
        ({"started": math.nan}, "started cannot be nan"),
        ({"started": 10**400}, "started cannot be 1000"),
        ({"text": None}, "text cannot be None"),
        ({"outcome": "\ud800"}, "outcome cannot be"),
        ({"outcome": []}, "outcome cannot be"),
        ({"attempts": {}}, "attempts cannot be"),
        ({"attempts": [7]}, r"attempts\[0\] cannot be 7"),
        ({"attempts": [{"number": 1}]}, r"attempts\[0\]\.started is missing"),
        ({"parameters": []}, "parameters cannot be"),
        ({"body": "{}"}, "body cannot be"),
    ],
)
def test_what_is_no_record_is_named_in_a_sentence(change: dict[str, Json], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_dict(Call, KNOWN | change)


def test_whole_seconds_are_seconds_and_unknown_fields_are_passed_over() -> None:
    attempts = [{"number": 1, "started": 1, "later": 0}]
    record = from_dict(Call, KNOWN | {"started": 1, "later": 0, "attempts": attempts})

    assert (record.started, record.attempts[0].started) == (1.0, 1.0)
    assert isinstance(record.started, float)


@pytest.mark.parametrize("text", ['"\\ud800"', "[" * 300 + "]" * 300, "[NaN, -Infinity, 1e999]"])
def test_json_is_read_as_json_loads_reads_it(text: str) -> None:
    assert repr(parse(text)) == repr(json.loads(text))


def test_importing_the_package_does_not_load_pydantic() -> None:
    code = "import sys, aiml_nb, aiml_nb.formats.saved; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_damaged_first_row_hides_no_other(tmp_path: Path) -> None:
    path = nb.to_jsonl(full_run(), tmp_path / "x.jsonl", texts=True)
    path.write_bytes(path.read_bytes()[20:])

    with pytest.warns(UserWarning, match="damaged in line 1"):
        read = nb.read_saved(path)

    assert isinstance(read, Run)
    assert [each.index for each in read.calls] == [1, 2]


def test_reading_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    path = nb.to_jsonl(make_run(call(0, 1)), tmp_path / "x.jsonl")
    (tmp_path / "bad").write_text("bad")

    assert gc.isenabled()
    nb.read_saved(path)
    with pytest.raises(ValueError, match="cannot be read"):
        nb.read_saved(tmp_path / "bad")
    assert gc.isenabled()


def write(run: Run, kind: str) -> str:
    """Return a file of `run`."""
    if kind == "comparison":
        return to_json(comparison_to_dict(Comparison(pairs=[(run, run)])))
    if kind == "journal":
        prompts = [{"custom_id": each.custom_id, "messages": []} for each in run.calls]
        lines = [encode(header(run, prompts=prompts)), *map(finished_line, run.calls)]
        return "".join([*lines, encode_record(footer(run))])
    return b"".join(encode_rows(run, texts=kind == "rows")).decode()


def paths(value: Json, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in `value`."""
    names = value if isinstance(value, dict) else ()
    for name in range(len(value)) if isinstance(value, list) else names:
        yield (*way, name)
        yield from paths(value[name], (*way, name))


def spoil(text: str, draw: random.Random) -> str:
    """Put something else in one place of a line, and make its checksum right again."""
    data = json.loads(text)
    had_checksum = data.pop("crc32", None) is not None
    *way, name = draw.choice(list(paths(data)))
    place = data
    for step in way:
        place = place[step]
    if draw.random() < 0.2:
        del place[name]
    else:
        place[name] = draw.choice(OTHERS)
    line = json.dumps(data)
    if not had_checksum:
        return line
    return f'{line[:-1]}, "crc32": {zlib.crc32(line.encode())}}}'


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    found=st.lists(calls, min_size=1, max_size=3),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
)
def test_whatever_a_member_is_the_file_is_read_or_refused(
    found: list[Call], kind: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    draw = random.Random(seed)  # noqa: S311
    records = [replace(each, index=n, custom_id=f"c{n}") for n, each in enumerate(found)]
    text = write(replace(full_run(), calls=records), kind)
    lines = [text] if kind == "comparison" else text.split("\n")[:-1]
    at = draw.randrange(len(lines))
    lines[at] = spoil(lines[at], draw)
    path = tmp_path_factory.getbasetemp() / "spoiled.json"
    path.write_text("\n".join(lines))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read = nb.read_saved(path)
        except ValueError as error:
            assert "cannot be read. " in str(error)  # noqa: PT017
        else:
            assert isinstance(read, Run | Comparison)

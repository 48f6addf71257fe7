from __future__ import annotations

import json

import pytest

from .__main__ import BENCHMARKS, main
from .rows import Row, format_table


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_runs_and_gives_its_rows(name, capsys):
    """Quickly: the figures mean nothing here."""
    code = main([name, "--quick", "--repeats", "1", "--json"])

    assert code == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"Python", "cores", "aiohttp"} <= set(printed["machine"])
    assert len(printed["rows"]) >= 2
    assert all(row["benchmark"] == name for row in printed["rows"])


def test_a_row_has_medians_and_the_ratio_of_each_pair():
    row = Row("b", "n", "s", [2, 8, 3], [1, 2, 3], "other")

    assert (row.value, row.reference, row.ratio) == (3, 2, 2)
    assert format_table([row]).splitlines()[1].split() == [
        "b:", "n", "3", "2", "-", "8", "s", "2", "other", "2.00", "1.00", "-", "4.00"
    ]  # fmt: skip


def test_beside_nothing_there_is_no_ratio():
    assert Row("b", "n", "KiB", [2, 8], [0, 4], "other").ratio is None


def test_an_unknown_benchmark_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        main(["nope"])

    assert "simulator" in capsys.readouterr().err

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..kernels.environments import REPOSITORY
from .__main__ import BENCHMARKS, main
from .rows import Row, format_table


def measure_quickly(name):
    """Measure in a process of its own: the figures mean nothing here."""
    command = [sys.executable, "-m", "tests.benchmarks", name, "--quick", "--repeats", "1"]
    return subprocess.run(
        [*command, "--json"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def measured():
    """All of them, as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(BENCHMARKS, pool.map(measure_quickly, BENCHMARKS), strict=True))


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_runs_and_gives_its_rows(name, measured):
    done = measured[name]

    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
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

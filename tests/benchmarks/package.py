"""What one waits for besides the calls: the import, the first picture, tables and timelines."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from aiml_nb.records import Run

from ..analysis.schedules import first_come, seeded
from .rows import Row

# What a timeline needs if each bar is drawn by itself.
BARH = """
import time
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
began = time.perf_counter()
figure = Figure(figsize=(9, 5)); FigureCanvasAgg(figure)
axes = figure.subplots()
for row in range({n}):
    axes.barh(row, 1.0, left=row / 10)
figure.savefig("bars.png")
print(time.perf_counter() - began)
"""


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    return [
        measure_import(repeats),
        measure_first_picture(repeats),
        *measure_tables(repeats, 50 if quick else 10_000, bars=20 if quick else 200),
        *measure_reports(repeats, 50 if quick else 200_000),
        *measure_files(repeats, 50 if quick else 20_000),
    ]


def time_python(code: str, *arguments: str, cwd: str | None = None) -> float:
    """Return the seconds that a Python of its own takes for `code`."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, cwd=cwd, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def measure_import(repeats: int) -> Row:
    """``import aiml_nb``, less a Python that imports nothing."""
    ours, openai = (
        [time_python(f"import {name}") - time_python("pass") for _ in range(repeats)]
        for name in ("aiml_nb", "openai")
    )
    return Row("package", "import aiml_nb", "s", ours, openai, "import openai")


def measure_first_picture(repeats: int) -> Row:
    """A cold ``aiml-nb compare``; the reference only imports what it needs."""
    values, references = [], []
    command = "from aiml_nb.cli import main; main()"
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            values.append(
                time_python(command, "compare", "--simulate", "--speed", "20", cwd=folder)
            )
            references.append(time_python("import openai, aiohttp, pandas, matplotlib.figure"))
        assert (Path(folder) / "aiml-nb-timeline.png").stat().st_size
    return Row("package", "the FAQ's picture, 20 x speed", "s", values, references, "its imports")


def measure_tables(repeats: int, calls: int, *, bars: int) -> list[Row]:
    """The table and the timeline of a long run."""
    import pandas

    from aiml_nb import plot_timeline

    run = make_long_run(calls)
    tables, plain, pictures, references = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            began = time.perf_counter()
            run.to_frame()
            tables.append(time.perf_counter() - began)
            began = time.perf_counter()
            pandas.DataFrame([asdict(call) for call in run.calls])
            plain.append(time.perf_counter() - began)
            began = time.perf_counter()
            plot_timeline(run).savefig(io.BytesIO())
            pictures.append(time.perf_counter() - began)
            done = subprocess.run(
                [sys.executable, "-c", BARH.format(n=bars)],
                check=True, cwd=folder, capture_output=True, text=True,
            )  # fmt: skip
            references.append(float(done.stdout))
    return [
        Row(
            "package",
            f"to_frame of {calls} calls",
            "s",
            tables,
            plain,
            "a DataFrame of their asdict",
        ),
        Row("package", f"timeline of {calls} calls", "s", pictures, references, f"barh of {bars}"),
    ]


def measure_reports(repeats: int, calls: int) -> list[Row]:
    """The numbers of a very long run, and what a notebook shows of it."""
    run = make_long_run(calls)
    summaries, displays = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        run.summary()
        summaries.append(time.perf_counter() - began)
        began = time.perf_counter()
        run._repr_mimebundle_()
        displays.append(time.perf_counter() - began)
    return [
        Row("package", f"summary of {calls} calls", "s", summaries),
        Row("package", f"display of {calls} calls", "s", displays),
    ]


def measure_files(repeats: int, calls: int) -> list[Row]:
    """Results written and read again; the references are json's work on the same rows."""
    from aiml_nb import read_saved, to_jsonl

    run = make_long_run(calls)
    written, dumped, read, parsed = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        for _ in range(repeats):
            began = time.perf_counter()
            to_jsonl(run, path)
            written.append((time.perf_counter() - began) / calls * 1e6)
            lines = path.read_text("ascii").splitlines()
            began = time.perf_counter()
            rows = [json.loads(line) for line in lines]
            parsed.append((time.perf_counter() - began) / calls * 1e6)
            began = time.perf_counter()
            for row in rows:
                json.dumps(row)
            dumped.append((time.perf_counter() - began) / calls * 1e6)
            began = time.perf_counter()
            read_saved(path)
            read.append((time.perf_counter() - began) / calls * 1e6)
    return [
        Row("package", "to_jsonl, a call", "us", written, dumped, "json.dumps of its row"),
        Row("package", "read_saved, a call", "us", read, parsed, "json.loads of its row"),
    ]


def make_long_run(calls: int) -> Run:
    """Make a run of random durations, a hundred at a time; the same one each time."""
    draw = seeded(1)
    return first_come([draw.lognormvariate(0.5, 0.6) for _ in range(calls)], slots=100)

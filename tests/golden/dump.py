"""All that is written, said and drawn of a record, as text."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

import aiml_nb as nb
from aiml_nb import analysis, report
from aiml_nb.export import comparison_to_dict, to_json
from aiml_nb.records import Comparison, Run

from ..runner.virtual import VirtualServer, run_ours
from .cases import CASES, Shown


def dump_all() -> dict[str, str]:
    """Return the text of every golden file by its name."""
    files = {"journal.jsonl": dump_journal()}
    for name, make in CASES.items():
        shown = make()
        files[f"{name}.axes.txt"] = "\n".join(_describe(nb.plot_timeline(shown))) + "\n"
        files[f"{name}.words.txt"] = _rounded("\n".join(_say(shown)) + "\n")
        if name != "many":
            files |= {f"{name}.{what}": text for what, text in _write(shown)}
    return files


def dump_journal() -> str:
    """Return the journal of a run in which calls are refused, without what differs each time."""
    server = VirtualServer(shares={"429:1": 0.2, "500": 0.2}, seed=4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        run = run_ours(8, server, max_concurrency=3, journal=path, temperature=0.5)
        lines = path.read_text("utf-8").splitlines()
    return "\n".join(_without_chance(line, run.run_id) for line in lines) + "\n"


def _without_chance(line: str, run_id: str) -> str:
    record = json.loads(line.replace(run_id, "RUN"))
    del record["crc32"]
    if "settings" in record:
        record["settings"]["started_at"] = 0.0
    return _rounded(json.dumps(record, ensure_ascii=False))


def _rounded(text: str) -> str:
    """Round what is as long as only sums and differences are: their last digit may be another."""
    return re.sub(r"\d+\.\d{9,}", lambda found: f"{float(found[0]):.6g}", text)


def _write(shown: Shown) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        for texts in (False, True):
            which = "texts" if texts else "numbers"
            path = Path(folder) / which
            yield f"{which}.csv", _read(nb.to_csv(shown, path, texts=texts))
            if isinstance(shown, Run):
                yield f"{which}.jsonl", _read(nb.to_jsonl(shown, path, texts=texts))
            yield f"{which}.trace.json", _read(nb.to_chrome_trace(shown, path, texts=texts))
    if isinstance(shown, Comparison):
        yield "json", to_json(comparison_to_dict(shown)) + "\n"


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _say(shown: Shown) -> Iterator[str]:
    yield f"alt text: {report.alt_text(shown)}"
    if isinstance(shown, list):
        yield str(report.compare_strategies(shown).to_dict("list"))
        return
    bundle = shown._repr_mimebundle_()
    yield f"repr: {shown!r}"
    yield f"text/plain: {bundle['text/plain']}"
    yield f"summary: {shown.summary().to_dict('list')}"
    yield f"describe: {report.describe(shown)}"
    if isinstance(shown, Comparison):
        yield f"finding: {shown.finding}"
        return
    yield f"caveat: {report.caveat(shown)}"
    yield f"diagnosis: {analysis.diagnose(shown)}"
    yield f"columns: {dict(shown.to_frame().dtypes.astype(str))}"
    yield f"attempts: {shown.attempts_frame().to_dict('list')}"


def _describe(figure: Figure) -> Iterator[str]:
    """Tell what is on each of a figure's Axes, in data coordinates, without fonts and pixels."""
    figure.draw_without_rendering()
    for number, axes in enumerate(figure.axes):
        yield f"axes {number}: x {_numbers(axes.get_xlim())} y {_numbers(axes.get_ylim())}"
        for artist in axes.get_children():
            yield from _describe_artist(axes, artist)
    for legend in figure.legends:
        yield f"legend: {[text.get_text() for text in legend.get_texts()]}"
    yield f"texts: {[text.get_text() for text in figure.texts if text.get_text()]}"


def _describe_artist(axes: Axes, artist: object) -> Iterator[str]:
    if isinstance(artist, Text) and artist.get_text():
        yield f"  text {artist.get_text()!r}"
    elif isinstance(artist, Line2D):
        data = np.column_stack(artist.get_data())
        yield f"  line {artist.get_gid()} {artist.get_color()} {_numbers(data)}"
    elif isinstance(artist, LineCollection):
        yield f"  lines {artist.get_gid()} {_numbers(artist.get_segments())}"
    elif isinstance(artist, Collection):
        paths = [path.vertices for path in artist.get_paths()]
        what = f"{artist.get_gid()} {artist.get_hatch()} {_colours(artist.get_facecolor())}"
        yield f"  shapes {what} {_numbers(paths)} at {_numbers(artist.get_offsets())}"
    elif isinstance(artist, Patch) and artist is not axes.patch and artist.get_gid():
        corners = artist.get_path().vertices
        yield f"  patch {artist.get_gid()} {len(corners)} {_numbers(corners.sum(axis=0))}"


def _numbers(values: Any) -> str:
    if isinstance(values, list):
        return "[" + ", ".join(_numbers(each) for each in values) + "]"
    return np.array2string(
        np.round(np.ma.filled(np.asarray(values, float), np.nan), 4) + 0.0,
        separator=",",
        threshold=10**9,
        max_line_width=10**9,
    ).replace("\n", "")


def _colours(values: Any) -> list[str]:
    return sorted({_numbers(each) for each in np.atleast_2d(values)})

"""Promise S1, place by place: wherever in a reply a server says the key, nothing shows it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import aiml_nb as nb

from .echo_places import PLACES, echo_places
from .rows import exhaustive, slow

CANARY = "canary-0123456789abcdef"
PART = CANARY[:12]
# A place of each kind for the ordinary run.
FEW = ("no-status-line", "request-id", "400-utf-8-with-zero-width", "tool-with-accent", "bad-event")
_UNSEEN = re.compile(r"[^ -~]|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\x[0-9a-fA-F]{2}")


def leaks(text: str) -> list[str]:
    """Return the lines in which the key stands, for whoever sees only what can be seen."""
    lines = [(line, _UNSEEN.sub("", line)) for line in text.replace("\\n", "\n").splitlines()]
    return [line[:300] for line, seen in lines if PART in line.lower() or PART in seen.lower()]


PROGRAM = """
import asyncio, logging, sys, traceback
import aiml_nb as nb

root, folder, strategies, *places = sys.argv[1:]
logging.basicConfig(level=logging.DEBUG)
for place in places:
    for strategy in strategies.split():
        for stream in (False, True):
            name = f"{folder}/{place}-{strategy}-{stream}"
            endpoint = nb.connect(base_url=f"{root}/{place}/v1", model="m", verbose=False)
            options = {"strategy": strategy, "stream": stream, "max_attempts": 1, "timeout": 20}
            print("place", place, strategy, stream)
            try:
                run = nb.run(["Who?"], endpoint, journal=name + ".journal", **options)
            except nb.EndpointError:
                traceback.print_exc()
                run = nb.last_run()
            print(run, run.calls, nb.plot_timeline(run) if place == "content" else "")
            print(run.to_frame().to_string(), run.attempts_frame().to_string())
            nb.to_csv(run, name + ".csv", texts=True)
            nb.to_jsonl(run, name + ".jsonl", texts=True)
            nb.to_chrome_trace(run, name + ".json", texts=True)
"""


def look(places: list[str], folder: Path, strategies: str) -> tuple[int, list[str]]:
    """Return how many runs were made, one after the other, and where the key stands."""
    with echo_places() as root:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, root, folder, strategies, *places],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "AIML_API_KEY": CANARY, "PYTHONASYNCIODEBUG": "1"},
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "DEBUG:openai" in done.stderr
    assert "DEBUG:httpcore2" in done.stderr
    written = [each.read_text() for each in folder.iterdir()]
    found = leaks(done.stdout) + leaks(done.stderr)
    return done.stdout.count("place "), found + [leak for text in written for leak in leaks(text)]


def test_a_program_with_every_log_on_shows_it_nowhere(tmp_path: Path) -> None:
    assert look(list(FEW), tmp_path, "sequential gather") == (4 * len(FEW), [])


@pytest.mark.slow
def test_nor_in_any_other_place(tmp_path: Path) -> None:
    assert len(PLACES) > 80
    assert look(list(PLACES), tmp_path, "sequential gather") == (4 * len(PLACES), [])


COMMANDS = """
import sys
from aiml_nb.cli import main

root, *places = sys.argv[1:]
for place in places:
    for stream in ([], ["--stream"]):
        where = ["--base-url", f"{root}/{place}/v1", "--model", "m", *stream]
        main(["run", "--prompts", "p.txt", "--overwrite", "--journal", f"{place}{stream}", *where])
        main(["run", "--prompts", "p.txt", "--overwrite", "--journal", f"{place}{stream}", *where,
              "--resume", "--retry-failed"])
        main(["compare", "Who?", "--json", "c.json", *where])
        print("place", place)
"""


@pytest.mark.parametrize("step", [slow(16), exhaustive(1)])
def test_the_command_line_shows_it_nowhere(step: int, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("Who?\n")
    places = list(PLACES)[::step]
    with echo_places() as root:
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, root, *places],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "AIML_API_KEY": CANARY},
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("place ") == 2 * len(places)
    files = [each for each in tmp_path.rglob("*") if each.is_file() and each.suffix != ".png"]
    written = [each.read_text() for each in files]
    assert leaks(done.stdout) + leaks(done.stderr) == []
    assert [leak for text in written for leak in leaks(text)] == []


# The first calls of a loop that runs in another have what went before them for their context.
CELL = """
for place in {places}:
    at = nb.connect(base_url=f"{root}/{{place}}/all/v1", model="m", verbose=False)
    for strategy in ("sequential", "threads", "gather"):
        for stream in (False, True):
            tried += 1
            try:
                run = {call}(["Who?"], at, strategy=strategy, stream=stream, max_attempts=1)
                display(run, run.calls, run.to_frame())
            except Exception:
                get_ipython().showtraceback()
"""
RAISING = [
    name
    for name in PLACES
    if name in {"no-status-line", "version", "status", "header-line", "length", "chunk-size"}
]


@pytest.mark.kernel
@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [slow(20), exhaustive(1)])
def test_no_traceback_of_a_cell_shows_it(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, few = list(PLACES)[::step], list(FEW)[::2]
    monkeypatch.setenv("AIML_API_KEY", CANARY)
    monkeypatch.setenv("PYTHONPATH", str(Path(nb.__file__).parents[1]))
    modes = ("Plain", "Context", "Verbose", "Minimal")
    with echo_places() as root:
        cells = ["import aiml_nb as nb\ntried = 0"]
        for mode in modes:
            cells.append(f"%xmode {mode}")
            # It shows the most.
            places, raising = (most, RAISING) if mode == "Verbose" else (few, RAISING[::3])
            cells += [
                CELL.format(places=places, root=root, call=call)
                for call in ("nb.run", "await nb.run_async")
            ]
            for place in raising:
                at = f"nb.connect(base_url='{root}/{place}/all/v1', model='m', verbose=False)"
                for strategy in ("gather", "threads"):
                    how = f"(['Who?'], {at}, strategy='{strategy}', max_attempts=1)"
                    cells += [f"nb.run{how}", "%tb", f"await nb.run_async{how}"]
        cells.append("print(tried)")
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
        resources = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, timeout=400, allow_errors=True, resources=resources).execute()

    said = [text for cell in notebook.cells for text in texts_of(cell.outputs)]
    raised = [out for cell in notebook.cells for out in cell.outputs if out.output_type == "error"]
    assert [leak for text in said for leak in leaks(text)] == []
    assert len(raised) >= (len(RAISING) + 3 * len(RAISING[::3])) * 6
    assert said[-1] == f"{2 * 6 * (len(most) + 3 * len(few))}\n"


def texts_of(outputs: list[Any]) -> list[str]:
    """Return what a cell shows, without the colours of its tracebacks."""
    texts = []
    for out in outputs:
        shown = out.get("text") or "\n".join(out.get("traceback", [])) or str(out.get("data", ""))
        texts.append(re.sub(r"\x1b\[[0-9;]*m", "", shown))
    return texts

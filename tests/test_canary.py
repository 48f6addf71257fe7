"""Promise S1: the key is nowhere, even where a server says it and a notebook shows variables.

The canary is the key of every call here; the server says it in headers, bodies and streams.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import pprint
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import aiml_nb as nb
from aiml_nb import simulator
from aiml_nb.runner.plan import make_plan

from .echo_server import WAYS, echo_server

CANARY = "canary-0123456789abcdef"
# A part of a key is enough for a secret scanner, and for a thief.
PART = CANARY[:12]


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    with echo_server() as address:
        yield address


def connect(root: str, way: str, key: str = CANARY) -> nb.Endpoint:
    return nb.connect(base_url=f"{root}/{way}/v1", api_key=key, model="m", verbose=False)


class TestObjects:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_records_hold_no_key(self, root: str, way: str, stream: bool, strategy: str) -> None:
        endpoint = connect(root, way)
        run = nb.run(["Who?"] * 2, endpoint, strategy=strategy, stream=stream, max_attempts=1)

        assert len(run.calls) == 2
        assert PART not in show(run)
        assert PART not in show(run.calls)
        assert PART not in run.to_frame().to_string() + run.attempts_frame().to_string()

    @pytest.mark.parametrize("length", [6, 40, 150, 500, 1999])
    def test_no_part_of_a_long_key_is_left_where_a_message_is_cut(
        self, root: str, length: int
    ) -> None:
        key = (CANARY * 100)[: length - 1] + "z"
        for way in ("odd", "page", "400", "429"):
            run = nb.run(["Who?"], connect(root, way, key), max_attempts=1)

            error = run.calls[0].error or ""
            assert key[:9] not in error.replace("[key]", "")

    async def test_objects_show_copy_and_pickle_no_key(self, root: str) -> None:
        endpoint = connect(root, "good")
        handle = nb.start(["Who?"], endpoint)
        run = await handle
        comparison = await nb.compare_async(["Who?"], endpoint)
        plan = make_plan(["Who?"], endpoint)

        for thing in (endpoint, endpoint.key, handle, run, run.calls[0], comparison, plan):
            assert PART not in show(thing)
            assert PART not in pickled(thing)
        for make in (copy.deepcopy, asdict, pickle.dumps):
            with pytest.raises(TypeError):
                make(endpoint)

    def test_the_simulators_process_does_not_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIML_API_KEY", CANARY)
        monkeypatch.setenv("OTHER_API_KEY", CANARY)
        with simulator.SimulatorProcess() as process:
            token = process.register()
            about = Path(f"/proc/{process.pid}")
            arguments = (about / "cmdline").read_bytes()
            environment = (about / "environ").read_bytes()

        assert b"aiml_nb" in arguments
        for secret in (CANARY, token):
            assert secret.encode() not in arguments + environment


def show(thing: object) -> str:
    """Return everything that displays and debuggers print of `thing`."""
    names = [name for name in dir(thing) if not name.startswith("__")]
    members = {name: getattr(thing, name, None) for name in names if name != "reveal"}
    with suppress(TypeError):
        members |= {"vars": vars(thing)}
    return f"{thing!r} {thing} {pprint.pformat(thing)} {members!r}"


def pickled(thing: object) -> str:
    """Return what a pickle of `thing` holds; nothing if it refuses."""
    try:
        return pickle.dumps(thing).decode("latin-1")
    except (TypeError, AttributeError, pickle.PicklingError):
        return ""


PROGRAM = """
import asyncio, logging, os, sys, traceback
import aiml_nb as nb

root, folder = sys.argv[1:]
logging.basicConfig(level=logging.DEBUG)
for way in %r:
    for strategy in ("sequential", "threads", "gather"):
        for stream in (False, True):
            name = f"{folder}/{way}-{strategy}-{stream}"
            try:
                endpoint = nb.connect(base_url=f"{root}/{way}/v1", model="m")
                run = nb.run(
                    ["Who?", "Why?"], endpoint, strategy=strategy, stream=stream, max_attempts=1,
                    journal=f"{name}.journal", timeout=5, max_tokens=5,
                )
            except nb.EndpointError:
                traceback.print_exc()
                continue
            print(run, run.calls, run.to_frame().to_string(), run.summary().to_string())
            nb.to_csv(run, f"{name}.csv", texts=True)
            nb.to_jsonl(run, f"{name}.jsonl", texts=True)
            nb.to_chrome_trace(run, f"{name}.json", texts=True)
            nb.resume(f"{name}.journal", endpoint, retry_failed=True)
for wrong in ({"strategy": "x"}, {"temprature": 1}, {"journal": name + ".journal"}, {"timeout": 0}):
    try:
        nb.run(["Who?"], endpoint, **wrong)
    except Exception:
        traceback.print_exc()
endpoint = nb.connect(base_url=f"{root}/good/v1", model="m")
asyncio.run(nb.run_async(["Who?"], endpoint), debug=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("debug", ["", "debug"])
def test_a_program_with_every_log_on_writes_no_key(root: str, debug: str, tmp_path: Path) -> None:
    """DEBUG logs of all libraries, journals, exports, tracebacks; the answers of every way."""
    # Where the key is in the head of a reply, the logs of the libraries say it: see `find`.
    program = PROGRAM % ([way for way in WAYS if not (debug and way == "header")],)
    if not debug:
        program = program.replace("logging.basicConfig(level=logging.DEBUG)", "")
    done = subprocess.run(
        [sys.executable, "-c", program, root, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "AIML_API_KEY": CANARY, "OPENAI_LOG": debug, "PYTHONASYNCIODEBUG": "1"},
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert ("DEBUG" in done.stderr) == bool(debug)
    assert PART not in done.stdout
    assert find(PART, done.stderr) == []
    written = list(tmp_path.iterdir())
    assert len(written) > 4 * 6 * 8
    assert [each.name for each in written if PART in each.read_text()] == []


def find(part: str, text: str) -> list[str]:
    """Return the lines that hold `part`, as far as a reader needs them."""
    return [line[:300] for line in text.splitlines() if part in line]


FIRST = """
import logging, os, signal, threading
import aiml_nb as nb
from pathlib import Path

root = os.environ["ROOT"]
load = Path(os.environ["KEY_FILE"]).read_text
at = lambda way, **more: nb.connect(base_url=f"{root}/{way}/v1", model="m", **more)

def stop(seconds=0.3):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
"""
# Each raises, or shows something.
CELLS = """
endpoint = at("good"); endpoint
at("good", api_key=load())
nb.connect(api_key=load(), simulate=True)
nb.connect(api_key=load() + "\\nmore", base_url="https://example.org/v1")
nb.connect(api_key="Bearer " + load())
nb.connect(api_key=load().encode())
nb.connect(api_key=load(), base_url="ftp://example.org")
nb.connect(api_key=load(), base_url="https://me:" + load() + "@example.org")
nb.connect(api_key=load(), provider="x")
nb.connect(api_key=load(), verbos=False)
nb.run(["Who?"], at("list"))
nb.run(["Who?"], at("list"), strategy="sequential")
nb.run(["Who?"], at("good")).calls
nb.run(["Who?"], at("401")).calls
nb.run(["Who?"], at("401"))
nb.compare(["Who?", "Why?"], at("good"))
nb.run("Who?", endpoint)
nb.run([], endpoint)
nb.run(["Who?"], load)
nb.run(["Who?"], endpoint, strategy="x")
nb.run(["Who?"], endpoint, max_cost=1)
nb.run(["Who?"], endpoint, journal="/proc/x")
nb.run(["Who?"], endpoint, extra_body={"x": {1}}, journal=True)
nb.resume(os.environ["NOTHING"])
await nb.run_async(["Who?"], at("list"))
await nb.run_async(["Who?"], endpoint, strategy="x")
nb.start(["Who?"], endpoint, stream=1)
stop(); nb.run(["Who?"] * 3, at("slow"), strategy="sequential")
stop(); nb.run(["Who?"] * 3, at("slow"), strategy="threads")
stop(); nb.run(["Who?"] * 3, at("slow"))
stop(); nb.run(["Who?"] * 3, at("trickle"), strategy="sequential", stream=True)
stop(); nb.run(["Who?"] * 3, at("trickle"), strategy="workers", stream=True)
stop(); await nb.run_async(["Who?"] * 3, at("slow"))
nb.last_run().calls
%tb
endpoint.key.check(1)
endpoint.open()
endpoint.open_async()
vars(endpoint)
""".strip().splitlines()
MODES = ("Plain", "Context", "Verbose", "Minimal")


@pytest.mark.slow
@pytest.mark.kernel
def test_a_notebook_with_every_kind_of_traceback_shows_no_key(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved of a notebook whose cells fail, are interrupted, and show what they have."""
    (tmp_path / "key.txt").write_text(CANARY)
    monkeypatch.setenv("AIML_API_KEY", CANARY)
    monkeypatch.setenv("ROOT", root)
    (tmp_path / "nothing").write_text("no journal")
    monkeypatch.setenv("NOTHING", str(tmp_path / "nothing"))
    monkeypatch.setenv("KEY_FILE", str(tmp_path / "key.txt"))
    monkeypatch.setenv("PYTHONPATH", str(Path(nb.__file__).parents[1]))
    cells = [FIRST]
    for mode in MODES:
        cells += [f"%xmode {mode}", *CELLS]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))

    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=60, allow_errors=True, resources=resources).execute()

    leaks = [leak for cell in notebook.cells for leak in leaks_of(cell)]
    raised = [out for cell in notebook.cells for out in cell.outputs if out.output_type == "error"]
    names = {out.ename for out in raised}
    assert leaks == []
    assert {"EndpointError", "JournalError", "KeyboardInterrupt", "BudgetError"} <= names
    assert len(raised) >= 4 * 25
    assert PART not in json.dumps(notebook)


def leaks_of(cell: Any) -> list[str]:
    text = json.dumps(cell.outputs, indent=0).replace("\\n", "\n")
    return [f"{cell.source}: {line}" for line in find(PART, text)]

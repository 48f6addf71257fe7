"""A journal that other programs and file systems interfere with while a run writes it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.formats.journal_head import head_lines
from aiml_nb.runner.journal import Journal

from ..rows import exhaustive, slow
from .records import make_head, make_run, write_journal

BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])


def save_anew(path: Path) -> None:
    """Save a file as most editors do: write another, and rename it."""
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.rename(path)


def keep_backup(path: Path) -> None:
    """Save a file as some editors do: rename it, and write it anew."""
    data = path.read_bytes()
    path.rename(path.with_name(f"{path.name}~"))
    path.write_bytes(data)


def append_a_line(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"# mine\n")


def remove_folder(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


# What is done to the file, and whether something stands in its place afterwards.
TAKEN: dict[str, tuple[Callable[[Path], object], bool]] = {
    "saved by rename": (save_anew, True),
    "saved with a backup": (keep_backup, True),
    "saved in place": (lambda path: path.write_bytes(path.read_bytes()[:500]), True),
    "truncated": (lambda path: path.write_bytes(b""), True),
    "appended to": (append_a_line, True),
    "deleted": (Path.unlink, False),
    "moved away": (lambda path: path.rename(path.with_name("elsewhere")), False),
    "deleted with its folder": (remove_folder, False),
    "replaced by a folder": (lambda path: (path.unlink(), path.mkdir()), True),
}


class Obliging(BaseHTTPRequestHandler):
    """Answers every prompt with itself; does what it is told to before its fourth answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each reply waits for 40 ms

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.count += 1  # type: ignore[attr-defined]
        if self.server.count == 4:  # type: ignore[attr-defined]
            self.server.change()  # type: ignore[attr-defined]
        message = {"role": "assistant", "content": asked["messages"][-1]["content"]}
        self._answer({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def _answer(self, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def obliging(change: Callable[[], object]) -> Iterator[nb.Endpoint]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Obliging)
    server.count, server.change = 0, change  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield nb.connect(
            base_url=f"http://127.0.0.1:{server.server_port}/v1", model="m", verbose=False
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


QUESTIONS = [f"Question {number}?" for number in range(8)]


@BOTH
@pytest.mark.parametrize("how", TAKEN)
def test_every_answer_is_in_a_journal_whatever_became_of_its_file(
    tmp_path: Path, how: str, strategy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journals" / "j.jsonl"
    change, is_taken = TAKEN[how]

    with obliging(lambda: change(path)) as endpoint:
        run = nb.run(QUESTIONS, endpoint, strategy=strategy, max_concurrency=2, journal=path)
        kept = Path(run.journal or "")
        said = capsys.readouterr().err
        again = nb.resume(kept, endpoint)

    assert [call.text for call in run.calls] == QUESTIONS
    assert kept == (path.with_name("j-2.jsonl") if is_taken else path)
    assert f"All its records are in '{kept}' now" in said
    contents = read_lines(kept.read_bytes(), kept)
    assert len(contents.calls) == 8
    assert (contents.damaged, contents.edited) == ((), ())
    assert [call.text for call in again.calls] == QUESTIONS
    assert again.started_at == run.started_at


def test_a_file_that_cannot_be_made_anew_stops_the_run_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "j.jsonl"

    def bar() -> None:
        remove_folder(path)
        path.parent.write_text("no folder any more")

    with obliging(bar) as endpoint:
        run = nb.run(QUESTIONS, endpoint, max_concurrency=1, journal=path)

    assert "no new one can be made beside it" in (run.stopped or "")
    assert [call.outcome for call in run.calls].count("ok") == 4
    assert run.calls[-1].outcome == "not_started"


def test_a_journal_of_another_run_is_not_removed_with_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    mine = Journal.create(path, head_lines(make_head(make_run("Mine."))))
    path.unlink()
    write_journal(path, make_run("Theirs."))
    theirs = path.read_bytes()

    mine.close(make_run("Mine."))  # nothing was sent

    assert path.read_bytes() == theirs


def test_a_journal_in_another_folder_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    monkeypatch.chdir(here)
    mine = Journal.create(Path("j.jsonl"), head_lines(make_head(make_run("Mine."))))
    write_journal(there / "j.jsonl", make_run("Theirs."))
    theirs = (there / "j.jsonl").read_bytes()
    monkeypatch.chdir(there)

    mine.close(make_run("Mine."))

    assert (there / "j.jsonl").read_bytes() == theirs
    assert list(here.iterdir()) == []


FORK = """
import os, sys, time
from pathlib import Path
from aiml_nb.formats.journal_head import head_lines
from aiml_nb.runner.journal import Journal
from tests.runner.records import make_head, make_run
path = Path(sys.argv[1])
journal = Journal.create(path, head_lines(make_head(make_run("Yes."))))
journal.note_finished(make_run("Yes.").calls[0])
ready, leave = os.pipe(), os.pipe()
if os.fork() == 0:
    try:
        journal.note_finished(make_run("Yes.").calls[0])
    except Exception as error:
        os.write(ready[1], type(error).__name__.encode())
    os.close(leave[1])
    os.read(leave[0], 1)  # until the parent has gone
    os._exit(0)
os.read(ready[0], 100)
journal.close_without_writing()
again, contents = Journal.reopen(path)  # while the child lives
print(len(contents.calls), contents.damaged)
"""


def test_a_child_that_was_forked_keeps_no_lock_and_writes_nothing(tmp_path: Path) -> None:
    assert run_python(FORK, tmp_path / "j.jsonl") == "1 ()\n"


NO_LOCKS = """
import errno, sys
import aiml_nb as nb
from tests.runner.syscalls import FLOCK, fail_system_call
endpoint = nb.connect(scenario="instant", verbose=False)
fail_system_call(FLOCK, getattr(errno, sys.argv[2]))
run = nb.run(["Who?"], endpoint, journal=sys.argv[1])
print(run.calls[0].outcome, run.stopped)
"""
ON_LINUX = pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() != "x86_64", reason="needs seccomp"
)


@ON_LINUX
@pytest.mark.parametrize(
    "code", ["ENOLCK", slow("ENOSYS"), *map(exhaustive, ("EOPNOTSUPP", "EIO"))]
)
def test_a_file_system_without_locks_is_told_and_does_not_stop_the_run(
    tmp_path: Path, code: str
) -> None:
    path = tmp_path / "j.jsonl"

    said = run_python(NO_LOCKS, path, code, with_errors=True)

    assert "two runs are not kept apart there" in said
    assert said.endswith("ok None\n")
    assert len(read_lines(path.read_bytes(), path).calls) == 1


def run_python(program: str, *arguments: object, with_errors: bool = False) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if with_errors else None,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    ).stdout

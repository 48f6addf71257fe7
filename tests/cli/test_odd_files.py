"""Files that are no plain files of prompts, and full disks: a sentence, and nothing is sent."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from aiml_nb.cli.run_prompts import MANY
from aiml_nb.prompts.inputs import iter_prompts

from .test_run import read_results, write_questions
from .typed import aiml_nb

QUESTIONS = b'{"prompt": "One?"}\n{"prompt": "Two?"}\n'

UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "gzip": ("q.jsonl.gz", gzip.compress(QUESTIONS), "packed (gzip). Type  gunzip -k q.jsonl.gz"),
    "gzip, named otherwise": ("q.jsonl", gzip.compress(QUESTIONS), "packed (gzip). Unpack it"),
    "bzip2": ("q.jsonl.bz2", bz2.compress(QUESTIONS), "packed (bzip2). Type  bunzip2 -k q."),
    "xz": ("q.jsonl.xz", lzma.compress(QUESTIONS), "packed (xz). Type  unxz -k q.jsonl.xz"),
    "zstd": ("q.jsonl.zst", b"\x28\xb5\x2f\xfd\x04\0", "packed (zstd). Type  unzstd q.jsonl.zst"),
    "no text": ("q.jsonl", b"\x93NUMPY\x01\0v\0\xff", "it is no text: it has zero bytes"),
    "zeros where a disk was full": (
        "q.jsonl",
        QUESTIONS + b"\0" * 4096 + b"\n",
        "Line 3 of 'q.jsonl' is not JSON",
    ),
}


def run(*arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``aiml-nb run`` in a process of its own."""
    command = [sys.executable, "-m", "aiml_nb", "run", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=40, check=False, **options
    )


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_text_is_named_as_what_it_is(name: str, tmp_path: Path) -> None:
    file, data, words = UNREADABLE[name]
    (tmp_path / file).write_bytes(data)

    done = aiml_nb("run", file, "--simulate", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "\N{REPLACEMENT CHARACTER}" not in done.stderr


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "pipe.jsonl"])
def test_prompts_come_through_a_pipe(name: str, tmp_path: Path) -> None:
    """Which can be read once, and is not asked for its lines before."""
    if name == "pipe.jsonl":
        os.mkfifo(tmp_path / name)
        writer = threading.Thread(target=(tmp_path / name).write_bytes, args=(QUESTIONS,))
        writer.start()

    done = run(name, "--simulate", "--scenario", "instant", "--output", "o.jsonl", cwd=tmp_path,
               input=QUESTIONS.decode())  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert [row["prompt"] for row in read_results(tmp_path / "o.jsonl")] == ["One?", "Two?"]


@pytest.mark.parametrize("how", ["longer", "shorter", "other bytes"])
def test_a_file_that_is_written_while_it_is_read_is_refused(how: str, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"".join(b'{"prompt": "%d?"}\n' % number for number in range(100_000)))
    prompts = iter_prompts(path)
    assert next(prompts).label == "0?"

    if how == "longer":
        with path.open("ab") as file:
            file.write(QUESTIONS)
    elif how == "shorter":
        os.truncate(path, path.stat().st_size - 7)
    else:
        with path.open("r+b") as file:
            file.seek(-9, os.SEEK_END)
            file.write(b"\xff")

    with pytest.raises(ValueError, match=r"q\.jsonl' was changed while it was read"):
        list(prompts)


def limited(size: int) -> dict[str, Any]:
    """Return the options of a process that can write no file larger than that."""
    return {
        "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        "env": os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    }


@pytest.mark.slow
def test_no_room_for_very_many_prompts_is_a_sentence(tmp_path: Path) -> None:
    write_questions(tmp_path, MANY + 1)

    done = run("q.jsonl", "--simulate", cwd=tmp_path, **limited(100_000))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "(File too large), on their way into the journal: nothing was sent" in done.stderr
    assert "TMPDIR=/another/folder" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["q.jsonl"]


def test_results_that_do_not_fit_are_advised_without_sending(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(
        "".join(json.dumps({"prompt": f"{number}?"}) + "\n" for number in range(20))
    )
    place = ["--simulate", "--scenario", "instant", "--journal", "j.jsonl"]
    assert run("q.jsonl", *place, "--max-calls", 5, cwd=tmp_path).returncode == 3

    typed = ["--journal", "j.jsonl", "--results-only", "--output", "o.jsonl"]
    done = run(*typed, cwd=tmp_path, **limited(1000))

    assert done.returncode == 2
    command = done.stderr.partition("Type  ")[2]
    assert command == f"aiml-nb run {' '.join(typed)} --output FILE\n"


@pytest.mark.slow
def test_a_journal_that_is_full_is_told_with_results_that_are_not_written(tmp_path: Path) -> None:
    write_questions(tmp_path, MANY + 1)
    size = (tmp_path / "q.jsonl").stat().st_size + 700_000

    place = ["--simulate", "--scenario", "instant", "--journal", "j.jsonl", "--output", "o.jsonl"]
    done = run("q.jsonl", *place, cwd=tmp_path, **limited(size))

    assert done.returncode == 2
    assert "'o.jsonl' cannot be written (File too large)" in done.stderr
    assert "The run was stopped: The journal 'j.jsonl'" in done.stderr

"""Files are written whole or not at all, and nothing that is no file is ever replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.formats.atomic import check_place, write_atomic

from ..analysis import builders


@pytest.fixture(params=["a folder", "a link", "a pipe"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A place where something else is, and what."""
    path = tmp_path / "x.jsonl"
    if request.param == "a folder":
        path.mkdir()
    elif request.param == "a link":
        (tmp_path / "real").write_text("mine")
        path.symlink_to("real")
    else:
        os.mkfifo(path)
    return path, request.param


def test_what_is_no_file_stays(other: tuple[Path, str], tmp_path: Path) -> None:
    path, kind = other
    before = path.lstat()
    run = builders.make_run(builders.call(0, 1))

    for export in (nb.to_jsonl, nb.to_csv, nb.to_chrome_trace):
        with pytest.raises(OSError, match=f"it is {kind}, not a file"):
            export(run, path)

    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert {each.name for each in tmp_path.iterdir()} <= {"x.jsonl", "real"}
    assert kind != "a link" or path.read_text() == "mine"


def test_a_device_is_no_place_for_a_file() -> None:
    with pytest.raises(OSError, match="it is a device, not a file"):
        check_place(Path(os.devnull))


@pytest.mark.parametrize("is_private", [True, False])
def test_a_file_is_private_unless_that_is_not_wanted(is_private: bool, tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        path = write_atomic(tmp_path / "x", [b"a", b"b"], is_private=is_private)
    finally:
        os.umask(mask)

    assert path.read_bytes() == b"ab"
    assert path.stat().st_mode & 0o777 == (0o600 if is_private else 0o644)


def test_what_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    with pytest.raises(ZeroDivisionError):
        write_atomic(path, (b"new" if n else b"%d" % (1 // n) for n in (1, 0)))

    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("x", "old")]

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import environments
from .environments import Environment, PythonNotFoundError, find_python, folder_of, python_of


def test_the_python_of_the_tests_is_found_by_its_version() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert find_python("") == Path(sys.executable)
    assert find_python(version).exists()


def test_a_python_that_is_not_there_is_told_by_its_version() -> None:
    with pytest.raises(PythonNotFoundError, match=r"no Python 2\.99 was found"):
        find_python("2.99")


def test_python_and_python3_share_their_environments(tmp_path: Path) -> None:
    """Some start the tests by one name, some by the other."""
    known = Environment("any", ("ipykernel",))
    other = tmp_path / "python3"
    other.symlink_to(sys.executable)

    assert folder_of(known, other) == folder_of(known, Path(sys.executable))


@pytest.mark.slow
def test_a_build_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "CACHE", tmp_path)

    with pytest.raises(RuntimeError, match="could not build broken"):
        python_of(Environment("broken", ("./there-is-no-such-file.whl",)))

    assert list(tmp_path.iterdir()) == []

"""The package's face: its names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import aiml_nb as nb

HEAVY = ("openai", "pandas", "matplotlib", "ipywidgets", "IPython", "aiohttp", "numpy")


def test_every_public_name_is_there_and_documented() -> None:
    assert nb.__all__ == sorted(nb.__all__)
    for name in nb.__all__:
        assert getattr(nb, name).__doc__, name
    assert set(nb.__all__) <= set(dir(nb))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'paralel'"):
        _ = nb.paralel


def test_functions_win_over_modules_of_the_same_name() -> None:
    """Whoever imports the inner modules first, ``nb.compare`` and ``nb.run`` stay functions."""
    code = "import aiml_nb.comparison, aiml_nb.runner.run, aiml_nb.cli\n"
    code += "import aiml_nb as nb; print(nb.compare.__name__, nb.run.__name__)"

    assert _python(code).split() == ["compare", "run"]


def test_importing_loads_nothing_heavy() -> None:
    loaded = _python("import sys, aiml_nb; print(*{name.split('.')[0] for name in sys.modules})")

    assert not set(HEAVY) & set(loaded.split())


def _python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout

"""The race in a real browser: started, cancelled, finished, in every front end and kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..kernels.environments import HERE, Environment
from ..rows import exhaustive
from .jupyter import KERNELS, Jupyter
from .races import CELLS, RaceOnPage

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow]

SIX, SEVEN, _ = KERNELS
PLACES = [
    *(("lab", SEVEN), ("notebook", HERE), ("voila", SIX)),
    *(exhaustive("lab", kernel) for kernel in (SIX, HERE)),
    *(exhaustive("voila", kernel) for kernel in (SEVEN, HERE)),
]


@pytest.mark.parametrize(("front_end", "kernel"), PLACES, ids=str)
def test_a_race_starts_is_cancelled_and_runs_to_its_finding(
    open_in: Callable[..., Any],
    jupyter: Jupyter,
    front_end: str,
    kernel: Environment,
):
    name = jupyter.write(f"race-{front_end}-{kernel}.ipynb", *CELLS, kernel=kernel)
    notebook = open_in(front_end, name)
    if front_end != "voila":
        notebook.run_all()
    race = RaceOnPage(notebook)

    before = race.box
    growth = race.start()
    first = race.source
    cancel = race.cancel()
    print(f"{front_end}, kernel {kernel}: first growth {growth:.2f} s, cancelled {cancel:.2f} s")
    race.wait_for_end()

    assert race.source != first
    assert max(race.answered()) < 20

    race.start()
    race.wait_for_end()

    assert race.status.endswith("× faster).")
    assert race.answered() == [20, 20]
    assert race.is_complete()
    assert race.box == before
    assert "simulated" in race.words.lower()
    assert notebook.axe_violations(".jupyter-widgets") == []
    notebook.assert_clean()

"""Runs in a cell: the same records with the patch and without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from ..rows import exhaustive, slow

RUN = """
import aiml_nb as nb, json
{first}
endpoint = nb.connect(seed=4, speed=2, verbose=False)
questions = [f"Question {{n}}?" for n in range(12)]
run = {make}(questions, endpoint, max_concurrency=5, stream=True, progress=False)
calls = sorted(run.calls, key=lambda call: call.finished)
print("RECORDS" + json.dumps([[call.index, call.duration] for call in calls]))
"""


def records(first: str, make: str, folder: Path) -> list[list[float]]:
    """Make a run in a fresh kernel and return its calls, (index, duration), as they finished."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
    printed: list[str] = []
    try:
        client.execute_interactive(
            RUN.format(first=first, make=make),
            timeout=60,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    text = "".join(printed)
    found: list[list[float]] = json.loads(text.partition("RECORDS")[2].splitlines()[0])
    return found


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("first", "make"),
    [
        slow("nb.patch_loop()", "await nb.run_async"),
        slow("nb.patch_loop()", "nb.run"),
        exhaustive("", "nb.run"),
    ],
)
def test_the_patch_changes_neither_the_order_nor_the_durations(
    first: str, make: str, tmp_path: Path
) -> None:
    for _ in range(3):  # what slows the machine down for a moment slows one of the two down
        plain = records("", "await nb.run_async", tmp_path)
        patched = records(first, make, tmp_path)
        durations = dict(patched)
        same_order = [index for index, _ in patched] == [index for index, _ in plain]
        differences = [abs(durations[index] / duration - 1) for index, duration in plain]
        if same_order and max(differences) <= 0.05:
            break

    assert same_order
    assert max(differences) <= 0.05

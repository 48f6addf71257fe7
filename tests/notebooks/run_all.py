"""Run a notebook as "Run All" does: every cell queued at once, in a real kernel."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.kernels.driver import Answer, Kernel
from tests.kernels.environments import HERE

from .lessons import read


@dataclass(frozen=True)
class Ran:
    """What a notebook's code cells gave, the seconds of all, and the peak memory in bytes."""

    cells: list[Any]
    answers: list[Answer]
    seconds: float
    memory: int

    @property
    def stdout(self) -> str:
        return "".join(answer.stdout for answer in self.answers)

    @property
    def failed(self) -> dict[str, str]:
        """Cell id and error of every cell that did not end well."""
        pairs = zip(self.cells, self.answers, strict=True)
        return {c.id: a.error or a.status for c, a in pairs if a.status != "ok"}


def run_all(path: Path, *, timeout: float = 120) -> Ran:
    """Run all code cells of a notebook with no key; the kernel goes on after an error."""
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    with Kernel(HERE) as kernel:
        began = time.perf_counter()
        answers = kernel.run(*(cell.source for cell in cells), timeout=timeout)
        return Ran(cells, answers, time.perf_counter() - began, peak_memory(kernel.process.pid))


def peak_memory(pid: int) -> int:
    """Add up the most memory that a process and its children, such as the simulator, held."""
    process = psutil.Process(pid)
    total = 0
    for each in (process, *process.children(recursive=True)):
        lines = Path(f"/proc/{each.pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return total

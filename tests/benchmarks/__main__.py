"""Run the benchmarks named, or all: ``python -m tests.benchmarks simulator --json``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from importlib.metadata import version

from .rows import Row, format_table

BENCHMARKS = ("simulator", "runner", "own_work", "package", "rivals")
PACKAGES = ("aiml_nb", "aiohttp", "openai")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="of each figure (3)")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"NAME must be one of {', '.join(BENCHMARKS)}; not {name!r}")
    rows: list[Row] = []
    for name in options.names or BENCHMARKS:
        module = importlib.import_module(f".{name}", __package__)
        rows += module.measure(repeats=max(1, options.repeats), quick=options.quick)
    machine = describe_machine()
    if options.json:
        print(json.dumps({"machine": machine, "rows": [row.to_dict() for row in rows]}, indent=1))
    else:
        print(", ".join(f"{name} {value}" for name, value in machine.items()))
        print(format_table(rows))


def describe_machine() -> dict[str, str]:
    """Say what the figures were measured on."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load": load,
        **{name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    main()

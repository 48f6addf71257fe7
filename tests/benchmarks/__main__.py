"""Run the benchmarks named, or all, and print one table.

All take about 20 minutes and want a quiet machine; `rivals` installs LangChain and LiteLLM first,
in environments of their own. A ratio compares a figure with its reference of the same repeat.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from importlib.metadata import version

from .rows import Row, format_table

BENCHMARKS = (
    *("simulator", "runner", "cluster", "failing", "own_work", "many", "watch", "package"),
    "rivals",
)
IF_NAMED = ("million",)  # takes too long for every time
PACKAGES = ("aiml_nb", "aiohttp", "httpx2", "openai", "tqdm")


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; 1 if a benchmark could not be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; or {IF_NAMED[0]}"
    )
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="of each figure (3)")
    quick = "only see that it runs: the figures mean nothing, and no other package is installed"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHMARKS + IF_NAMED:
            parser.error(f"NAME must be one of {', '.join(BENCHMARKS + IF_NAMED)}; not {name!r}")
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; not {options.repeats}")
    machine, rows, failed = describe_machine(), list[Row](), False
    for name in options.names or BENCHMARKS:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        module = importlib.import_module(f".{name}", __package__)
        try:
            rows += module.measure(repeats=options.repeats, quick=options.quick)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the others are not lost
            failed = True
            print(f"not measured: {name}: {error or type(error).__name__}", file=sys.stderr)
            if isinstance(error, KeyboardInterrupt):
                break
    if options.json:
        print(json.dumps({"machine": machine, "rows": [row.to_dict() for row in rows]}, indent=1))
    else:
        print(", ".join(f"{name} {value}" for name, value in machine.items()))
        print(format_table(rows))
    return int(failed)


def describe_machine() -> dict[str, str]:
    """Say what the figures are measured on, and how busy it is before."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load": load,
        **{name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    sys.exit(main())

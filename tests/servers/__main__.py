"""Measure against a real model server: ``python -m tests.servers load|outage``.

``load`` takes a minute, ``outage`` five. Both start their servers themselves, on free ports.
"""

from __future__ import annotations

import argparse
import sys

from . import load, outage
from .server import MISSING, is_installed


def main(arguments: list[str] | None = None) -> int:
    """Print a table; 1 if a call of ours failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("table", choices=["load", "outage"])
    options = parser.parse_args(arguments)
    if not is_installed():
        parser.error(MISSING)
    table = load if options.table == "load" else outage
    failed = 0
    print(table.HEAD)
    for row in table.measure():
        print(row, flush=True)
        failed += row.failed if row.is_ours else 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

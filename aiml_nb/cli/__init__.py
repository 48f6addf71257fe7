"""The command line: ``aiml-nb compare | run | simulate | doctor``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``aiml-nb`` and return its exit code: see `command_line.main`.

    The imports take half a second; here, Ctrl-C during them does not print a traceback.
    """
    try:
        from .command_line import main
    except KeyboardInterrupt:
        print("\naiml-nb: interrupted. Nothing was sent.", file=sys.stderr)
        return 130
    return main(arguments)

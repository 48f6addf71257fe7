"""``aiml-nb doctor``: check the environment, and print what is wrong with it."""

from __future__ import annotations

import argparse
from typing import Any

from ..doctor import check_up
from ..printable import say

EXIT_PROBLEM = 1


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    parser = commands.add_parser(
        "doctor",
        help="say what runs here, and what is wrong with it",
        description="Look at everything that a run needs here and say in one line each what is "
        "found and what to do about it. Nothing is paid for. In a notebook, aiml_nb.check_up() "
        "looks at the kernel too.",
        epilog="Exit code: 0 if nothing is wrong, else 1.",
    )
    parser.set_defaults(command=run_command)


def run_command(options: argparse.Namespace) -> int:
    """Print the check-up and return the exit code."""
    result = check_up()
    say(result)
    return 0 if result.is_well else EXIT_PROBLEM

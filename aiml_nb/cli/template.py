"""``--prompt``: what is asked of each row of a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..printable import say
from ..prompts import Prompt
from ..prompts.from_rows import ON_BAD
from ..runner.inputs import take_prompts
from .options import reading_options


def add_template_options(parser: argparse.ArgumentParser) -> None:
    """Add the template, and what to do about rows that are wrong."""
    parser.add_argument(
        "--prompt",
        metavar="TEXT",
        help="what to ask of each row, with the names of columns in braces: 'Classify: {review}'; "
        "--system may have such names, too",
    )
    parser.add_argument(
        "--on-bad",
        choices=ON_BAD,
        default="raise",
        help="what to do about rows and lines that are wrong: name them and send nothing (raise), "
        "or pass over them (skip, the same as --skip-bad)",
    )


def read_rows(
    path: Path, options: argparse.Namespace, given: dict[str, Any]
) -> tuple[list[Prompt], dict[str, Any]]:
    """Return a prompt for each row of a table, and the options of the run; say what is wrong.

    Raises
    ------
    ValueError
        If the table cannot be read, has no such columns, or has rows that cannot be asked.
    """
    about = {"prompt": options.prompt, "on_bad": options.on_bad}
    found, given = take_prompts(path, given | about, **reading_options(options))
    bad = [each.problem for each in found if each.problem]
    if bad:
        shown = "; ".join(bad[:3]) + ("; …" if len(bad) > 3 else "")
        say(f"{len(bad):,} of {len(found):,} rows are passed over: {shown}.", file=sys.stderr)
    return found, given

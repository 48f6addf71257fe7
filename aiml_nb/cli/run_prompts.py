"""The prompts of ``aiml-nb run``: lines of a file, or its rows and a template."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..apis import APIS, CHAT
from ..messages import for_command_line
from ..printable import say
from ..prompts import Prompt, read_prompts
from ..prompts.files import PARQUET, WORKBOOKS
from ..runner.options import check_parameters
from .options import reading_options
from .template import add_template_options, read_rows

MAX_BAD_LINES = 10  # quoted; the others are counted


def add_prompt_options(parser: argparse.ArgumentParser) -> None:
    """Add the file as an argument, the template, and what to do about rows that are wrong."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the prompts, or with --prompt a table: CSV, TSV, JSONL, JSON, Excel, Parquet or text "
        "(the same as --prompts FILE)",
    )
    add_template_options(parser)
    parser.add_argument("--skip-bad", action="store_true", help=argparse.SUPPRESS)


def take_file(options: argparse.Namespace) -> None:
    """Settle what is named twice: the file, and what to do about lines that are wrong.

    Raises
    ------
    ValueError
        If two files are named.
    """
    if options.file and options.prompts and options.file != options.prompts:
        raise ValueError(
            f"Two files are named, {options.file!r} and --prompts {options.prompts!r}. Leave one "
            "of them out."
        )
    options.prompts = options.prompts or options.file
    if options.skip_bad:
        options.on_bad = "skip"


def read_run_prompts(
    options: argparse.Namespace, given: dict[str, Any]
) -> tuple[list[Prompt] | None, dict[str, Any]]:
    """Return the prompts, None for those of a journal, and the options of the run.

    Raises
    ------
    ValueError
        If the file cannot be read, or has nothing that can be asked.
    """
    if options.prompts is None:
        if options.prompt is not None:
            raise ValueError(
                "--prompt is asked of each row of a table. Name its file: aiml-nb run FILE."
            )
        return None, given
    path = Path(options.prompts)
    is_table = path.suffix.lower() in WORKBOOKS + PARQUET
    if options.prompt is None and not is_table:
        return _read_lines(path, options), given
    return read_rows(path, options, given)


def _read_lines(path: Path, options: argparse.Namespace) -> list[Prompt]:
    bad: list[str] = []
    good = read_prompts(
        path,
        **reading_options(options),
        on_bad=bad.append if options.on_bad == "skip" else None,
        check=lambda prompt: check_parameters(
            prompt.parameters,
            place=prompt.place or "",
            api=APIS[prompt.api or options.api or CHAT.name],
        ),
    )
    if bad:
        more = f"\n… and {len(bad) - MAX_BAD_LINES} more" if len(bad) > MAX_BAD_LINES else ""
        lines = "line was" if len(bad) == 1 else "lines were"
        messages = map(for_command_line, bad[:MAX_BAD_LINES])
        say("\n".join(messages), end=f"{more}\n", file=sys.stderr)
        say(f"{len(bad):,} bad {lines} skipped, {len(good):,} kept.", file=sys.stderr)
    if not good:
        raise ValueError(f"The prompts file '{path}' has no good line. Write one prompt per line.")
    return good

"""The prompts of ``aiml-nb run``: lines of a file, or its rows and a template."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..apis import APIS, CHAT
from ..messages import for_command_line
from ..printable import say
from ..prompts import Prompt
from ..prompts.files import LINES, PARQUET, WORKBOOKS
from ..prompts.large_file import has_more_lines
from ..prompts.read_file import iter_file
from ..runner.options import check_parameters
from .options import reading_options
from .template import add_template_options, read_rows

MAX_BAD_LINES = 10  # quoted; the others are counted
MANY = 10_000  # prompts: of more their texts, and those of the answers, stay in the journal
RunPrompts = list[Prompt] | Iterator[Prompt] | None


def add_prompt_options(parser: argparse.ArgumentParser) -> None:
    """Add the file as an argument, the template, and what to do about rows that are wrong."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the prompts, or with --prompt a table: CSV, TSV, JSONL, JSON, Excel, Parquet or text "
        "(the same as --prompts FILE); - reads a pipe",
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
    if options.prompts == "-":
        options.prompts = "/dev/stdin"
    if options.skip_bad:
        options.on_bad = "skip"


def read_run_prompts(
    options: argparse.Namespace, given: dict[str, Any]
) -> tuple[RunPrompts, dict[str, Any]]:
    """Return the prompts, None for those of a journal, and the options of the run.

    Of more than `MANY` the run holds no texts in memory, and lines of JSON are read as they are
    needed.

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
    prompts: RunPrompts
    if options.prompt is not None or is_table:
        prompts, given = read_rows(path, options, given)
    elif path.suffix.lower() in LINES and has_more_lines(path, MANY):
        return _iter_lines(path, options), given | {"keep_texts": False}
    else:
        prompts = [*_iter_lines(path, options)]
    is_large = isinstance(prompts, list) and len(prompts) > MANY
    return prompts, given | {"keep_texts": False} if is_large else given


def _iter_lines(path: Path, options: argparse.Namespace) -> Iterator[Prompt]:
    """Yield the good lines of a file; then print the bad ones, or raise for them."""
    bad: list[str] = []
    count = 0

    def check(prompt: Prompt) -> None:
        api = APIS[prompt.api or options.api or CHAT.name]
        if prompt.parameters:
            check_parameters(prompt.parameters, place=prompt.place or "", api=api)

    found = iter_file(path, on_bad=options.on_bad, check=check, **reading_options(options))
    for prompt in found:
        if prompt.problem is None:
            count += 1
            yield prompt
        else:
            bad.append(prompt.problem)
    _say_bad(bad, count)
    if not count:
        raise ValueError(f"The prompts file '{path}' has no good line. Write one prompt per line.")


def _say_bad(bad: list[str], good: int) -> None:
    if bad:
        more = f"\n… and {len(bad) - MAX_BAD_LINES} more" if len(bad) > MAX_BAD_LINES else ""
        lines = "line was" if len(bad) == 1 else "lines were"
        messages = map(for_command_line, bad[:MAX_BAD_LINES])
        say("\n".join(messages), end=f"{more}\n", file=sys.stderr)
        say(f"{len(bad):,} bad {lines} skipped, {good:,} kept.", file=sys.stderr)

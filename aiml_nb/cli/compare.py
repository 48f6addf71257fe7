"""``aiml-nb compare``: make the calls one at a time, then many at once, and show the difference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import comparison
from ..messages import for_command_line
from ..printable import say
from ..prompts import FAQ, Prompt, as_prompts, read_prompts
from ..records import Call, Comparison
from ..runner import STRATEGIES
from .options import add_call_options, add_endpoint_options, open_endpoint, reading_options
from .paths import check_writable, write_atomic
from .report import describe_failures, exit_code
from .template import add_template_options, read_rows


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    parser = commands.add_parser(
        "compare",
        help="make the same calls one at a time, then many at once",
        description="Make the same calls one at a time, then many at once; print the finding and "
        "the table, write the timeline. With no prompts: the two questions of the AIML API FAQ.",
        epilog="Exit code: 0 if all calls went well, 2 for bad input, 3 if some call failed.",
    )
    parser.add_argument("texts", nargs="*", metavar="PROMPT", help="a question; quote it")
    add_call_options(parser, strategies=STRATEGIES[1:])
    add_template_options(parser)
    parser.add_argument("--repeats", type=int, default=1, metavar="R", help="pairs of runs (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument(
        "--png",
        type=Path,
        metavar="FILE",
        default=Path("aiml-nb-timeline.png"),
        help="where the timeline goes (aiml-nb-timeline.png)",
    )
    add_endpoint_options(parser)
    parser.set_defaults(command=run_command, makes_calls=True)


def run_command(options: argparse.Namespace) -> int:
    """Compare, print, write, and return the exit code."""
    prompts = _find_prompts(options)
    pairs = comparison.check_pairs(
        prompts,
        strategy=options.strategy,
        max_concurrency=options.max_concurrency,
        repeats=options.repeats,
        stream=options.stream,
    )
    if options.json and options.json.absolute() == options.png.absolute():
        raise ValueError(f"--json and --png are one file, '{options.png}'. Name two.")
    check_writable(options.png, option="--png")
    if options.json:
        check_writable(options.json, option="--json")
    result = comparison.execute_pairs(pairs, open_endpoint(options))
    _report(result, png=options.png, json=options.json)
    return exit_code(_calls(result))


def _find_prompts(options: argparse.Namespace) -> list[Prompt]:
    """Return the prompts given as arguments or in a file; by default the FAQ's two.

    Raises
    ------
    ValueError
        If both are given, or the file has none or a bad line.
    """
    if options.texts and options.prompts:
        raise ValueError("Give prompts in words or with --prompts FILE, not both.")
    if options.prompt is not None:
        if not options.prompts:
            raise ValueError("--prompt is asked of each row of a table. Name it: --prompts FILE.")
        return read_rows(Path(options.prompts), options, {})[0]
    if options.prompts:
        return read_prompts(options.prompts, **reading_options(options))
    return as_prompts(options.texts or FAQ)


def _report(result: Comparison, *, png: Path, json: Path | None) -> None:
    from ..export import comparison_to_dict, to_json
    from ..plot import draw_png
    from ..report import describe

    # Before anything is printed: a closed pipe (`| head`) would end the command.
    if json:
        write_atomic(json, [to_json(comparison_to_dict(result)).encode()])
    write_atomic(png, [draw_png(result)])
    say("\n" + for_command_line(describe(result)) + "\n")
    for line in describe_failures(_calls(result)):
        say(line)
    if json:
        say(f"Records:  {json}")
    say(f"Timeline: {png}")


def _calls(result: Comparison) -> list[Call]:
    return [call for pair in result.pairs for run in pair for call in run.calls]

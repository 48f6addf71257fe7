"""``aiml-nb run``: many prompts from a file, one strategy, every result in a file."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ..apis import APIS
from ..runner import STRATEGIES, last_run
from ..runner.load_plan import ON_DAMAGE
from .options import (
    add_call_options,
    add_endpoint_options,
)
from .paths import resolve_paths
from .report import exit_code
from .run_calls import make_calls, show_calls
from .run_prompts import add_prompt_options, read_run_prompts, take_file
from .run_results import end_interrupted, report_run, write_known_results, write_results
from .schema import add_schema_options, read_schema

# Option, kind, unit, help: each is an argument of `aiml_nb.run` with the same name.
_LIMIT_OPTIONS: tuple[tuple[str, type, str, str], ...] = (
    ("--requests-per-minute", float, "N", "most requests in any 60 seconds"),
    ("--tokens-per-minute", float, "N", "most tokens in any 60 seconds"),
    ("--max-calls", int, "N", "most requests in all, retries included"),
    ("--max-total-tokens", int, "N", "most tokens in all, in and out"),
    ("--max-cost", float, "USD", "most US dollars in all"),
    ("--timeout", float, "S", "seconds for a whole call, waits included (120)"),
    ("--run-timeout", float, "S", "seconds for the whole run"),
    ("--outage", float, "S", "seconds that the server may be away, at a stretch (60)"),
    ("--max-attempts", int, "N", "most attempts of a call that fails in passing (3)"),
    ("--retry-share", float, "X", "retries that each answer adds to those that are left (0.5)"),
)

_REQUEST_OPTIONS: tuple[tuple[str, type, str, str], ...] = (
    ("--system", str, "TEXT", "the system message"),
    ("--max-tokens", int, "N", "the most tokens of an answer"),
    ("--temperature", float, "T", "how freely the model may choose its words"),
)


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    parser = commands.add_parser(
        "run",
        help="make many calls from a file and keep every result",
        description="Make one call per prompt of a file and write every result to another. With a "
        "journal nothing that was answered is lost or paid for twice, whatever happens to this "
        "process: the same command goes on.",
        epilog="Exit code: 0 only if all calls are ok; 2 for bad input; 3 if some are not, answers "
        "that were cut off (incomplete) included; 130 after Ctrl-C or SIGTERM.",
    )
    add_call_options(parser, strategies=STRATEGIES, default=None)
    add_prompt_options(parser)
    parser.add_argument(
        "--api",
        type=_read_api,
        metavar="NAME",
        help=f"what is called ({', '.join(APIS)}): chat, unless the lines of a Batch file name "
        "another by their url",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where the results go: CSV, .xlsx or .parquet, the columns of the file with the "
        "answers beside them; else JSONL, all that is known of each call "
        "(PROMPTS-results.jsonl here)",
    )
    parser.add_argument(
        "--all",
        dest="all_columns",
        action="store_true",
        help="with CSV, all that is known of each call, after the answers",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show the plan, the first two requests, tokens and cost, and send nothing",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace results that are there already"
    )
    group = parser.add_argument_group("every request", "a prompt's own parameters win")
    for name, kind, unit, text in _REQUEST_OPTIONS:
        group.add_argument(name, type=kind, metavar=unit, help=text)
    add_schema_options(parser)
    _add_journal_options(parser)
    _add_limit_options(parser)
    _add_worker_options(parser)
    add_endpoint_options(parser)
    parser.set_defaults(command=run_command, makes_calls=True)


def _add_journal_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("journal")
    group.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="keep each result there at once; what is answered there already is not sent again "
        "(for all servers but the simulator there is one in aiml-nb-journals)",
    )
    group.add_argument(
        "--fresh", action="store_true", help="send what the journal has answered already, too"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with the journal's last run itself, on its axis of time",
    )
    group.add_argument(
        "--results-only",
        action="store_true",
        help="write the results that the journal's last run has so far, and send nothing",
    )
    group.add_argument(
        "--retry-failed",
        action="store_true",
        help="send failed calls again, too, and answers that broke off",
    )
    group.add_argument(
        "--on-damage",
        choices=ON_DAMAGE,
        default="ask",
        help="what to do if the journal was changed by another program: stop (ask), take what can "
        "be read as it is (keep), or send those calls again (send)",
    )
    group.add_argument(
        "--change-parameters",
        action="store_true",
        help="go on with other request parameters than the journal's; each row says which it had",
    )


def _add_limit_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits", "none of them is set if it is not given")
    for name, kind, unit, text in _LIMIT_OPTIONS:
        group.add_argument(name, type=kind, metavar=unit, help=text)
    group.add_argument(
        "--prices",
        type=float,
        nargs=2,
        metavar=("IN", "OUT"),
        help="US dollars per million tokens, for --max-cost where the provider reports no cost",
    )


def _add_worker_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "who sends the calls", "this process; several need  pip install 'aiml_nb[cluster]'"
    )
    group.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="so many worker processes on this machine; one for each core is the most that helps",
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="the workers of a Dask cluster: the address of its scheduler, as tcp://10.0.0.5:8786. "
        "A cluster is two commands: dask scheduler, and dask worker ADDRESS on each machine",
    )


def _read_api(given: str) -> str:
    if given not in APIS:
        # Not quoted: it may be a key, meant for an option whose name begins so.
        raise argparse.ArgumentTypeError(f"it must be one of {', '.join(APIS)}")
    return given


def run_command(options: argparse.Namespace) -> int:
    """Make the calls, write the results, print a summary, and return the exit code."""
    options.began = time.time()
    take_file(options)
    paths = resolve_paths(options)
    if options.results_only:
        return write_known_results(paths, options)
    prompts, given = read_run_prompts(options, _find_given(options))
    if options.dry_run:
        show_calls(prompts, paths, options, given)
        return 0
    try:
        run = make_calls(prompts, paths, options, given)
        paths.journal = Path(run.journal) if run.journal else paths.journal
        options.exit_code = exit_code(run.calls)
        write_results(run, paths, options)
        report_run(run, paths, options)
    except KeyboardInterrupt:
        known = last_run()
        if known is None:  # interrupted before the first call
            raise
        paths.journal = Path(known.journal) if known.journal else paths.journal
        return end_interrupted(known, paths, options)
    return int(options.exit_code)


def _find_given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the given options: `run` has defaults for the others, or the journal has them."""
    names = ["api", "strategy", "max_concurrency", "stream", "prices", "retry_invalid"]
    names += [
        name.removeprefix("--").replace("-", "_")
        for name, *_ in (*_LIMIT_OPTIONS, *_REQUEST_OPTIONS)
    ]
    given = {name: getattr(options, name) for name in names}
    given = {name: each for name, each in given.items() if each is not None and each is not False}
    if options.schema is not None:
        given["response_format"] = read_schema(options.schema)
    if options.strategy == "sequential" and given.get("max_concurrency", 1) != 1:
        raise ValueError(
            "--strategy sequential makes one call at a time, and --max-concurrency "
            f"{options.max_concurrency} says otherwise. Leave one of them out."
        )
    return given

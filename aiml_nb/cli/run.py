"""``aiml-nb run``: many prompts from a file, one strategy, every result in a file."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..prompts import Prompt, read_prompts
from ..records import OUTCOMES, Run
from ..runner import STRATEGIES, last_run, resume
from ..runner import run as make_calls
from ..runner.plan import place_journal
from ..runner.resume import ANSWERED
from ..runner.settings import check_parameters
from .files import check_writable
from .options import add_call_options, add_endpoint_options, names_endpoint, open_endpoint
from .report import EXIT_INTERRUPTED, describe_failures, exit_code

MOST_COMPLAINTS = 10  # bad lines that are quoted; the others are counted

# Option, kind, unit, help: each is an argument of `aiml_nb.run` with the same name.
_LIMITS: tuple[tuple[str, type, str, str], ...] = (
    ("--requests-per-minute", float, "N", "most requests in any 60 seconds"),
    ("--tokens-per-minute", float, "N", "most tokens in any 60 seconds"),
    ("--max-calls", int, "N", "most requests in all, retries included"),
    ("--max-total-tokens", int, "N", "most tokens in all, in and out"),
    ("--max-cost", float, "USD", "most US dollars in all"),
    ("--timeout", float, "S", "seconds for a whole call, waits included (120)"),
    ("--run-timeout", float, "S", "seconds for the whole run"),
)


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    parser = commands.add_parser(
        "run",
        help="make many calls from a file and keep every result",
        description="Make one call per prompt of a file and write every result to another. With a "
        "journal nothing that was answered is lost or paid for twice, whatever happens to this "
        "process: the same command with --resume goes on.",
        epilog="Exit code: 0 only if all calls went well, 2 for bad input, 3 if some call failed, "
        "130 after Ctrl-C.",
    )
    add_call_options(parser, strategies=STRATEGIES, default=None)
    parser.add_argument("--skip-bad", action="store_true", help="pass over lines that are wrong")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where the results go: CSV if it ends so, else JSONL (PROMPTS-results.jsonl here)",
    )
    _add_journal_options(parser)
    _add_limit_options(parser)
    add_endpoint_options(parser)
    parser.set_defaults(command=run_command)


def _add_journal_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("journal")
    group.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="keep each result there at once (where calls may cost money: always, in "
        "aiml-nb-journals)",
    )
    group.add_argument("--resume", action="store_true", help="go on with the journal's run")
    group.add_argument("--retry-failed", action="store_true", help="send failed calls again, too")


def _add_limit_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits", "none of them is set if it is not given")
    for name, kind, unit, text in _LIMITS:
        group.add_argument(name, type=kind, metavar=unit, help=text)
    group.add_argument(
        "--prices",
        type=float,
        nargs=2,
        metavar=("IN", "OUT"),
        help="US dollars per million tokens, for --max-cost where the provider reports no cost",
    )


def run_command(options: argparse.Namespace) -> int:
    """Make the calls, write the results, say what became of them, return the exit code."""
    files = _settle_files(options)
    prompts = _read_prompts(files.prompts, skip_bad=options.skip_bad) if files.prompts else None
    try:
        run = _make_calls(prompts, files, options)
    except KeyboardInterrupt:
        known = last_run()
        if known is None:
            raise
        return _end_interrupted(known, files, options)
    options.exit_code = exit_code(run.calls)
    _write(run, files.output)
    _report(run, files, options)
    return int(options.exit_code)


@dataclass(slots=True)
class _Files:
    prompts: Path | None
    output: Path
    journal: Path | None

    @property
    def kept(self) -> Path | None:
        """The journal; None also where nothing was sent: a new journal is removed then."""
        return self.journal if self.journal and self.journal.exists() else None


def _settle_files(options: argparse.Namespace) -> _Files:
    """Check the files that are named before anything else is done."""
    if (options.resume or options.retry_failed) and options.journal is None:
        raise ValueError("--resume needs the journal to go on with: --journal FILE --resume.")
    if options.retry_failed and not options.resume:
        raise ValueError("--retry-failed belongs to a run that goes on: add --resume.")
    if options.prompts is None and not options.resume:
        raise ValueError("There are no prompts. Name their file: aiml-nb run --prompts FILE.")
    prompts = Path(options.prompts) if options.prompts is not None else None
    stem = (prompts or options.journal).stem
    files = _Files(prompts, options.output or Path(f"{stem}-results.jsonl"), options.journal)
    named = [path.absolute() for path in (files.prompts, files.output, files.journal) if path]
    if len(set(named)) < len(named):
        raise ValueError("--prompts, --output and --journal must be files of their own.")
    check_writable(files.output, option="--output")
    return files


def _read_prompts(path: Path, *, skip_bad: bool) -> list[Prompt]:
    bad: list[str] = []
    good = []
    for number, prompt in enumerate(read_prompts(path, on_bad=bad.append if skip_bad else None), 1):
        try:
            check_parameters(prompt.parameters, place=f"Prompt {number} of '{path}'")
        except TypeError as error:
            if not skip_bad:
                raise
            bad.append(str(error))
        else:
            good.append(prompt)
    if bad:
        more = f"\n… and {len(bad) - MOST_COMPLAINTS} more" if len(bad) > MOST_COMPLAINTS else ""
        lines = "line was" if len(bad) == 1 else "lines were"
        print(*bad[:MOST_COMPLAINTS], sep="\n", end=f"{more}\n", file=sys.stderr)
        print(f"{len(bad)} bad {lines} skipped, {len(good)} kept.", file=sys.stderr)
    if not good:
        raise ValueError(f"The prompts file '{path}' has no good line. Write one prompt per line.")
    return good


def _make_calls(prompts: list[Prompt] | None, files: _Files, options: argparse.Namespace) -> Run:
    names = ["strategy", "max_concurrency", "stream", "prices"]
    names += [name.removeprefix("--").replace("-", "_") for name, *_ in _LIMITS]
    # What is not given is left to `run`, or to the journal of the run that goes on.
    given = {name: getattr(options, name) for name in names}
    given = {name: each for name, each in given.items() if each is not None and each is not False}
    if files.journal is None or not options.resume:
        endpoint = open_endpoint(options)
        files.journal = place_journal(files.journal, endpoint)
        return make_calls(prompts, endpoint, journal=files.journal or False, **given)
    if options.model is not None:
        given["model"] = options.model
    place = open_endpoint(options) if names_endpoint(options) else None
    return resume(files.journal, place, retry_failed=options.retry_failed, prompts=prompts, **given)


def _write(run: Run, path: Path) -> None:
    from ..export import to_csv, to_jsonl

    write = to_csv if path.suffix.lower() == ".csv" else to_jsonl
    try:
        write(run, path, texts=True)
    except OSError as error:
        raise ValueError(
            f"'{path}' cannot be written ({error.strerror}). Name another place with --output FILE."
        ) from None


def _report(run: Run, files: _Files, options: argparse.Namespace) -> None:
    counts = Counter(call.outcome for call in run.calls)
    limit = f"at most {run.max_concurrency} in flight"
    print(f"\n{len(run.calls):8,}  calls in {run.makespan:.1f} s ({run.strategy}, {limit})")
    for outcome in OUTCOMES:
        if counts[outcome]:
            print(f"{counts[outcome]:8,}  {outcome}")
    for line in describe_failures(call for call in run.calls if call.outcome != "not_started"):
        print(line)
    if run.stopped:
        print(f"stopped: {run.stopped}")
    print(f"Results: {files.output}")
    if files.kept:
        print(f"Journal: {files.kept}")
        if counts["not_started"]:
            print(f"Go on:   {_command_to_go_on(files.kept, options)}")


def _end_interrupted(run: Run, files: _Files, options: argparse.Namespace) -> int:
    """Say what is known and how to go on; without a journal, write down what is known."""
    answered = sum(call.outcome in ANSWERED for call in run.calls)
    cancelled = sum(call.outcome == "cancelled" for call in run.calls)
    text = f"\naiml-nb: interrupted. {answered} of {len(run.calls)} calls were answered"
    if cancelled:
        text += f"; {cancelled} were in flight, perhaps billed"
    if files.kept:
        text += f".\nJournal: {files.kept}\nGo on:   {_command_to_go_on(files.kept, options)}"
    else:
        _write(run, files.output)
        text += f".\nResults: {files.output}\nWith --journal FILE a run can go on."
    print(text, file=sys.stderr)
    return EXIT_INTERRUPTED


def _command_to_go_on(journal: Path, options: argparse.Namespace) -> str:
    typed = ["aiml-nb", *options.typed]
    if options.journal is None:
        typed += ["--journal", str(journal)]
    if not options.resume:
        typed.append("--resume")
    return shlex.join(typed)

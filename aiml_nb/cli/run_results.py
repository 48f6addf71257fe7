"""What ``aiml-nb run`` writes and prints at the end of a run, with the command to resume it."""

from __future__ import annotations

import argparse
import gc
import shlex
import sys
import warnings
from pathlib import Path

from ..formats.saved import read_saved
from ..printable import say
from ..records import SKIPPED, Run
from .paths import RunPaths, is_large
from .report import EXIT_INTERRUPTED, describe_interrupted, describe_run, exit_code
from .run_prompts import MANY

_FAILED = ("error", "timeout")
_ONCE = ("--retry-failed", "--fresh", "--results-only")  # said of one command, not of the run


def write_results(run: Run, paths: RunPaths, options: argparse.Namespace) -> None:
    """Write the results; the suffix of the file tells how."""
    from ..export import to_csv, to_jsonl
    from ..export.answers_files import write_answers

    kind = paths.output.suffix.lower()
    try:
        if kind == ".csv":
            to_csv(run, paths.output, all_columns=options.all_columns)
        elif kind in (".xlsx", ".parquet"):
            write_answers(run, paths.output, kind=kind)
        else:
            to_jsonl(run, paths.output, texts=True)
    except OSError as error:
        advice = ""
        if paths.kept_journal:
            command = shlex.join(["aiml-nb", *options.typed])
            if not options.results_only:
                command = _resume_command(paths, options)
            kept = "Nothing is lost: the journal has every result."
            if run.stopped:
                kept = f"The run was stopped: {run.stopped.rstrip('.')}. What came before is kept."
            advice = f" {kept} Type  {command} --output FILE"
        raise ValueError(
            f"'{paths.output}' cannot be written ({error.strerror}).{advice}"
        ) from None


def report_run(run: Run, paths: RunPaths, options: argparse.Namespace) -> None:
    """Print a summary of the run, and how to resume it if it has not finished."""
    say("\n".join(["", *describe_run(run, since=options.began)]))
    say(f"Results: {paths.output}")
    if paths.kept_journal:
        say(f"Journal: {paths.kept_journal}")
        if any(c.outcome == "not_started" and c.error_type != SKIPPED for c in run.calls):
            capped = (run.stopped or "").startswith("blocked_by_budget")
            how = "Go on, with a higher cap:  " if capped else "Go on:   "
            say(f"{how}{_resume_command(paths, options)}")
        if any(call.outcome in _FAILED and call.error_type != SKIPPED for call in run.calls):
            say(f"Ask again what failed:  {_resume_command(paths, options)} --retry-failed")
    _end_soon(run)


def write_known_results(paths: RunPaths, options: argparse.Namespace) -> int:
    """Write the results that a journal has so far; return the exit code, as of the run itself."""
    path = paths.journal or Path()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run = read_saved(path, keep_texts=not is_large(path))
    for warning in told:  # of lines that are damaged, or being written now
        say(warning.message, file=sys.stderr)
    if not isinstance(run, Run):
        raise ValueError(f"'{path}' is no journal of a run. Name the one that aiml-nb run wrote.")
    options.exit_code = exit_code(run.calls)
    write_results(run, paths, options)
    report_run(run, paths, options)
    return int(options.exit_code)


def end_interrupted(run: Run, paths: RunPaths, options: argparse.Namespace) -> int:
    """Write the results so far, unless they are too many; print how to resume the run."""
    say(f"\naiml-nb: {describe_interrupted(run)}", file=sys.stderr)
    if len(run.calls) > MANY:
        _say_unwritten(paths, options)
    else:
        try:
            write_results(run, paths, options)
            say(f"Results: {paths.output} (as far as they are known)", file=sys.stderr)
        except ValueError as error:
            say(error, file=sys.stderr)
        except KeyboardInterrupt:
            _say_unwritten(paths, options)
    if paths.kept_journal:
        say(f"Journal: {paths.kept_journal}", file=sys.stderr)
        say(f"Go on:   {_resume_command(paths, options)}", file=sys.stderr)
    elif paths.journal is None:
        say("With --journal FILE a run can go on.", file=sys.stderr)
    _end_soon(run)
    return EXIT_INTERRUPTED


def _end_soon(run: Run) -> None:
    """Keep Python from looking for garbage among all records as it ends: of a million 2 s."""
    if len(run.calls) > MANY:
        gc.freeze()


def _say_unwritten(paths: RunPaths, options: argparse.Namespace) -> None:
    """Say how to have the results of a large run: whoever presses Ctrl-C does not wait for them."""
    if paths.kept_journal is None:
        return
    typed = ["aiml-nb", "run", "--journal", str(paths.kept_journal), "--results-only"]
    typed += ["--output", str(paths.output)] + ["--all"] * options.all_columns
    say(
        f"Results: not written to {paths.output} yet; the journal has every answer. Those so far:  "
        + shlex.join(typed),
        file=sys.stderr,
    )


def _resume_command(paths: RunPaths, options: argparse.Namespace) -> str:
    typed = ["aiml-nb", *options.typed]
    if (
        options.journal != paths.kept_journal
    ):  # it had no name, or another program has taken its file
        typed += ["--journal", str(paths.kept_journal)]
    if not options.resume:
        typed.append("--resume")
    return shlex.join([each for each in typed if each not in _ONCE])

"""Parse the command line, run one subcommand, and turn errors into one sentence."""

from __future__ import annotations

import argparse
import dataclasses
import io
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NoReturn

from .. import simulator
from ..errors import AimlNbError
from ..messages import for_command_line
from ..printable import say
from ..runner import last_run
from ..suggestions import closest
from . import compare, doctor, run, simulate
from .options import drop_output
from .report import EXIT_INTERRUPTED, describe_interrupted
from .signals import ended_as_by_ctrl_c

EXIT_BAD_INPUT = 2
# The formats of most providers' keys; AIML API's have 32 letters and digits.
_LIKELY_KEY = re.compile(r"\b(?:(?:sk|pk|gsk|hf|xai)[-_][\w-]{8,}|(?=\w*\d)[0-9A-Za-z]{32,})")

_WRONG_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``aiml-nb`` with `arguments` and return its exit code.

    Returns
    -------
    int
        0; 2 for bad input; 3 if some call is not ok; 130 after Ctrl-C or SIGTERM.
    """
    options = argparse.Namespace()
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # Characters that the terminal's encoding lacks must not end the command.
                stream.reconfigure(errors="backslashreplace")
        options = _read_options(arguments)
        options.typed = sys.argv[1:] if arguments is None else list(arguments)
        with ended_as_by_ctrl_c() if options.makes_calls else nullcontext():
            code = int(options.command(options))
        sys.stdout.flush()
        return code
    except (AimlNbError, TypeError, ValueError) as error:
        say(f"aiml-nb: error: {_hide_keys(for_command_line(error))}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        known = last_run()
        message = describe_interrupted(known) if known else "interrupted."
        say(f"\naiml-nb: {message}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # as with `| head`: the calls are made, so the exit code stays
        drop_output()
        return int(getattr(options, "exit_code", 0))


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser, commands = _make_parser()
    options, unknown = parser.parse_known_args(arguments)
    if "command" not in options:
        parser.error(f"name a command: {', '.join(commands)}. aiml-nb COMMAND --help tells more.")
    is_file = len(unknown) == 1 and not unknown[0].startswith("-")
    if is_file and options.command is run.run_command and options.file is None:
        options.file = unknown.pop()  # behind an option argparse does not take it
    if unknown:
        # Only the names of unknown options: a value may be a key.
        names = [each.partition("=")[0] for each in unknown if each.startswith("-")]
        said = f"unrecognized arguments: {' '.join(names or unknown)}"
        typed = sys.argv[1:] if arguments is None else arguments
        parser.error(said + _propose(names, commands, typed))
    return options


def _propose(names: Sequence[str], commands: Mapping[str, Any], typed: Sequence[str]) -> str:
    """Return the option that was most likely meant, as a question; an empty text for none."""
    command = next((commands[each] for each in typed if each in commands), None)
    known = re.findall(r"--[a-z][a-z-]+", command.format_help()) if command else []
    near = next((found for each in names if (found := closest(each, known))), None)
    if near is None and command is commands["simulate"]:
        settings = [each.strip("-").replace("-", "_") for each in names]
        all_settings = {each.name for each in dataclasses.fields(simulator.Settings)}
        if found := next((each for each in settings if each in all_settings), None):
            return f'. It is a setting: --scenario FILE, a file with {{"{found}": …}} in it'
    return f". Did you mean {near}?" if near else ""


class _Parser(argparse.ArgumentParser):
    """Accepts only full names of options, and never prints what may be a key."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print the message, without likely keys, and exit."""
        if wrong := _WRONG_CHOICE.search(message):
            near = closest(wrong[1], re.findall(r"[\w-]+", wrong[2]), cutoff=0.6)
            message += f". Did you mean {near}?" if near else ""
        super().error(_hide_keys(message))


def _hide_keys(message: str) -> str:
    return _LIKELY_KEY.sub("…", message)


def _make_parser() -> tuple[argparse.ArgumentParser, Mapping[str, Any]]:
    parser = _Parser(
        prog="aiml-nb",
        description="Run prompts one at a time or many at once, and see what the waiting "
        "looked like.",
    )
    parser.set_defaults(makes_calls=False)
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(metavar="COMMAND")
    compare.add_parser(commands)
    run.add_parser(commands)
    simulate.add_parser(commands)
    doctor.add_parser(commands)
    return parser, commands.choices


def _version() -> str:
    from importlib.metadata import version

    return f"aiml-nb {version('aiml_nb')}"

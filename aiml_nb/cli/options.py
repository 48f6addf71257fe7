"""The options that subcommands share: the endpoint, and the prompts."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

from ..endpoint import Endpoint, connect, describe_endpoint
from ..endpoint.keys import ApiKey
from ..errors import EndpointError
from ..printable import say
from ..runner.limits.in_flight import MAX_TASKS, MAX_THREADS

_VARIABLE_NAME = re.compile("[A-Z]+(_[A-Z0-9]+)+")
_HOW_TO_GIVE_A_KEY = "Type  export MY_API_KEY=…  first, and then  --api-key-env MY_API_KEY."


def add_call_options(
    parser: argparse.ArgumentParser, *, strategies: Iterable[str], default: str | None = "gather"
) -> None:
    """Add the options for the prompts and the strategy.

    Parameters
    ----------
    strategies
        The names to offer.
    default
        The strategy if none is named.
    """
    parser.add_argument(
        "--prompts",
        metavar="FILE",
        help="JSONL of {\"prompt\": …} or of OpenAI Batch requests, CSV with a column 'prompt', or "
        "text with one prompt per line",
    )
    parser.add_argument(
        "--column", metavar="C", help="the prompts' column in a CSV: its name, or its number from 1"
    )
    parser.add_argument(
        "--no-header",
        dest="header",
        action="store_const",
        const=False,
        help="the first line of the CSV is a prompt, too",
    )
    parser.add_argument("--encoding", metavar="E", help="the prompts' encoding, such as cp1252")
    parser.add_argument(
        "--strategy",
        default=default,
        metavar="S",
        help=f"how the calls are made: {', '.join(strategies)} (gather)",
    )
    parser.add_argument(
        "--max-concurrency",
        type=int,
        metavar="N",
        help=f"most calls in flight ({MAX_TASKS}; {MAX_THREADS} with threads)",
    )
    parser.add_argument("--stream", action="store_true", help="stream the answers")


def add_endpoint_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the endpoint."""
    group = parser.add_argument_group(
        "where calls go", "AIML API if AIML_API_KEY is set, else the embedded simulator"
    )
    group.add_argument("--simulate", action="store_true", help="use the simulator: no key, no cost")
    group.add_argument("--seed", type=int, metavar="N", help="the simulator's seed")
    group.add_argument("--speed", type=float, metavar="X", help="the simulator's speed (1)")
    group.add_argument("--scenario", metavar="NAME", help="the simulator's scenario")
    group.add_argument("--base-url", metavar="URL", help="any OpenAI-compatible server")
    group.add_argument(
        "--api-key-env", metavar="NAME", help="the environment variable that holds the key"
    )
    group.add_argument("--api-key", action=_RefuseKey, help=argparse.SUPPRESS)
    group.add_argument("--model", metavar="M", help="the model to ask for")


class _RefuseKey(argparse.Action):
    """Refuses a key on the command line: it would stay in the shell's history."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.error(f"a key is not typed on the command line. {_HOW_TO_GIVE_A_KEY}")


def open_endpoint(options: argparse.Namespace) -> Endpoint:
    """Connect as the command line says.

    Raises
    ------
    EndpointError
        If the variable named by ``--api-key-env`` is not set, and as `connect` does.
    """
    named = {} if options.api_key_env is None else {"api_key": _read_key(options.api_key_env)}
    endpoint = connect(
        simulate=options.simulate,
        seed=options.seed,
        speed=options.speed,
        scenario=options.scenario,
        base_url=options.base_url,
        model=options.model,
        **named,
        verbose=False,
    )
    if named:
        endpoint.key.source = options.api_key_env
    try:
        say(describe_endpoint(endpoint), flush=True)
    except BrokenPipeError:
        drop_output()
    return endpoint


def _read_key(name: str) -> str:
    text = os.environ.get(name)
    if not text:
        if not _VARIABLE_NAME.fullmatch(name):  # it may be the key itself: do not print it
            raise EndpointError(
                f"--api-key-env names a variable, and none is set. {_HOW_TO_GIVE_A_KEY}"
            )
        raise EndpointError(
            f"--api-key-env names {name!r}, which is not set. Type  export {name}=…  first."
        )
    ApiKey(text, source=name).check()
    return text


def drop_output() -> None:
    """Discard all further output, after the reader of a pipe has closed it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def names_endpoint(options: argparse.Namespace) -> bool:
    """Say whether the command line names an endpoint; a model alone does not."""
    given = (options.seed, options.speed, options.scenario, options.base_url, options.api_key_env)
    return options.simulate or any(value is not None for value in given)


def reading_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options for reading the prompts' file, as arguments of `read_prompts`."""
    return {name: getattr(options, name) for name in ("header", "column", "encoding")}

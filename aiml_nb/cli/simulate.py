"""``aiml-nb simulate``: the simulator as a server of its own, in the foreground."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import simulator
from ..errors import EndpointError


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    parser = commands.add_parser(
        "simulate",
        help="serve simulated models to any OpenAI client",
        description="Serve simulated models to any OpenAI client on this machine. The first line "
        "printed is the base URL. Any key will do, or none. Ctrl-C ends it.",
    )
    parser.add_argument("--port", type=int, default=8000, metavar="P", help="0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="127.0.0.1")
    parser.add_argument("--scenario", default="faq", metavar="NAME", help="which behaviour (faq)")
    parser.add_argument("--list-scenarios", action="store_true", help="name them and end")
    parser.add_argument("--seed", type=int, metavar="N", help="draws times and texts (0)")
    parser.add_argument("--speed", type=float, metavar="X", help="divides all times (1)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="one JSON line per request")
    parser.set_defaults(command=run_command)


def run_command(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C and return the exit code."""
    if options.list_scenarios:
        for name, description in simulator.SCENARIOS.items():
            print(f"{name:12} {description}")
        return 0
    try:
        knobs = {"seed": options.seed, "speed": options.speed}
        given = {name: value for name, value in knobs.items() if value is not None}
        settings = simulator.scenario(options.scenario, **given)
        simulator.serve(
            host=options.host, port=options.port, settings=settings, log_path=options.log
        )
    except simulator.SimulatorError as error:
        raise EndpointError(str(error)) from None
    return 0

"""``aiml-nb simulate``: run the simulator as a server in the foreground."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .. import simulator
from ..endpoint.choose import refuse_settings

_OF_YOUR_OWN = (
    'A scenario of your own is a JSON file of settings: --scenario FILE with {"scenario": "faq", '
    '"fault_shares": {"empty-text": 0.1}} gives a tenth of the answers no text, "faults": {"10": '
    '"empty-text"} the tenth one. The faults: python -m pydoc aiml_nb.simulator.faults.'
)


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    parser = commands.add_parser(
        "simulate",
        help="serve simulated models to any OpenAI client",
        description="Serve simulated models to any OpenAI client on this machine. The first line "
        "printed is the base URL. Any key will do, or none. Ctrl-C ends it.",
        epilog=_OF_YOUR_OWN,
    )
    parser.add_argument("--port", type=int, default=8000, metavar="P", help="0 picks a free one")
    parser.add_argument(
        "--host",
        action="append",
        metavar="H",
        help="127.0.0.1; an address that other machines can reach must be given twice",
    )
    parser.add_argument(
        "--profile",
        choices=("openai", "aimlapi"),
        help="whose headers and error bodies (those of the scenario)",
    )
    parser.add_argument(
        "--scenario",
        default="faq",
        metavar="NAME|FILE",
        help="which behaviour: a name, as in faq or outage:5-7, or a JSON file of settings (faq)",
    )
    parser.add_argument("--list-scenarios", action="store_true", help="name them and end")
    parser.add_argument("--seed", type=int, metavar="N", help="draws times and texts (0)")
    parser.add_argument("--speed", type=float, metavar="X", help="divides all times (1)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="one JSON line per request")
    parser.set_defaults(command=run_command)


def run_command(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C and return the exit code."""
    if options.list_scenarios:
        width = max(map(len, simulator.SCENARIOS))
        for name, description in simulator.SCENARIOS.items():
            print(f"{name:{width}}  {description}")
        print(f"\n{_OF_YOUR_OWN}", file=sys.stderr)
        return 0
    hosts = options.host or ["127.0.0.1"]
    if len(set(hosts)) > 1:
        raise ValueError(f"--host must name one address; not {' and '.join(hosts)}.")
    try:
        given = {name: getattr(options, name) for name in ("seed", "speed", "profile")}
        changes = {name: value for name, value in given.items() if value is not None}
        settings = simulator.scenario(options.scenario, **changes)
        if len(hosts) > 1:
            print("Programs on other machines may call this simulator too.", file=sys.stderr)
        simulator.serve(
            host=hosts[0],
            port=options.port,
            settings=settings,
            log_path=options.log,
            is_public=len(hosts) > 1,
        )
    except simulator.SimulatorError as error:
        raise refuse_settings(error) from None
    return 0

"""What the programs of other frameworks have in common; it runs in their environments.

Each kind of call is made without a watch and with one, and told as a line of JSON: what came back,
by its class and what it holds, or was raised, both times; and what the watch recorded.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import aiml_nb as nb

KEY = "sk-canary-0123456789"
# What frameworks make anew each time: names, stamps, durations, addresses of objects.
_FLEETING = re.compile(
    r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|0x[0-9a-f]+|\b1\d{9}\b|\d+\.\d{3,}"
    r"|datetime\.datetime\([^()]*(?:\([^()]*\))?[^()]*\)"
)

# Some keep their connections for the next call: in one loop.
_loop = asyncio.new_event_loop()


def tell(kinds: Mapping[str, Callable[[str], Any]]) -> None:
    """Make every kind of call, at the address that the command line names."""
    (base_url,) = sys.argv[1:]
    for name, make in kinds.items():
        without = attempt(make, base_url)
        with nb.watch() as run:
            within = attempt(make, base_url)
        calls = [
            {
                "api": call.api,
                "outcome": call.outcome,
                "error_type": call.error_type,
                "model": call.model,
                "tokens": (call.input_tokens or 0) + (call.output_tokens or 0),
                "text": call.text,
                "prompt": call.prompt,
                "streamed": call.first_token is not None,
                "statuses": [each.status for each in call.attempts],
                "is_finished": call.finished is not None,
            }
            for call in run.calls
        ]
        told = {"kind": name, "without": without, "within": within, "calls": calls}
        print(json.dumps({**told, "notices": run.notices, "leaks": KEY[:9] in repr(run.calls)}))


def attempt(make: Callable[[str], Any], base_url: str) -> list[str]:
    """Return the class of what was returned or raised, and what it holds or says."""
    try:
        if inspect.iscoroutinefunction(make):
            found = _loop.run_until_complete(make(base_url))
        else:
            found = make(base_url)
    except Exception as error:  # noqa: BLE001  it is what is looked at
        causes = [type(each).__qualname__ for each in (error.__cause__, error.__context__)]
        return [f"raised {_class_of(error)}", _steady(f"{error} {causes}")]
    return [_class_of(found), _steady(repr(found))]


def _class_of(thing: Any) -> str:
    if isinstance(thing, list | tuple):
        return f"{type(thing).__name__} of {', '.join(map(_class_of, thing))}"
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _steady(text: str) -> str:
    return _FLEETING.sub("_", text)

"""What the untimed first exchange with a server (``GET /models``) tells about it."""

from __future__ import annotations

import difflib
import json
import re

from .failures import explain_failure, quote
from .keys import ApiKey


def read_models(listed: str) -> list[str]:
    """Return the names in a server's list of models; none if it is no such list."""
    try:
        return [str(model["id"]) for model in json.loads(listed)["data"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def find_obstacle(
    error: Exception, *, base_url: str, key: ApiKey, model: str, known: list[str]
) -> str | None:
    """Say why no call can succeed after `error`, and what to do; None if that is not certain.

    Many servers have no list of models: a 404 or a 500 here says nothing about completions.

    Parameters
    ----------
    known
        The models that the server lists.
    """
    failure = explain_failure(error)
    message = quote(failure.message, key).rstrip(". ")
    if failure.error_type in {"connect", "no_reply", "protocol", "deadline"}:
        return (
            f"No model server answered at {base_url!r} ({message}). Start it, check the address "
            "(http or https?), or run without one: connect(simulate=True), on the command line "
            "--simulate."
        )
    if failure.error_type == "401":
        return (
            f"{base_url} refused the key from {key.source}: {message}. "
            "Check that the key belongs to this address."
        )
    if failure.error_type == "redirect":
        return (
            f"{base_url} sends its callers to another address, which is not followed because the "
            "key would go there too. Give the right address as base_url."
        )
    if failure.error_type == "404" and _names_the_model(failure.message):
        close = difflib.get_close_matches(model, known, n=1, cutoff=0.5) or known[:1]
        return (
            f"{base_url} has no model {model!r}. It lists {len(known)}; "
            f"did you mean {close[0]!r} (model=, on the command line --model)?"
        )
    return None


def _names_the_model(message: str) -> bool:
    """Tell "the model does not exist" from "no such path", both a 404."""
    return bool(re.search(r"model.*(not exist|not found|unknown)", message, re.I | re.S))

"""Headers that hold keys by their names are not sent to the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...endpoint.sent_keys import is_secret
from ...messages import argument
from ...prompts.stored import StoredPrompts

if TYPE_CHECKING:
    from ..plan import Plan

_PLACES = ("extra_headers", "extra_query")


def refuse_secret_headers(plan: Plan) -> None:
    """Raise ValueError if a header, or a part of the address, of a run holds a key.

    To the processes of this machine they may go: nobody else reads what these are sent.
    """
    for parameters in _all_parameters(plan):
        for place in _PLACES:
            for name in parameters.get(place) or ():
                if is_secret(str(name).encode()):
                    raise ValueError(
                        f"{place} has {str(name)!r}, which holds a key by its name, and keys are "
                        "not sent to the workers of a cluster. Leave it out and set the server's "
                        "key in their environment, or send by processes of this machine: "
                        + argument("processes", 2)
                        + "."
                    )


def _all_parameters(plan: Plan) -> Iterator[Mapping[str, Any]]:
    yield plan.options.parameters
    prompts = plan.prompts
    if isinstance(prompts, StoredPrompts) and prompts.parameter_names.isdisjoint(_PLACES):
        return  # to read them all takes long
    for prompt in prompts:
        yield prompt.parameters or {}

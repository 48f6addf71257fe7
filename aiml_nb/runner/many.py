"""Very many prompts, checked one after the other on their way into a file: none stays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..apis import APIS, Api
from ..messages import argument
from ..no_collection import no_collection
from ..prompts import Prompt
from ..prompts.stored import StoredPrompts
from ..typed import with_response_format
from .called_api import asked_checker, choose_api
from .inputs import stream_prompts
from .limits.budget import check_first_call
from .limits.estimate import Estimator, check_rates
from .new_run import name_call
from .options import CAPS, OPTIONS, RunOptions, check_parameters, make_options
from .spool import Spool


def store_prompts(prompts: object, given: dict[str, Any]) -> tuple[StoredPrompts, RunOptions]:
    """Check the arguments of a run of which no more than one prompt is in memory at a time.

    Raises
    ------
    TypeError, ValueError
        As `plan.check_plan`.
    """
    stream, given = stream_prompts(prompts, given)
    found, first, api = _store(stream, given)
    options = make_options(len(found) - len(found.problems), {**given, "api": api})
    estimator = Estimator(options.parameters, APIS[api])
    check_first_call(options.caps, estimator.estimate(first))
    if options.tokens_per_minute is not None:
        check_rates(enumerate(found, 1), options)
    return found, options


def store_again(
    prompts: object, given: dict[str, Any], api: str
) -> tuple[StoredPrompts, dict[str, Any]]:
    """Return the prompts of a resumed run, checked, and what of `given` is about the run."""
    stream, given = stream_prompts(prompts, given)
    return _store(stream, {**given, "api": api})[0], given


def _store(prompts: Iterator[Prompt], given: dict[str, Any]) -> tuple[StoredPrompts, Prompt, str]:
    """Check prompts; return them, the first that can be asked, and the API of the run."""
    spool, seen = Spool(), dict[str, int]()
    first: Prompt | None = None
    parameters = {n: each for n, each in given.items() if n not in OPTIONS | CAPS}
    name_of_api = given.get("api")
    api = APIS[choose_api([], name_of_api)]
    check_asked = asked_checker(api, parameters)
    with no_collection():  # of what is made here next to nothing is garbage
        for number, prompt in enumerate(prompts, 1):
            if prompt.problem is None:
                if first is None:
                    api = APIS[choose_api([prompt], name_of_api)]
                    check_asked = asked_checker(api, parameters)
                if prompt.parameters or prompt.api is not None:
                    prompt = _check(prompt, number, api)
                check_asked(number, prompt)
                first = first or prompt
            name = prompt.custom_id or name_call(prompt, number)
            if (before := seen.setdefault(name, number)) != number:
                raise ValueError(
                    f"Prompts {before} and {number} have the same custom_id {name!r}. Give each "
                    "its own, or none."
                )
            spool.add(prompt, name)
    found = spool.end()
    if first is None:
        raise ValueError("No prompt can be asked. " + next(iter(found.problems.values()), ""))
    return found, first, api.name


def _check(prompt: Prompt, number: int, api: Api) -> Prompt:
    """Return a prompt with its ``response_format`` as it is sent."""
    place = prompt.place or f"Prompt {number}"
    if prompt.api not in (None, api.name):
        raise ValueError(
            f"{place} is for {prompt.api!r}, and those before it are for {api.name!r}: one run "
            "calls one API. Put those of each into a file, or a list, of its own; or, if all are "
            "for the same, name it: " + argument("api", repr(prompt.api)) + "."
        )
    if prompt.parameters:
        check_parameters(prompt.parameters, place=place, api=api)
        if prompt.parameters.get("response_format") is not None:
            prompt = replace(
                prompt, parameters=with_response_format(prompt.parameters, place=place)
            )
    return prompt

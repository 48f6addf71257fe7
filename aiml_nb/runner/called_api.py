"""Which API a run calls, and what it can be asked: checked before anything is sent."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ..apis import APIS, CHAT, Api
from ..endpoint import Endpoint
from ..endpoint.providers import PROVIDERS
from ..endpoint.transport.environment import check_key_log
from ..loop import import_in_thread
from ..messages import Message, argument
from ..prompts import Prompt
from ..prompts.prompt import shorten

_MAX_FILE = 25 * 2**20  # bytes, of OpenAI's API
_MAX_NAMED = 5  # prompts that a message names


def choose_api(prompts: Sequence[Prompt], given: str | None) -> str:
    """Return the API of a run: the one that is given, that its prompts name, or chat.

    Raises
    ------
    ValueError
        If it is unknown, or prompts name others.
    """
    if given is not None and given not in APIS:
        known = ", ".join(map(repr, APIS))
        raise ValueError(argument("api") + f" must be one of {known}; not {given!r}.")
    said = {prompt.api for prompt in prompts} - {None}
    if len(said | {given} - {None}) > 1:
        raise ValueError(_explain_mixture(prompts, given))
    return given or next(iter(said), None) or CHAT.name


def check_asked(prompts: Mapping[int, Prompt], api: Api, parameters: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError if a prompt is not what the API can be asked.

    Parameters
    ----------
    prompts
        By their numbers, from 1.
    parameters
        Those of every request.
    """
    check = asked_checker(api, parameters)
    for number, prompt in prompts.items():
        check(number, prompt)


def asked_checker(api: Api, parameters: Mapping[str, Any]) -> Callable[[int, Prompt], None]:
    """Return what checks one prompt, for `check_asked`."""
    needed = _needed_parameters(api) - parameters.keys()

    def check(number: int, prompt: Prompt) -> None:
        content = prompt.messages[-1].get("content")
        if type(content) is str and api is CHAT and not needed:  # the usual case
            return
        place = prompt.place or f"Prompt {number}"
        if not api.has_conversations and len(prompt.messages) > 1:
            raise TypeError(
                f"{place} is a conversation, and "
                + argument("api", repr(api.name))
                + " takes a text. Write 'a text'."
            )
        if _are_texts(content) and not api.takes_several:
            raise TypeError(_refuse_texts(place, content, api))
        if api.sends_files:
            _check_file(content, place)
        for name in needed - prompt.parameters.keys():
            raise ValueError(
                f"{place} needs the parameter {name!r}, without which "
                + argument("api", repr(api.name))
                + f" does not answer. Give it for all: {name}=…."
            )

    return check


def choose_model(
    prompts: Sequence[Prompt], endpoint: Endpoint, api: Api, parameters: Mapping[str, Any]
) -> dict[str, str]:
    """Return the model as a parameter where the endpoint's own cannot be meant.

    Raises
    ------
    ValueError
        If the endpoint has a chat model by default, for an API that takes no such model.
    """
    is_named = "model" in parameters or all("model" in each.parameters for each in prompts)
    is_default = endpoint.model in {each.model for each in PROVIDERS.values()}
    if api.has_conversations or is_named or not is_default:
        return {}
    if endpoint.simulated:
        return {"model": api.model}
    raise ValueError(
        argument("api", repr(api.name))
        + f" needs a model of its own, and {endpoint.model!r} is for chats. Name one that "
        f"{endpoint.base_url} has: " + argument("model", repr(api.model)) + ", for one."
    )


@cache
def known_parameters(api: Api) -> frozenset[str]:
    """Return the names of the request parameters that the openai client knows for an API."""
    names = frozenset(_signature(api).parameters) - {"self", api.member, "stream"}
    known = frozenset(api.spelled.get(name, name) for name in names)
    if api.has_text_format:
        known |= {"response_format"}
    return known | {"system"} if api.has_conversations else known


@cache
def _needed_parameters(api: Api) -> frozenset[str]:
    """Return the parameters without which there is no request, besides prompt and model."""
    given = ("self", "model", api.member)
    return frozenset(
        api.spelled.get(name, name)
        for name, each in _signature(api).parameters.items()
        if each.default is inspect.Parameter.empty and name not in given
    )


def _signature(api: Api) -> inspect.Signature:
    # An import that Ctrl-C breaks off leaves broken modules behind, so it runs in a thread.
    check_key_log()
    import_in_thread("openai")
    module, owner, method = api.create.rsplit(".", 2)
    resource = getattr(import_module(f"openai.resources.{module}"), owner)
    return inspect.signature(getattr(resource, method))


def _are_texts(content: object) -> bool:
    return isinstance(content, list) and all(isinstance(each, str) for each in content)


def _check_file(path: object, place: str) -> None:
    """Raise ValueError unless a prompt is the path of a file that can be sent."""
    try:
        size = Path(str(path)).stat().st_size if os.access(str(path), os.R_OK) else None
    except (OSError, ValueError):
        size = None
    if size is None or not Path(str(path)).is_file():
        raise ValueError(
            f"{place} is {shorten(path)}, and "
            + argument("api", "'transcription'")
            + " takes the path of a sound file; there is none that can be read. Write its path."
        )
    if not 0 < size <= _MAX_FILE:
        raise ValueError(
            f"{place} is {shorten(path)}, a file of {size:,} bytes; 1 to {_MAX_FILE:,} can be "
            "sent. Split it."
        )


def _refuse_texts(place: str, content: object, api: Api) -> Message | str:
    if api is CHAT:
        return (
            f"{place} is {shorten(content)}, which is neither text nor messages. "
            "Write 'a question' or [{'role': 'user', 'content': 'a question'}]."
        )
    return (
        f"{place} is {shorten(content)}, and "
        + argument("api", repr(api.name))
        + " takes one text a call. Give each as a prompt of its own."
    )


def _explain_mixture(prompts: Sequence[Prompt], given: str | None) -> Message | str:
    """Name the prompts that are for another API than the run."""
    if given is None:
        found = dict.fromkeys(prompt.api for prompt in prompts if prompt.api)
        listed = "; ".join(f"{name}: {_name_prompts(prompts, {name})}" for name in found)
        return (
            f"The prompts are for different APIs ({listed}), and one run calls one. Put those of "
            "each into a file, or a list, of its own."
        )
    others = {prompt.api for prompt in prompts if prompt.api} - {given}
    return (
        f"{_name_prompts(prompts, others)}: for {' and '.join(sorted(map(repr, others)))}, and "
        + argument("api", repr(given))
        + " says otherwise. Leave that out, or those prompts."
    )


def _name_prompts(prompts: Iterable[Prompt], names: set[Any]) -> str:
    places = [
        prompt.place or f"Prompt {number}"
        for number, prompt in enumerate(prompts, 1)
        if prompt.api in names
    ]
    more = f" and {len(places) - _MAX_NAMED:,} more" if len(places) > _MAX_NAMED else ""
    return ", ".join(places[:_MAX_NAMED]) + more

"""Before the first paid call: check that a server is there, and read its list of models.

The list is requested outside the timed run, at no cost, and for at most five seconds. It can
confirm a model but not rule one out: many servers have no list, refuse it to keys that may chat, or
leave aliases out of it. So a run is stopped here only if nothing could be sent at all; else the
first call decides (`runner.first_call`).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from ..errors import EndpointError
from ..messages import SIMULATE, argument
from .error_bodies import is_page
from .failures import PAGE, Failure, explain_failure, quote
from .keys import ApiKey

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI, Timeout

_MAX_SECONDS = 5.0
# Less than the above, so that a failed connection is not mistaken for a slow list.
_CONNECT_SECONDS = 4.0
_SECONDS_PER_ADDRESS = 2.0  # for each other address that is tried
_PATHS = ("/v1", "/api/v1", "/openai/v1")  # common paths of the API
_WANTS_HTTPS = re.compile(r"HTTP request (?:was sent )?to (?:an )?HTTPS", re.IGNORECASE)


@dataclass(slots=True)
class KnownModels:
    """The models that an endpoint is known to have.

    Parameters
    ----------
    models
        Those that it lists, and those that have answered.
    failure
        Why the list could not be used; None if it could, or was not requested yet.
    """

    models: set[str] = field(default_factory=set, repr=False)
    failure: Failure | None = None

    @property
    def is_page(self) -> bool:
        """True if an HTML page came in place of the list."""
        return self.failure is not None and self.failure.code == PAGE

    @property
    def is_silent(self) -> bool:
        """True if there was no reply by HTTP."""
        return self.failure is not None and self.failure.status is None


def warm_up(client: OpenAI, known: KnownModels, *, base_url: str, key: ApiKey) -> None:
    """Open a connection and read the list of models into `known`, as far as there is one.

    Raises
    ------
    EndpointError
        If nothing can be sent to this address.
    """
    _ = client.chat.completions  # a lazy import: here, so that the first call is not slowed by it
    problem = None
    try:
        listed = client.models.with_raw_response.list(timeout=_client_timeout(_MAX_SECONDS))
        _read_list(known, listed.http_response.text)
    except Exception as error:  # noqa: BLE001  every failure is explained
        problem = _explain_if_unreachable(error, known, base_url=base_url, key=key)
    if problem:  # raised outside `except`: the context would show the server's words unredacted
        raise EndpointError(problem) from None


async def warm_up_async(
    client: AsyncOpenAI, known: KnownModels, *, base_url: str, key: ApiKey
) -> None:
    """Do as `warm_up`, with the async client."""
    _ = client.chat.completions
    problem = None
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            listed = await client.models.with_raw_response.list(
                timeout=_client_timeout(_MAX_SECONDS)
            )
        _read_list(known, listed.http_response.text)
    except Exception as error:  # noqa: BLE001
        problem = _explain_if_unreachable(error, known, base_url=base_url, key=key)
    if problem:
        raise EndpointError(problem) from None


def find_address(client: OpenAI, base_url: str) -> str | None:
    """Return another path on the same host that lists models or asks for a key."""
    for address in _other_addresses(base_url):
        other, known = client.copy(base_url=address), KnownModels()
        try:
            listed = other.models.with_raw_response.list(
                timeout=_client_timeout(_SECONDS_PER_ADDRESS)
            )
            _read_list(known, listed.http_response.text)
        except Exception as error:  # noqa: BLE001  a failed guess is no error
            known.failure = explain_failure(error)
        if _is_model_server(known):
            return address
    return None


async def find_address_async(client: AsyncOpenAI, base_url: str) -> str | None:
    """Do as `find_address`, with the async client."""
    for address in _other_addresses(base_url):
        other, known = client.copy(base_url=address), KnownModels()
        try:
            async with asyncio.timeout(_SECONDS_PER_ADDRESS):
                listed = await other.models.with_raw_response.list(
                    timeout=_client_timeout(_SECONDS_PER_ADDRESS)
                )
            _read_list(known, listed.http_response.text)
        except Exception as error:  # noqa: BLE001
            known.failure = explain_failure(error)
        if _is_model_server(known):
            return address
    return None


def _client_timeout(seconds: float) -> Timeout:
    from openai import Timeout

    return Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _read_list(known: KnownModels, listed: str) -> None:
    models = read_models(listed)
    known.models |= models
    known.failure = None
    if not models:
        code = PAGE if is_page(listed) else None
        known.failure = Failure("bad_response", 200, False, "it lists no models", code=code)


def read_models(listed: str) -> set[str]:
    """Return the names in a server's list of models, whatever its shape."""
    try:
        found = json.loads(listed)
    except (ValueError, RecursionError):
        return set()
    if isinstance(found, dict):
        found = found.get("data") or found.get("models")
    return set(_read_names(found if isinstance(found, list) else []))


def _read_names(items: list[object]) -> Iterator[str]:
    for item in items:
        names = [item]
        if isinstance(item, dict):
            names = [item.get(name) for name in ("id", "name", "model")]
        yield from (name for name in names if isinstance(name, str))


def _is_model_server(known: KnownModels) -> bool:
    refused = known.failure is not None and known.failure.error_type in {"401", "403"}
    return refused or bool(known.models)


def _other_addresses(base_url: str) -> Iterator[str]:
    # The given path with /v1 first: a missing /v1 is the most frequent mistake.
    parts = urlsplit(base_url)
    paths = dict.fromkeys([f"{parts.path}/v1", *_PATHS])
    for path in paths:
        if path != parts.path:
            yield urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _explain_if_unreachable(
    error: Exception, known: KnownModels, *, base_url: str, key: ApiKey
) -> str | None:
    """Return the message if `error` means that nothing can be sent; None otherwise."""
    failure = known.failure = explain_failure(error)
    if failure.at_proxy:
        message = quote(failure.message, key).rstrip(". ")
        return f"{message[:1].upper()}{message[1:]}."
    if _WANTS_HTTPS.search(failure.message):
        secure = f"https{base_url.removeprefix('http')}"
        given = argument("base_url", repr(secure))
        return f"The server at {base_url!r} wants https. Write " + given + "."
    if failure.error_type == "connect":
        return explain_silence(failure, base_url=base_url, key=key)
    return None


def explain_silence(failure: Failure, *, base_url: str, key: ApiKey) -> str:
    """Return the message that no HTTP server answers at an address, with what to do."""
    message = quote(failure.message, key).rstrip(". ")
    return (
        f"No model server answered at {base_url!r} ({message}). Start it, check the address (http "
        "or https?), or run without one: " + SIMULATE + "."
    )

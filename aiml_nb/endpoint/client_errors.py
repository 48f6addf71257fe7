"""What the exceptions of HTTP clients tell of a reply: each client has it in a place of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NO_STATUS = 1000  # from here on, a code of some other kind
# What some call the status, by the package that their exceptions are of.
_NAMES = {"aiohttp": "status", "google": "code", "urllib": "code"}


def read(thing: object, name: str) -> Any:
    """Return an attribute; None if it is missing, or raises, as httpx's unset ones do."""
    try:
        return getattr(thing, name, None)
    except Exception:  # noqa: BLE001
        return None


def packages_of(error: BaseException) -> set[str]:
    """Return the packages that define an exception's class and what it inherits from."""
    return {kind.__module__.partition(".")[0] for kind in type(error).__mro__}


def status_of(error: BaseException) -> int | None:
    """Return the bad status of the reply that an exception is about, None if it is about none."""
    places = [(error, "status_code"), (read(error, "response"), "status_code")]
    if error.__cause__ is None:  # aiohttp has made up one for a reply that it could not read
        places += [(error, _NAMES[each]) for each in packages_of(error) & _NAMES.keys()]
    for holder, name in places:
        status = read(holder, name)
        if isinstance(status, int) and 300 <= status < _NO_STATUS:
            return int(status)
    return None


def headers_of(error: BaseException) -> Mapping[str, str]:
    """Return the headers of the reply that an exception is about; none if it has none."""
    headers = read(_holder_of(error), "headers")
    return headers if hasattr(headers, "get") else {}


def text_of(error: BaseException) -> str:
    """Return the body of the reply that an exception is about, as far as it has been read."""
    text = read(_holder_of(error), "text")
    return text if isinstance(text, str) else ""


def _holder_of(error: BaseException) -> object:
    response = read(error, "response")
    return error if response is None else response

"""The failure that an exception of the user's function means.

Exceptions of known clients mean the same as in our own calls. All others are errors of the
function, whatever their names: its TimeoutError is not our ``timeout``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .client_errors import packages_of, read, status_of, text_of
from .failures import Failure, explain_failure
from .keys import ApiKey
from .sent_keys import key_for, keys_in, redact_seen

# Packages whose exceptions tell the result of a request.
_CLIENTS = frozenset(
    {
        *("openai", "httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "anthropic", "litellm"),
        *("requests", "urllib3", "urllib", "http"),
    }
)
# The openai client's exceptions for requests without a reply.
_UNANSWERED = frozenset({"APITimeoutError", "APIConnectionError"})
_MAX_PARTS = 5


class ExplainedError(Exception):
    """In the place of an exception that another process has explained already.

    Parameters
    ----------
    failure
        What it means.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def explain_error(error: BaseException) -> Failure:
    """Return the failure that an exception of the function means."""
    if isinstance(error, ExplainedError):
        return error.failure
    try:
        failure = _explain(error)
        request_id = failure.request_id and _redact(failure.request_id, error)
        return replace(failure, message=_redact(failure.message, error), request_id=request_id)
    except Exception:  # noqa: BLE001  the exception's own __str__ or __eq__ may raise
        return Failure("exception", None, True, type(error).__name__)


def explain_lateness(name: str, seconds: float) -> Failure:
    """Return the failure of a function that has not returned within its time limit."""
    return Failure("deadline", None, True, f"{name} had not returned after {seconds:.3g} s")


def _explain(error: BaseException) -> Failure:
    if isinstance(error, BaseExceptionGroup):
        return _explain_group(error)
    for cause in _walk(error):
        if not _is_clients(cause):
            continue
        failure = explain_failure(cause)
        unclear = failure.error_type == "exception" and type(cause).__name__ in _UNANSWERED
        if unclear or failure.error_type == "deadline":  # that of the client
            failure = replace(failure, error_type="no_reply")
        if not text_of(cause).strip():  # the server has said nothing
            failure = replace(failure, message=words_of(cause))
        if cause is not error:
            failure = replace(failure, message=f"{words_of(error)}: {failure.message}")
        return failure
    return Failure("exception", None, True, words_of(error))


def _explain_group(group: BaseExceptionGroup[Any]) -> Failure:
    """Explain an exception group: as its first exception, if all are of the same kind."""
    failures = [_explain(each) for each in group.exceptions[:_MAX_PARTS]]
    first = failures[0]
    if len({each.error_type for each in failures}) > 1:
        first = Failure("exception", None, True, "")
    if len(group.exceptions) == 1:
        return first
    more = "; …" if len(group.exceptions) > _MAX_PARTS else ""
    words = "; ".join(each.message for each in failures)
    return replace(first, message=f"{type(group).__name__}: {words}{more}")


def _is_clients(error: BaseException) -> bool:
    return status_of(error) is not None or not _CLIENTS.isdisjoint(packages_of(error))


def _walk(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its explicit causes (``raise … from``)."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def words_of(error: BaseException) -> str:
    """Return the class and the message of an exception."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001
        said = ""
    return f"{name}: {said}" if said else name


def _redact(words: str, error: BaseException) -> str:
    """Redact the keys of the request and those in the environment."""
    for key in _keys_of(error):
        words = key.redact(words)
    return redact_seen(words)


def _keys_of(error: BaseException) -> Iterator[ApiKey]:
    for cause in _walk(error):
        parts = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        for part in parts:
            yield from _keys_of(part)
        response, head = read(cause, "response"), read(cause, "request_info")  # of aiohttp
        for sent in (read(cause, "request"), read(response, "request"), head):
            with suppress(Exception):  # it may be anything
                yield from keys_in(sent)
    for name, value in os.environ.items():
        if name.endswith("_API_KEY") and (key := key_for(value)):
            yield key

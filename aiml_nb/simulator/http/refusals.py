"""`Refusal`: the reasons to reject a request, with status, code and message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the simulator
    """A rejected request, raised where the reason is found.

    Without a `message` it gets the profile's message for its status.
    """

    status: int
    message: str = ""
    kind: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


# Status, type and code are those of OpenAI's error guide
# (platform.openai.com/docs/guides/error-codes).
_KINDS: Mapping[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "forbidden"),
    404: ("invalid_request_error", "not_found"),
    408: ("invalid_request_error", "request_timeout"),
    409: ("invalid_request_error", "conflict"),
    422: ("invalid_request_error", "unprocessable_entity"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("server_error", "overloaded"),
}


def refuse(
    status: int,
    message: str = "",
    *,
    code: str | None = None,
    param: str | None = None,
    limit: str | None = None,
) -> Refusal:
    """Build the refusal of a request with `status`."""
    usual = "server_error" if status >= 500 else "invalid_request_error"
    kind, usual_code = _KINDS.get(status, (usual, None))
    return Refusal(status, message, kind=limit or kind, param=param, code=code or usual_code)


def refuse_model(name: str) -> Refusal:
    """Build the refusal of a model that does not exist."""
    return Refusal(
        404,
        f"The model {name[:100]!r} does not exist. GET /v1/models lists those that do.",
        param="model",
        code="model_not_found",
    )


def refuse_key() -> Refusal:
    """Build the refusal of a missing or unknown key; the message does not repeat it."""
    return Refusal(
        401,
        "This key belongs to no service of this simulator. A client of your own takes that of the "
        "endpoint: api_key=endpoint.key.reveal()",
        code="invalid_api_key",
        headers={"WWW-Authenticate": "Bearer"},
    )


def refuse_field(name: str, claim: str, value: Any) -> Refusal:
    """Build the refusal of a field of a body: what it must be, and what it is."""
    found = json.dumps(value)
    if len(found) > 60:
        found = found[:57] + "..."
    return Refusal(400, f"{name} {claim}; not {found}.", param=name)


def read_whole(fields: Mapping[str, Any], name: str, *, least: int, most: int) -> int | None:
    """Read a field that must be a whole number, ``None`` if it is not there."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refuse_field(name, f"must be a whole number from {least} to {most}", value)
    return value

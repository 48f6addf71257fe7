"""How refusals look on the wire: status, headers and body, in OpenAI's shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the simulator
    """A request that is turned away, raised where that is found out."""

    status: int
    message: str
    kind: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


# The words are ours; status, type and code are those of OpenAI's error guide
# (platform.openai.com/docs/guides/error-codes).
_FAULTS: dict[int, tuple[str, str, str | None]] = {
    400: ("The request is not valid", "invalid_request_error", None),
    401: ("The key is not valid", "invalid_request_error", "invalid_api_key"),
    403: ("The key does not allow this", "invalid_request_error", "forbidden"),
    404: ("There is no such thing", "invalid_request_error", "not_found"),
    408: ("The request came too slowly", "invalid_request_error", "request_timeout"),
    409: ("Another request holds what this one needs", "invalid_request_error", "conflict"),
    422: ("The request cannot be processed", "invalid_request_error", "unprocessable_entity"),
    429: ("Too many requests", "requests", "rate_limit_exceeded"),
    500: ("The server made a mistake", "server_error", None),
    502: ("A server behind this one failed", "server_error", None),
    503: ("The service is overloaded", "server_error", "overloaded"),
    504: ("A server behind this one took too long", "server_error", None),
}


def refuse_as_planned(
    status: int, *, message: str | None = None, code: str | None = None
) -> Refusal:
    """Build the refusal of a request that the plan turns away with `status`."""
    if status in _FAULTS:
        usual, kind, usual_code = _FAULTS[status]
    else:
        kinds = ("invalid_request_error", "server_error")
        usual, kind, usual_code = f"Status {status}", kinds[status >= 500], None
    message = message or f"{usual} (simulated)."
    return Refusal(status, message, kind=kind, code=code or usual_code)


def refuse_model(name: str) -> Refusal:
    """Build the refusal of a model that does not exist."""
    return Refusal(
        404,
        f"The model {name[:100]!r} does not exist. GET /v1/models lists those that do.",
        param="model",
        code="model_not_found",
    )


def refuse_key() -> Refusal:
    """Build the refusal of a missing or unknown key, which it does not repeat."""
    return Refusal(
        401,
        "This key belongs to no service of this simulator.",
        code="invalid_api_key",
        headers={"WWW-Authenticate": "Bearer"},
    )


def render_refusal(refusal: Refusal) -> bytes:
    """Write the body of a refusal in OpenAI's shape."""
    error = {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.code,
    }
    return json.dumps({"error": error}).encode()

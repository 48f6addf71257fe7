"""The profiles of providers: error bodies, headers and costs of OpenAI or of AIML API.

OpenAI's are those of its API reference (platform.openai.com/docs/api-reference, "Debugging
requests") and of its guides to errors and rate limits; AIML API's those of docs.aimlapi.com, where
errors come in two forms: an older one, here for statuses 401, 403, 404 and 405, and
``application/problem+json`` (RFC 9457) for all others.
"""

import math
import uuid
from datetime import UTC, datetime
from http import HTTPStatus

from ..model.plan import Plan
from ..settings import ProfileName
from .openai_format import JSON_TYPE, encode_json
from .refusals import Refusal

_AIMLAPI_MESSAGES = {
    400: "Body validation error",
    401: "This request requires a valid API key",
    403: "You've run out of credits",
    404: "Not Found",
    429: "Too Many Requests",
    504: "Generation timeout",
}
_OLD_FORMAT = (401, 403, 404, 405)

# US dollars for a token asked and a token answered: of the order of gpt-4o's.
_PRICES = (2.5e-6, 1e-5)
_CREDITS_PER_DOLLAR = 2_000_000


def name_request(profile: ProfileName) -> dict[str, str]:
    """Return headers with new request ids, for every answer to a request."""
    if profile == "openai":
        return {"x-request-id": f"req_{uuid.uuid4().hex}"}
    return {"x-request-id": str(uuid.uuid4()), "x-inference-id": str(uuid.uuid4())}


def find_cost(plan: Plan, profile: ProfileName) -> dict[str, float] | None:
    """Return the cost of a call, if the provider reports it in its answers."""
    if profile == "openai" or plan.status != 200:
        return None
    dollars = plan.prompt_tokens * _PRICES[0] + plan.completion_tokens * _PRICES[1]
    credits_used = round(dollars * _CREDITS_PER_DOLLAR)
    return {"credits_used": credits_used, "usd_spent": credits_used / _CREDITS_PER_DOLLAR}


def describe_plan(
    plan: Plan, profile: ProfileName, *, elapsed: float, whole: bool
) -> dict[str, str]:
    """Return the headers with the limits, the time and, for a whole answer, the cost."""
    if profile == "aimlapi":
        # A stream's headers leave before its cost is known.
        cost = find_cost(plan, profile) if whole else None
        if cost is None:
            return {}
        return {
            "x-aimlapi-usd-spent": f"{cost['usd_spent']:.7f}",
            "x-aimlapi-credits-used": str(cost["credits_used"]),
        }
    headers = {"openai-processing-ms": str(int(elapsed * 1000)), "openai-version": "2020-10-01"}
    for quota in plan.quotas:
        headers[f"x-ratelimit-limit-{quota.kind}"] = str(quota.limit)
        headers[f"x-ratelimit-remaining-{quota.kind}"] = str(quota.remaining)
        headers[f"x-ratelimit-reset-{quota.kind}"] = _write_time(quota.reset)
    wait = max([quota.wait for quota in plan.quotas], default=0.0)
    if 0 < wait < math.inf:
        headers["retry-after"] = str(math.ceil(wait))
        headers["retry-after-ms"] = str(math.ceil(wait * 1000))
    return headers


def _write_time(seconds: float) -> str:
    """Return a duration in the form of OpenAI's headers: ``120ms``, ``6s``, ``1m0s``."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def write_refusal(
    refusal: Refusal, profile: ProfileName, *, path: str, request_id: str
) -> tuple[bytes, str]:
    """Return the body of a refusal and its content type."""
    if profile == "openai":
        message = refusal.message or f"{find_phrase(refusal.status)} (simulated)."
        error = {
            "message": message,
            "type": refusal.kind,
            "param": refusal.param,
            "code": refusal.code,
        }
        return encode_json({"error": error}), JSON_TYPE
    title = _AIMLAPI_MESSAGES.get(refusal.status, find_phrase(refusal.status))
    message = refusal.message or title
    known = {"requestId": request_id, "timestamp": datetime.now(UTC).isoformat()}
    if refusal.status in _OLD_FORMAT:
        older = {"message": message, "path": path, "statusCode": refusal.status}
        return encode_json({**older, **known}), JSON_TYPE
    problem = {"title": title, "status": refusal.status, "instance": path, "message": message}
    error = {"name": find_phrase(refusal.status).replace(" ", ""), "message": message}
    return encode_json({**problem, **known, "error": error}), "application/problem+json"


def find_phrase(status: int) -> str:
    """Return the reason phrase of an HTTP status."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else f"Status {status}"

"""What a rejected call says about the key, the model or the address, and what to do about it.

Before any call was answered, such a rejection applies to all calls and not just to one.
"""

from __future__ import annotations

import difflib
import re
from typing import Literal

from ..messages import GIVE_KEY, argument, either
from .failures import PAGE, Failure, quote
from .keys import ApiKey
from .preflight import KnownModels

Fault = Literal["key", "model", "address"]

_CODES = {
    *("modelnotfound", "modelnotexist", "modelnotavailable", "modelnotsupported", "modelnotloaded"),
    *("invalidmodel", "unknownmodel", "unsupportedmodel", "deploymentnotfound"),
}
_NEGATION = r"(?:not|n't|cannot|no longer|unable)"
_IN_USE = r"(?:exist|found|find|valid|available|support|recogni[sz]ed|known|load|served|deployed)"
# In any rejected request. A model that does not support a parameter is not a missing model.
_NO_SUCH_MODEL = re.compile(
    r"\b(?:invalid|unknown|unrecogni[sz]ed|unsupported|no such|no) models?\b(?! parameter)"
    rf"|\bmodel\b(?:\W+(?!for\b|with\b)\S+){{0,6}}?\W+(?:does\W+)?{_NEGATION}\W+(?:be\W+|a\W+|an\W+)?"
    r"(?:exist|found|valid|available|recogni[sz]ed|known|loaded|served|deployed)"
    r"|\bnot a valid model\b|\bno model(?:s)? (?:named|called)\b",
    re.I,
)
# In a 404, where any mention of a model is enough.
_MODEL = re.compile(r"\bmodels?\b|\bdeployment\b", re.I)
# A 403 about the content of one prompt.
_FLAGGED = re.compile(r"\bflagged\b|\bmoderation\b|\bcontent[ _-]?(?:policy|filter)", re.I)
_NO_SUCH_PATH = re.compile(r"unexpected (?:endpoint|method)|no (?:such )?(?:route|endpoint)", re.I)


def is_flagged(failure: Failure) -> bool:
    """Say whether a 403 is about the content of a prompt, not about the key or account."""
    quoted = f"{failure.code or ''} {failure.message[:2000]}"
    return failure.error_type == "403" and bool(_FLAGGED.search(quoted))


def find_fault(failure: Failure, *, model: str, known: KnownModels) -> Fault | None:
    """Return what is wrong with all calls, if the first of them failed like this.

    Parameters
    ----------
    model
        The model of the call.
    known
        The models that the endpoint is known to have.
    """
    kind, message = failure.error_type, failure.message[:2000]
    if kind in {"401", "403"}:
        return None if is_flagged(failure) else "key"
    if kind in {"redirect", "405"} or _NO_SUCH_PATH.search(message):
        return "address"
    # Providers write the same code with dashes, underscores or in camel case.
    code = re.sub(r"[\W_]", "", failure.code or "").lower()
    if kind == "404":
        is_unlisted = bool(known.models) and model not in known.models
        names_model = code in _CODES or _MODEL.search(message) or model in message
        return "model" if names_model or is_unlisted else "address"
    if kind in {"400", "422"} and model not in known.models:
        names_model = failure.param == "model" or message.startswith("body.model:")
        return "model" if names_model or code in _CODES or _NO_SUCH_MODEL.search(message) else None
    # HTML pages in place of both the answer and the list of models: not an API.
    return "address" if failure.code == PAGE and known.is_page else None


def explain_fault(
    fault: Fault,
    failure: Failure,
    *,
    base_url: str,
    key: ApiKey,
    model: str,
    known: KnownModels,
    other_address: str | None = None,
) -> str:
    """Return the message: what is wrong, the server's own words, and what to type next.

    Parameters
    ----------
    other_address
        Another address at which a model server was found, if any.
    """
    quoted = quote(failure.message, key).rstrip(". ")
    if fault == "key" and key.source == "nowhere":
        return f"{base_url} needs a key: {quoted}. Give it one: " + GIVE_KEY + "."
    if fault == "key":
        return (
            f"{base_url} refused the key from {key.source}: {quoted}. "
            "Check that the key belongs to this address, and that it may use the model."
        )
    if fault == "model":
        return f"{base_url} has no model {model!r}: {quoted}. " + _suggest_model(model, known, key)
    if failure.error_type == "redirect":
        return (
            f"{base_url} sends its callers to another address, which is not followed because the "
            "key would go there too. Give the right address as " + argument("base_url") + "."
        )
    advice = "Check its path: that of most servers ends in /v1."
    if other_address:
        given = argument("base_url", repr(other_address))
        advice = "A model server answers at another one: try " + given + "."
    return f"No chat completions are at {base_url} ({failure.error_type}: {quoted}). " + advice


def _suggest_model(model: str, known: KnownModels, key: ApiKey) -> str:
    names = sorted(known.models)
    how = either("model=", "--model")
    close = difflib.get_close_matches(model, names, n=1, cutoff=0.5) or names[:1]
    if close:
        return f"It lists {len(names)}: did you mean {quote(close[0], key)!r} (" + how + ")?"
    return "Name one that it has: " + how + "."

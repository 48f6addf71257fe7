"""Read what the requests of several APIs have in common."""

from collections.abc import Collection, Mapping
from typing import Any

from ...settings import Settings
from ..refusals import refuse_field, refuse_model

_MAX_INPUTS = 2048  # of OpenAI's API


def read_model(
    fields: Mapping[str, Any], settings: Settings, known: Collection[str], default: str = ""
) -> str:
    """Read the name of a model that has this API.

    Parameters
    ----------
    known
        The models that have it.
    default
        The model of requests that name none; empty if they must.
    """
    model = fields.get("model", default) or default
    if not isinstance(model, str) or not model:
        raise refuse_field("model", "must be the name of a model", model)
    if model not in known and not settings.accepts_anything:
        raise refuse_model(model)
    return model


def read_texts(fields: Mapping[str, Any], name: str) -> list[str]:
    """Read a text, or a list of them, or of lists of tokens, which count as texts."""
    value = fields.get(name)
    given = value if isinstance(value, list) else [value]
    if value and given is value and all(type(each) is int for each in given):
        given = [given]
    if not given or len(given) > _MAX_INPUTS:
        raise refuse_field(name, f"must be 1 to {_MAX_INPUTS} texts", value)
    return [_read_text(each, name) for each in given]


def read_text(fields: Mapping[str, Any], name: str) -> str:
    """Read one text."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise refuse_field(name, "must be a text", value)
    return value


def read_choice(fields: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    """Read a field that is one of several words, the first if it is not there."""
    value = fields.get(name)
    if value is None:
        return known[0]
    if value not in known:
        raise refuse_field(name, f"must be one of {', '.join(known)}", value)
    return str(value)


def _read_text(value: Any, name: str) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, list) and value and all(type(each) is int for each in value):
        return " ".join(map(str, value))
    if isinstance(value, Mapping) and isinstance(value.get("type"), str):  # a part: see moderations
        return str(value.get("text") or value.get("type"))
    raise refuse_field(name, "must be a text that is not empty", value)

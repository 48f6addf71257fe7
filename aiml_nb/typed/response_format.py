"""`response_format` as users give it: a class, a JSON schema, or what the API itself takes."""

from __future__ import annotations

import copy
import json
import re
from functools import lru_cache
from typing import Any, get_origin

from ..messages import Message, argument

_KINDS = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_KEYWORDS = frozenset(
    {"properties", "$ref", "$defs", "anyOf", "oneOf", "allOf", "enum", "const", "$schema"}
)
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]+")
UNNAMED = "answer"  # what a schema without a title is called
_MAX_NAME = 64  # characters that the API takes
_WHAT = (
    "Give a class (a pydantic model, a dataclass), a JSON schema as a dictionary, or the "
    "dictionary that the API takes: {'type': 'json_schema', 'json_schema': {…}}."
)


class ResponseFormat(dict[str, Any]):
    """The ``response_format`` of a request, and the type that its answers are read as.

    To all that writes or compares it, it is the dictionary that is sent.

    Attributes
    ----------
    adapter
        pydantic's `TypeAdapter` of the type; None for a JSON schema.
    """

    adapter: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Be pickled as what is sent: a type may be known to this process alone."""
        return dict, (dict(self),)


def with_response_format(parameters: dict[str, Any], *, place: str = "run()") -> dict[str, Any]:
    """Return request parameters with their ``response_format`` as it is sent."""
    given = parameters.get("response_format")
    # A word, such as ``"wav"``, is for an API without typed answers; `check_parameters` tells.
    if given is None or isinstance(given, ResponseFormat | str):
        return parameters
    return parameters | {"response_format": as_response_format(given, place=place)}


def as_response_format(given: object, *, place: str = "run()") -> Any:
    """Return the ``response_format`` as it is sent; the API's own form stays as it is.

    Parameters
    ----------
    place
        Names where it comes from, for the message.

    Raises
    ------
    TypeError
        If it is neither a type that JSON can be read as, nor a dictionary.
    ValueError
        If it is meant for a JSON schema, and is none.
    """
    if given is None or isinstance(given, ResponseFormat):
        return given
    if isinstance(given, dict):
        return _of_dictionary(given, place)
    if isinstance(given, type) or get_origin(given) is not None:
        return _of_type(given, place)
    what = _begin(place) + f" {given!r:.60}, which is neither a class nor a dictionary. "
    if hasattr(type(given), "model_fields") or hasattr(type(given), "__dataclass_fields__"):
        name = type(given).__name__
        what = _begin(place) + f" an object of {name}, and the class itself is meant. Write "
        raise TypeError(what + f"response_format={name}.")
    raise TypeError(what + _WHAT)


def _begin(place: str) -> str:
    if place == "run()":
        return argument("response_format") + " is"
    return Message(f"{place} has as response_format")


def _of_dictionary(given: dict[str, Any], place: str) -> Any:
    kind = given.get("type")
    kinds = set(kind) if isinstance(kind, list) else {kind}
    if not (kinds <= _KINDS if kind is not None else _KEYWORDS & given.keys()):
        return given  # the API's own form
    try:
        return _of_schema(json.dumps(given))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            _begin(place) + f" no JSON schema: {error!s:.200} Write one such as "
            "{'type': 'object', 'properties': {'score': {'type': 'integer'}}}."
        ) from None


@lru_cache(maxsize=64)
def _of_schema(text: str) -> ResponseFormat:
    from .schemas import check_schema

    schema = json.loads(text)
    check_schema(schema)
    title = schema.get("title")
    strict, is_strict = _make_strict(schema)
    return _describe(title if isinstance(title, str) else UNNAMED, strict, is_strict=is_strict)


def _of_type(given: Any, place: str) -> ResponseFormat:
    try:
        return _of_hashable(given)
    except (RecursionError, TypeError, ValueError) as error:
        raise TypeError(
            _begin(place) + f" {name_of(given)}, of which no JSON schema can be made: "
            f"{' '.join(str(error).split())!s:.200} Write a pydantic model: "
            f"class {name_of(given)}(pydantic.BaseModel): …"
        ) from None
    except Exception as error:  # noqa: BLE001  pydantic's own errors, and those of the class
        raise TypeError(
            _begin(place) + f" {name_of(given)}, of which no JSON schema can be made: "
            f"{str(error).partition(chr(10))[0]:.200} Write a pydantic model: "
            f"class {name_of(given)}(pydantic.BaseModel): …"
        ) from None


# Kept: a list of prompts may name the class in each of them.
@lru_cache(maxsize=64)
def _of_hashable(given: Any) -> ResponseFormat:
    from pydantic import TypeAdapter

    adapter: Any = TypeAdapter(given)
    schema, is_strict = _make_strict(adapter.json_schema())
    made = _describe(name_of(given), schema, is_strict=is_strict)
    made.adapter = adapter
    return made


def name_of(given: Any) -> str:
    """Return what a type is called."""
    return getattr(given, "__name__", None) or str(given)


def _describe(name: str, schema: dict[str, Any], *, is_strict: bool) -> ResponseFormat:
    name = _NOT_IN_NAMES.sub("_", name).strip("_")[:_MAX_NAME] or UNNAMED
    inner = {"name": name, "schema": schema, "strict": is_strict}
    return ResponseFormat({"type": "json_schema", "json_schema": inner})


def _make_strict(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return a schema as the openai client sends it, and whether it is strict.

    The client cannot write some recursive schemas strictly: they are sent as they are.
    """
    from openai.lib._pydantic import _ensure_strict_json_schema

    strict = copy.deepcopy(schema)
    try:
        return _ensure_strict_json_schema(strict, path=(), root=strict), True
    except (RecursionError, TypeError, ValueError, KeyError, AssertionError):
        return schema, False

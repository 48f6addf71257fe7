"""Read `AnswerOptions` from the body of a chat completion."""

from collections.abc import Collection, Mapping
from typing import Any

from ..model.options import PLAIN, AnswerOptions
from ..model.schema import Schema
from .refusals import read_whole, refuse_field
from .tool_fields import read_schema, read_toolbox

# The most that OpenAI's API takes.
_MAX_CHOICES = 128

_NAMES = frozenset(
    ("n", "tools", "tool_choice", "functions", "function_call", "response_format", "modalities")
)  # fmt: skip
_FORMATS = ("text", "json_object", "json_schema")


def read_options(fields: Mapping[str, Any], *, refused: Collection[str] = ()) -> AnswerOptions:
    """Read the options of the answer from the body of a chat completion.

    Parameters
    ----------
    refused
        The names of the parameters that the service refuses.

    Raises
    ------
    Refusal
        If a value is of a wrong type, or a schema cannot be met.
    """
    given = tuple(name for name in refused if fields.get(name) is not None)
    if given:
        return AnswerOptions(parameters=given)  # refused by name, so the values are not checked
    if _NAMES.isdisjoint(fields):
        return PLAIN
    is_json, schema = _read_format(fields.get("response_format"))
    return AnswerOptions(
        n=read_whole(fields, "n", least=1, most=_MAX_CHOICES) or 1,
        toolbox=read_toolbox(fields),
        is_json=is_json,
        schema=schema,
        wants_audio=_read_modalities(fields.get("modalities")),
    )


def _read_modalities(value: Any) -> bool:
    if value is None:
        return False
    if not isinstance(value, list) or not all(each in ("text", "audio") for each in value):
        raise refuse_field("modalities", "must be a list of text and audio", value)
    return "audio" in value


def _read_format(value: Any) -> tuple[bool, Schema | None]:
    if value is None:
        return False, None
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise refuse_field("response_format", f"must be an object whose type is {known}", value)
    if kind != "json_schema":
        schema = value.get("schema")  # llama.cpp's extension of json_object
        is_bare = kind == "text" or schema is None
        return kind != "text", None if is_bare else read_schema(schema, "response_format.schema")
    described = value.get("json_schema")
    if not (isinstance(described, dict) and isinstance(described.get("name"), str)):
        raise refuse_field(
            "response_format.json_schema", "must be an object with a name", described
        )
    name = "response_format.json_schema.schema"
    return True, read_schema(described.get("schema", {}), name)

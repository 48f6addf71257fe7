"""Read the tools of a request, and the deprecated functions."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..model.choice import SectionKind
from ..model.prompts import split_tokens
from ..model.schema import Schema
from ..model.schema_merge import SchemaError
from ..model.tools import Tool, Toolbox, ToolChoice
from .refusals import refuse_field

# The most that OpenAI's API takes.
_MAX_TOOLS = 128
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_CHOICES = ("none", "auto", "required")
_KINDS: Mapping[str, SectionKind] = {"function": "tool_call", "custom": "custom_call"}


def read_toolbox(fields: Mapping[str, Any]) -> Toolbox | None:
    """Read the tools of a request; `tools` take precedence over `functions`.

    Raises
    ------
    Refusal
        If a tool or ``tool_choice`` is not in a form of OpenAI's API, or names an unknown tool.
    """
    if fields.get("tools") or fields.get("tool_choice") not in (None, *_CHOICES[:2]):
        return _read_tools(fields)
    if fields.get("functions"):
        return _read_functions(fields)
    return None


def read_schema(value: Any, name: str) -> Schema:
    """Read a schema, or refuse the field that holds it."""
    try:
        return Schema(value)
    except SchemaError as error:
        raise refuse_field(name, f"is a schema that cannot be met ({error})", value) from None


def _read_tools(fields: Mapping[str, Any]) -> Toolbox:
    given = _check_list(fields.get("tools"), "tools")
    tools = [_read_tool(each, f"tools[{index}]") for index, each in enumerate(given)]
    choice = fields.get("tool_choice")
    wanted = None
    mode: Any = choice or "auto"
    if isinstance(choice, dict):
        kind = choice.get("type")
        mode, wanted = "required", [choice]
        if kind == "allowed_tools":
            allowed = choice.get(kind)
            if not isinstance(allowed, dict):
                raise refuse_field("tool_choice.allowed_tools", "must be an object", allowed)
            mode = allowed.get("mode")
            wanted = _check_list(allowed.get("tools"), "tool_choice.allowed_tools.tools")
    if wanted is not None:
        names = [_find_name(each) for each in wanted]
        tools = _select(tools, names, "tool_choice")
    if mode not in _CHOICES:
        raise refuse_field("tool_choice", f"must be {', '.join(_CHOICES)} or name a tool", choice)
    in_parallel = fields.get("parallel_tool_calls") is not False
    return _make_toolbox(tools, mode, given, in_parallel=in_parallel)


def _read_functions(fields: Mapping[str, Any]) -> Toolbox:
    given = _check_list(fields.get("functions"), "functions")
    tools = [
        _read_function(each, f"functions[{index}]", "function_call")
        for index, each in enumerate(given)
    ]
    choice = fields.get("function_call", "auto")
    mode: Any = choice
    if isinstance(choice, dict):
        tools, mode = _select(tools, [choice.get("name")], "function_call"), "required"
    elif choice not in _CHOICES[:2]:
        raise refuse_field("function_call", "must be none, auto or name a function", choice)
    return _make_toolbox(tools, mode, given, in_parallel=False)


def _make_toolbox(
    tools: Sequence[Tool], choice: ToolChoice, given: Any, *, in_parallel: bool
) -> Toolbox:
    # Definitions count as prompt tokens, as with real providers.
    tokens = len(split_tokens(json.dumps(given)))
    return Toolbox(tuple(tools), choice, in_parallel, tokens)


def _read_tool(value: Any, name: str) -> Tool:
    kind = value.get("type", "function") if isinstance(value, dict) else None
    if kind not in ("function", "custom"):
        raise refuse_field(name, "must be an object of the type function or custom", value)
    return _read_function(value.get(kind), f"{name}.{kind}", _KINDS[kind])


def _read_function(value: Any, name: str, kind: SectionKind) -> Tool:
    called = value.get("name") if isinstance(value, dict) else None
    if not (isinstance(called, str) and _NAME.fullmatch(called)):
        raise refuse_field(
            name, "must have a name of 1 to 64 letters, digits, dashes and underscores", value
        )
    if kind == "custom_call":
        return Tool(called, kind)
    parameters = value.get("parameters")
    schema = {"type": "object"} if parameters in (None, {}) else parameters
    return Tool(called, kind, read_schema(schema, f"{name}.parameters"))


def _find_name(value: Any) -> Any:
    inner = value.get(value.get("type")) if isinstance(value, dict) else None
    return inner.get("name") if isinstance(inner, dict) else None


def _select(tools: Sequence[Tool], names: Sequence[Any], field: str) -> list[Tool]:
    known = [tool.name for tool in tools]
    for name in names:
        if name not in known:
            raise refuse_field(field, f"must name one of {', '.join(known)[:200]}", name)
    return [tool for tool in tools if tool.name in names]


def _check_list(value: Any, name: str) -> list[Any]:
    if not (isinstance(value, list) and 1 <= len(value) <= _MAX_TOOLS):
        raise refuse_field(name, f"must be a list of 1 to {_MAX_TOOLS}", value)
    return value

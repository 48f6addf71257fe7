"""Responses: requests are read in the words of chat completions, and answered in their own."""

from collections.abc import Mapping
from typing import Any

from ...model.plan import Plan
from ...model.prompts import Prompt
from ...settings import Settings
from ..answer_options import read_options
from ..chat import ChatRequest, check_sampling, read_flag, read_object
from ..openai_format import JSON_TYPE, Label, encode_json
from ..refusals import Refusal, read_whole, refuse_field
from .fields import read_model
from .response_format import ResponseBody
from .response_stream import ResponseWriter

_MAX_TOKENS = 10**6
# What is in an answer as it was in the request, and what else stands there.
_ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "service_tier": "default",
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def read_response(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a request for a response; raises as `read_chat_request`."""
    fields = read_object(body)
    try:
        return _read_fields(fields, settings)
    except RecursionError:
        raise Refusal(400, "The body is too deep.") from None


def _read_fields(fields: dict[str, Any], settings: Settings) -> ChatRequest:
    model = read_model(fields, settings, settings.models, default=_default_model(settings))
    check_sampling(fields)
    least = 0 if settings.accepts_anything else 1
    return ChatRequest(
        model=model,
        prompt=Prompt.from_messages(_read_messages(fields, settings)),
        max_tokens=read_whole(fields, "max_output_tokens", least=least, most=_MAX_TOKENS),
        stream=read_flag(fields, "stream"),
        form=_Responses({name: fields.get(name) or usual for name, usual in _ECHOED.items()}),
        options=read_options(_as_chat(fields), refused=settings.refused_parameters),
    )


def _default_model(settings: Settings) -> str:
    return settings.models[0] if settings.accepts_anything else ""


class _Responses:
    content_type = JSON_TYPE
    prefix = "resp_"

    def __init__(self, echoed: Mapping[str, Any]) -> None:
        self._echoed = echoed

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        """Write a whole answer; see `Form`."""
        return encode_json(self.describe(plan, label))

    def describe(self, plan: Plan, label: Label) -> dict[str, Any]:
        """Return a whole answer."""
        return ResponseBody(plan, label, self._echoed).whole()

    def open_writer(self, plan: Plan, label: Label) -> ResponseWriter:
        """Open a writer for a stream; see `Form`."""
        return ResponseWriter(ResponseBody(plan, label, self._echoed))


def _read_messages(fields: Mapping[str, Any], settings: Settings) -> list[dict[str, Any]]:
    given = fields.get("input")
    if given is None and settings.accepts_anything:
        given = "nothing"
    if not isinstance(given, str | list) or not given:
        raise refuse_field("input", "must be a text, or a list of at least one item", given)
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages = [_read_item(item, f"input[{index}]") for index, item in enumerate(items)]
    instructions = fields.get("instructions")
    if not isinstance(instructions, str | None):
        raise refuse_field("instructions", "must be a text", instructions)
    first = [{"role": "system", "content": instructions}] if instructions else []
    return first + messages


def _read_item(item: Any, name: str) -> dict[str, Any]:
    """Return an item of the input as a message."""
    if isinstance(item, dict):
        kind = item.get("type")
        if isinstance(item.get("role"), str):
            return item
        if kind in ("function_call_output", "custom_tool_call_output"):
            return {"role": "tool", "content": item.get("output")}
        if kind in ("function_call", "custom_tool_call"):
            return {"role": "assistant", "content": None, "tool_calls": [item]}
        if isinstance(kind, str):  # reasoning, and what tools of the service have done
            return {"role": "assistant", "content": item.get("content")}
    raise refuse_field(name, "must be an object with a role or a type", item)


def _as_chat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of an answer in the words of chat completions."""
    chat: dict[str, Any] = {"parallel_tool_calls": fields.get("parallel_tool_calls")}
    tools = fields.get("tools")
    if not isinstance(tools, list | None):
        raise refuse_field("tools", "must be a list", tools)
    # Tools of the service itself, such as a search, are never used here.
    called = [each for each in tools or [] if _is_callable(each)]
    if called:
        chat["tools"] = [_as_chat_tool(each) for each in called]
        choice = fields.get("tool_choice")
        is_named = isinstance(choice, dict) and "name" in choice
        chat["tool_choice"] = _as_chat_tool(choice) if is_named else choice
        if isinstance(choice, dict) and not is_named:
            chat["tool_choice"] = "auto"
    text = fields.get("text")
    if not isinstance(text, dict | None):
        raise refuse_field("text", "must be an object", text)
    chat["response_format"] = _as_chat_format((text or {}).get("format"))
    return chat


def _is_callable(tool: Any) -> bool:
    return isinstance(tool, dict) and tool.get("type") in ("function", "custom")


def _as_chat_tool(tool: Any) -> dict[str, Any]:
    kind = tool.get("type", "function")
    return {"type": kind, kind: {name: each for name, each in tool.items() if name != "type"}}


def _as_chat_format(given: Any) -> Any:
    if not isinstance(given, dict) or given.get("type") != "json_schema":
        return given
    return {"type": "json_schema", "json_schema": given}

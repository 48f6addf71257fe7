"""`ChatRequest`: the body of a chat completion, parsed and checked."""

import json
from dataclasses import dataclass
from typing import Any

from ..model.options import PLAIN, AnswerOptions
from ..model.prompts import Prompt
from ..settings import Settings
from .answer_options import read_options
from .refusals import Refusal, read_whole, refuse_field, refuse_model

# The most that OpenAI's API takes.
_MAX_TOP_LOGPROBS = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """The parts of a request that are kept with a stored completion."""

    messages: list[dict[str, Any]]
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The parameters that matter here; all others of the real API are accepted and ignored.

    `top_logprobs` is ``None`` if no logprobs are requested.
    """

    model: str
    prompt: Prompt
    max_tokens: int | None
    stream: bool
    include_usage: bool
    options: AnswerOptions = PLAIN
    top_logprobs: int | None = None
    stored: Stored | None = None


def read_chat_request(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a chat completion.

    Raises
    ------
    Refusal
        If it is not JSON, lacks a model or messages, has values of a wrong type, or names a
        model that does not exist.
    """
    fields = read_object(body)
    try:
        return _read_fields(fields, settings)
    except RecursionError:
        raise Refusal(400, "The body is too deep.") from None


def _read_fields(fields: dict[str, Any], settings: Settings) -> ChatRequest:
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise refuse_field("model", "must be the name of a model", model)
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise refuse_field("messages", "must be a list of at least one message", messages)
    for index, message in enumerate(messages):
        if not (isinstance(message, dict) and isinstance(message.get("role"), str)):
            raise refuse_field(f"messages[{index}]", "must be an object with a role", message)
    if model not in settings.models and not settings.accepts_anything:
        raise refuse_model(model)
    stream = _read_flag(fields, "stream")
    return ChatRequest(
        model=model,
        prompt=Prompt.from_messages(messages),
        max_tokens=_read_max_tokens(fields, least=0 if settings.accepts_anything else 1),
        stream=stream,
        include_usage=stream and _read_include_usage(fields),
        options=read_options(fields, refused=settings.refused_parameters),
        top_logprobs=_read_top_logprobs(fields),
        stored=_read_stored(fields, messages),
    )


def read_object(body: bytes) -> dict[str, Any]:
    """Read a body that must be a JSON object."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return fields


def _read_flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise refuse_field(name, "must be true or false", value)
    return bool(value)


def _read_include_usage(fields: dict[str, Any]) -> bool:
    options = fields.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise refuse_field("stream_options", "must be an object", options)
    return _read_flag(options, "include_usage")


def _read_top_logprobs(fields: dict[str, Any]) -> int | None:
    count = read_whole(fields, "top_logprobs", least=0, most=_MAX_TOP_LOGPROBS)
    if _read_flag(fields, "logprobs"):
        return count or 0
    if count:
        raise refuse_field("top_logprobs", "needs logprobs to be true", count)
    return None


def _read_stored(fields: dict[str, Any], messages: list[dict[str, Any]]) -> Stored | None:
    if not _read_flag(fields, "store"):
        return None
    metadata = fields.get("metadata")
    if not isinstance(metadata, dict | None):
        raise refuse_field("metadata", "must be an object", metadata)
    return Stored(messages, metadata or {})


def _read_max_tokens(fields: dict[str, Any], *, least: int) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise refuse_field(name, f"must be a whole number of at least {least}", value)
        return value
    return None

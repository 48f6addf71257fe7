"""`ChatRequest`: the body of a chat completion, parsed and checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.options import PLAIN, AnswerOptions
from ..model.prompts import Prompt
from ..settings import Settings
from .answer_options import read_options
from .form import ChatForm, Form
from .refusals import Refusal, read_whole, refuse_field, refuse_model

# The most that OpenAI's API takes.
_MAX_TOP_LOGPROBS = 20
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """The parts of a request that are kept with a stored completion."""

    messages: list[dict[str, Any]]
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The parameters that matter here; all others of the real API are accepted and ignored.

    `top_logprobs` is ``None`` if no logprobs are requested. `form` is that of the API: this serves
    all of them.
    """

    model: str
    prompt: Prompt
    max_tokens: int | None
    stream: bool
    form: Form = field(default_factory=ChatForm)
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
    check_sampling(fields)
    stream = read_flag(fields, "stream")
    return ChatRequest(
        model=model,
        prompt=Prompt.from_messages(messages),
        max_tokens=_read_max_tokens(fields, least=0 if settings.accepts_anything else 1),
        stream=stream,
        form=ChatForm(include_usage=stream and read_include_usage(fields)),
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


def check_sampling(fields: Mapping[str, Any]) -> None:
    """Refuse numbers that decide how tokens are drawn, and are none or out of range."""
    for name, (least, most) in _RANGES.items():
        value = fields.get(name)
        if value is None:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            raise refuse_field(name, f"must be a number from {least} to {most}", value)
    seed = fields.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise refuse_field("seed", "must be a whole number", seed)


def read_flag(fields: Mapping[str, Any], name: str) -> bool:
    """Read a field that must be true or false, false if it is not there."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise refuse_field(name, "must be true or false", value)
    return bool(value)


def read_include_usage(fields: dict[str, Any]) -> bool:
    """Say whether a stream is to tell its usage."""
    options = fields.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise refuse_field("stream_options", "must be an object", options)
    return read_flag(options, "include_usage")


def _read_top_logprobs(fields: dict[str, Any]) -> int | None:
    count = read_whole(fields, "top_logprobs", least=0, most=_MAX_TOP_LOGPROBS)
    if read_flag(fields, "logprobs"):
        return count or 0
    if count:
        raise refuse_field("top_logprobs", "needs logprobs to be true", count)
    return None


def _read_stored(fields: dict[str, Any], messages: list[dict[str, Any]]) -> Stored | None:
    if not read_flag(fields, "store"):
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

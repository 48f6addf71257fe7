"""Write models and whole completions in the format of OpenAI's API."""

import base64
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..faults.fault import GOOD, Fault
from ..model.choice import Choice, Section
from ..model.plan import Plan
from ..rng import open_rng
from ..settings import ReasoningForm, Settings
from .logprobs import describe_tokens

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"

# An arbitrary date: clients need a number.
_MODEL_CREATED = 1_715_367_049
# A tenth of a second, as a WAV file.
_SILENCE = base64.b64encode(
    b"RIFF" + struct.pack("<I", 836) + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    + b"data" + struct.pack("<I", 800) + b"\x80" * 800
).decode()  # fmt: skip

FINGERPRINT = "fp_simulated"


def describe_model(name: str) -> dict[str, Any]:
    """Describe one model."""
    return {"id": name, "object": "model", "created": _MODEL_CREATED, "owned_by": "simulator"}


def list_models(settings: Settings) -> dict[str, Any]:
    """List the models."""
    return {"object": "list", "data": [describe_model(name) for name in settings.models]}


def name_completion(plan: Plan, *, seed: int, prompt_key: str, prefix: str = "chatcmpl-") -> str:
    """Give a completion its id: the same for the same seed, prompt and repeat."""
    rng = open_rng(seed, prompt_key, plan.repeat, "id")
    return f"{prefix}{rng.getrandbits(96):024x}"


def count_usage(plan: Plan) -> dict[str, Any]:
    """Count the tokens of a call as they are: pieces of text, not units of a bill."""
    completion_tokens = plan.completion_tokens
    return {
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": plan.prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": plan.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


@dataclass(frozen=True, slots=True)
class Label:
    """The members of an answer's body, or of each chunk; only the last chunk has the cost.

    `reasoning` is the form of the reasoning, and `top_logprobs` the number of alternatives listed
    for each token; ``None`` for no logprobs.
    """

    id: str
    created: int
    model: str
    cost: Mapping[str, float] | None = None
    reasoning: ReasoningForm = "none"
    top_logprobs: int | None = None


def write_completion(plan: Plan, label: Label) -> bytes:
    """Write a whole answer as one ``chat.completion``."""
    fault = plan.fault or GOOD
    completion = {
        "id": label.id,
        "object": "chat.completion",
        "created": label.created,
        "model": label.model,
        "choices": [
            _write_choice(choice, index, label, fault) for index, choice in enumerate(plan.choices)
        ],
        "usage": count_usage(plan),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    if label.cost is not None:
        completion["meta"] = {"usage": label.cost}
    return encode_json(completion)


def _write_choice(choice: Choice, index: int, label: Label, fault: Fault) -> dict[str, Any]:
    written: dict[str, Any] = {
        "index": index,
        "message": _write_message(choice, label, fault),
        "logprobs": _write_logprobs(choice, index, label),
        "finish_reason": choice.finish_reason,
    }
    if "message" in fault.without:
        del written["message"]
    if fault.choice_error is not None:
        written["error"] = write_choice_error(fault.choice_error)
    return written


def _write_message(choice: Choice, label: Label, fault: Fault) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": _write_content(choice, label, fault),
        "refusal": choice.find_text("refusal"),
        "annotations": [],
    }
    if "content" in fault.without:
        del message["content"]
    for section in choice.sections:
        if section.kind == "reasoning" and label.reasoning != "parts":
            message[label.reasoning] = section.text
        elif section.kind == "audio":
            message["audio"] = write_audio(section, section.text, label)
        elif section.kind == "function_call":
            message["function_call"] = {"name": section.tokens[0], "arguments": section.text}
        elif section.is_call:
            message.setdefault("tool_calls", []).append(write_call(section, section.text))
    return message


def _write_content(choice: Choice, label: Label, fault: Fault) -> Any:
    text, thoughts = choice.find_text("content"), choice.find_text("reasoning")
    if thoughts is not None and label.reasoning == "parts":
        return [write_thinking_part(thoughts), *([write_text_part(text)] if text else [])]
    if text is not None and fault.in_parts:
        half = len(text) // 2
        return [write_text_part(text[:half]), write_text_part(text[half:])]
    return text


def write_choice_error(message: str) -> dict[str, Any]:
    """Write the error of a choice that broke off, in OpenRouter's form."""
    return {"message": message, "code": 502}


def write_text_part(text: str) -> dict[str, Any]:
    """Write a text as one part of a list of them."""
    return {"type": "text", "text": text}


def write_thinking_part(text: str) -> dict[str, Any]:
    """Write reasoning as a part of the content, in the form of Mistral's API."""
    return {"type": "thinking", "thinking": [write_text_part(text)]}


def write_audio(section: Section, transcript: str, label: Label) -> dict[str, Any]:
    """Write an audio answer: the transcript, and a silent sound file."""
    return {
        "id": section.id,
        "expires_at": label.created + 3600,
        "data": _SILENCE,
        "transcript": transcript,
    }


def write_call(section: Section, arguments: str) -> dict[str, Any]:
    """Write the call of a tool."""
    kind, field = (
        ("custom", "input") if section.kind == "custom_call" else ("function", "arguments")
    )
    called = {"name": section.tokens[0], field: arguments}
    return {"id": section.id, "type": kind, kind: called}


def _write_logprobs(choice: Choice, index: int, label: Label) -> dict[str, Any] | None:
    if label.top_logprobs is None:
        return None
    described: dict[str, Any] = {"content": None, "refusal": None}
    for section in choice.sections:
        if section.kind in described:
            described[section.kind] = describe_tokens(
                section.tokens, top=label.top_logprobs, name=label.id, index=index
            )
    return described


def encode_json(value: Any) -> bytes:
    """Write JSON in UTF-8."""
    # Like real servers: non-ASCII text is not escaped, except for lone surrogates, which UTF-8
    # cannot encode. Python's backslash escape for these is valid JSON.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")

"""Answers in the bytes of OpenAI's API: models, completions, and chunks of a stream."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .draws import open_draws
from .plan import Plan
from .settings import Settings

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"

# The date the models' names appeared; clients want a number.
_MODEL_CREATED = 1_715_367_049
_FINGERPRINT = "fp_simulated"


def describe_model(name: str) -> dict[str, Any]:
    """Describe one model."""
    return {"id": name, "object": "model", "created": _MODEL_CREATED, "owned_by": "simulator"}


def list_models(settings: Settings) -> dict[str, Any]:
    """List the models."""
    return {"object": "list", "data": [describe_model(name) for name in settings.models]}


def name_completion(plan: Plan, *, seed: int, prompt_key: str) -> str:
    """Give a completion its id: the same for the same seed, prompt and repeat."""
    draws = open_draws(seed, prompt_key, plan.repeat, "id")
    return f"chatcmpl-{draws.getrandbits(96):024x}"


def count_usage(plan: Plan) -> dict[str, Any]:
    """Count the tokens of a call as they are: pieces of text, not units of a bill."""
    completion_tokens = len(plan.tokens)
    return {
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": plan.prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


@dataclass(frozen=True, slots=True)
class Label:
    """What the body, or each chunk, of one answer carries; the last chunk only has the cost."""

    id: str
    created: int
    model: str
    cost: Mapping[str, float] | None = None


def write_completion(plan: Plan, label: Label) -> bytes:
    """Write a whole answer as one ``chat.completion``."""
    fault = plan.fault
    refuses, says_null = fault is not None and fault.refuses, fault is not None and fault.says_null
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refuses or says_null else plan.text,
        "refusal": plan.text if refuses else None,
        "annotations": [],
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": plan.finish_reason,
    }
    completion = {
        "id": label.id,
        "object": "chat.completion",
        "created": label.created,
        "model": label.model,
        "choices": [choice],
        "usage": count_usage(plan),
        "service_tier": "default",
        "system_fingerprint": _FINGERPRINT,
    }
    if label.cost is not None:
        completion["meta"] = {"usage": label.cost}
    return encode_json(completion)


def encode_json(value: Any) -> bytes:
    """Write JSON in UTF-8."""
    # As real servers do it: text beyond ASCII goes as it is; what UTF-8 cannot hold, a lone
    # surrogate, is left escaped, which is just the form that JSON has for it.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


class ChunkWriter:
    """Writes the chunks of one streamed answer as server-sent events."""

    def __init__(self, label: Label, *, include_usage: bool, refuses: bool = False) -> None:
        head = {
            "id": label.id,
            "object": "chat.completion.chunk",
            "created": label.created,
            "model": label.model,
            "service_tier": "default",
            "system_fingerprint": _FINGERPRINT,
        }
        self._include_usage = include_usage
        self._cost = label.cost
        self._head = "data: " + json.dumps(head)[:-1]
        # With usage asked for, every chunk but the last carries a null.
        self._tail = (', "usage": null' if include_usage else "") + "}\n\n"
        # A stream sends one of these for each token: all but the token is made beforehand.
        field = "refusal" if refuses else "content"
        self._before = self._head + f', "choices": [{{"index": 0, "delta": {{"{field}": '
        self._after = '}, "logprobs": null, "finish_reason": null}]' + self._tail

    def write_role(self) -> bytes:
        """Write the first chunk: the role, and no text yet."""
        return self._write_choice({"role": "assistant", "content": "", "refusal": None}, None)

    def write_tokens(self, tokens: Iterable[str]) -> bytes:
        """Write one chunk for each token."""
        before, after = self._before, self._after
        events = [f"{before}{json.dumps(token, ensure_ascii=False)}{after}" for token in tokens]
        return "".join(events).encode("utf-8", "backslashreplace")

    def write_end(self, plan: Plan, *, without: Collection[str] = ()) -> bytes:
        """Write what follows the last token: the reason, the usage if asked for, and DONE.

        A fault may leave out the ``finish`` or the ``done``.
        """
        meta = "" if self._cost is None else f', "meta": {json.dumps({"usage": self._cost})}'
        end = b""
        if "finish" not in without:
            end = self._write_choice({}, plan.finish_reason, "" if self._include_usage else meta)
        if self._include_usage:
            usage = json.dumps(count_usage(plan))
            end += f'{self._head}, "choices": [], "usage": {usage}{meta}}}\n\n'.encode()
        return end if "done" in without else end + DONE

    def _write_choice(
        self, delta: dict[str, Any], finish_reason: str | None, meta: str = ""
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return f'{self._head}, "choices": [{json.dumps(choice)}]{meta}{self._tail}'.encode()

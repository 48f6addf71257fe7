"""Answers in the bytes of OpenAI's API: models, completions, and chunks of a stream."""

import json
from collections.abc import Iterable
from typing import Any

from .clockwork import Plan
from .draws import open_draws
from .settings import Settings

DONE = b"data: [DONE]\n\n"

# The date the models' names appeared; clients want a number.
_MODEL_CREATED = 1_715_367_049
_FINGERPRINT = "fp_simulated"


def describe_model(name: str) -> dict[str, Any]:
    """Describe one model."""
    return {"id": name, "object": "model", "created": _MODEL_CREATED, "owned_by": "simulator"}


def list_models(settings: Settings) -> bytes:
    """Write the list of models."""
    models = [describe_model(name) for name in settings.models]
    return json.dumps({"object": "list", "data": models}).encode()


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


def write_completion(plan: Plan, *, completion_id: str, created: int, model: str) -> bytes:
    """Write a whole answer as one ``chat.completion``."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": plan.text,
        "refusal": None,
        "annotations": [],
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": plan.finish_reason,
    }
    completion = {
        "id": completion_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [choice],
        "usage": count_usage(plan),
        "service_tier": "default",
        "system_fingerprint": _FINGERPRINT,
    }
    return json.dumps(completion).encode()


class ChunkWriter:
    """Writes the chunks of one streamed answer as server-sent events."""

    def __init__(
        self, *, completion_id: str, created: int, model: str, include_usage: bool
    ) -> None:
        head = {
            "id": completion_id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
            "service_tier": "default",
            "system_fingerprint": _FINGERPRINT,
        }
        self._include_usage = include_usage
        self._head = "data: " + json.dumps(head)[:-1]
        # With usage asked for, every chunk but the last carries a null.
        self._tail = (', "usage": null' if include_usage else "") + "}\n\n"
        # A stream sends one of these for each token: all but the token is made beforehand.
        self._before = self._head + ', "choices": [{"index": 0, "delta": {"content": '
        self._after = '}, "logprobs": null, "finish_reason": null}]' + self._tail

    def write_role(self) -> bytes:
        """Write the first chunk: the role, and no text yet."""
        return self._write_choice({"role": "assistant", "content": "", "refusal": None}, None)

    def write_tokens(self, tokens: Iterable[str]) -> bytes:
        """Write one chunk for each token."""
        before, after = self._before, self._after
        return "".join([f"{before}{json.dumps(token)}{after}" for token in tokens]).encode()

    def write_end(self, plan: Plan) -> bytes:
        """Write what follows the last token: the reason, the usage if asked for, and DONE."""
        end = self._write_choice({}, plan.finish_reason)
        if self._include_usage:
            usage = json.dumps(count_usage(plan))
            end += f'{self._head}, "choices": [], "usage": {usage}}}\n\n'.encode()
        return end + DONE

    def _write_choice(self, delta: dict[str, Any], finish_reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return f'{self._head}, "choices": [{json.dumps(choice)}]{self._tail}'.encode()

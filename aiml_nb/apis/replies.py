"""Read the replies of other APIs as completions: text, end and usage are then read in one place.

Each function takes the JSON of a reply as the server sent it, or a completion that was made of one
before, and returns a completion; a reply without words has no choices. Nothing here raises.
"""

from __future__ import annotations

from typing import Any

from .asked import how_many, label_of
from .json_values import Json, first_object_of, object_of, objects_of

_REASONS = {"completed": "stop", "failed": "error", "in_progress": None, "queued": None}


def as_it_is(body: Any) -> Json | None:
    """Return a completion."""
    return body if isinstance(body, dict) else None


def counts(body: Any) -> Json | None:
    """Keep model and usage: vectors and pictures are no words, and large."""
    if not isinstance(body, dict):
        return None
    return {name: body[name] for name in ("model", "usage", "meta") if name in body}


def nothing_missing(body: Json, asked: Json) -> str:
    """Say that nothing is missing."""
    return ""


def missing_vectors(body: Json, asked: Json) -> str:
    """Say how many embeddings are missing."""
    expected, found = how_many(asked.get("input")), len(objects_of(body.get("data")))
    return f"{found} of {expected} embeddings came" if found < expected else ""


def missing_images(body: Json, asked: Json) -> str:
    """Say how many images are missing."""
    n, found = asked.get("n"), len(objects_of(body.get("data")))
    expected = n if type(n) is int else 1
    return f"{found} of {expected} images came" if found < expected else ""


def of_embeddings(body: Any) -> Json | None:
    """Read a list of embeddings, whose usage counts what went in alone."""
    kept, usage = counts(body), object_of(object_of(body).get("usage"))
    if kept is None or "prompt_tokens" not in usage:
        return kept
    return {**kept, "usage": {"completion_tokens": 0, **usage}}


def of_completions(body: Any) -> Json | None:
    """Read a text completion."""
    if not isinstance(body, dict):
        return None
    choices = body.get("choices")
    return {**body, "choices": [_with_message(each) for each in objects_of(choices)]}


def _with_message(choice: Json) -> Json:
    if "message" in choice:
        return choice
    text = choice.get("text")
    message = {"role": "assistant", "content": text if isinstance(text, str) else ""}
    return {"message": message} | {n: each for n, each in choice.items() if n != "text"}


def of_responses(body: Any) -> Json | None:
    """Read a response: its messages as one text, its reasoning, and its calls of tools."""
    if not isinstance(body, dict) or "choices" in body:
        return as_it_is(body)
    items = objects_of(body.get("output"))
    parts = [part for item in items for part in objects_of(item.get("content"))]
    said = [part for part in parts if part.get("type") != "reasoning_text"]
    text = "".join(part["text"] for part in said if isinstance(part.get("text"), str))
    message: dict[str, Any] = {"role": "assistant", "content": text}
    refusal = "".join(str(part["refusal"]) for part in parts if part.get("type") == "refusal")
    if refusal:
        message["refusal"] = refusal
    if reasoning := "".join(_reasoning_of(item) for item in items):
        message["reasoning"] = reasoning
    calls = [item for item in items if str(item.get("type")).endswith("call")]
    if calls:
        message["tool_calls"] = [_as_tool_call(item) for item in calls]
    choice = {"index": 0, "message": message, "finish_reason": _reason_of(body)}
    if body.get("status") == "failed":
        choice["error"] = body.get("error") or {"message": "the response failed"}
    kept = {name: body[name] for name in ("model", "usage", "meta") if name in body}
    return {**kept, "choices": [choice]}


def _reason_of(body: Json) -> Any:
    status = body.get("status")
    why = object_of(body.get("incomplete_details")).get("reason")
    return _REASONS.get(str(status), why or status)


def _reasoning_of(item: Json) -> str:
    if item.get("type") != "reasoning":
        return ""
    parts = objects_of(item.get("content")) or objects_of(item.get("summary"))
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _as_tool_call(item: Json) -> dict[str, Any]:
    if item.get("type") == "custom_tool_call":
        called = {"name": item.get("name"), "input": item.get("input")}
        return {"id": item.get("call_id"), "type": "custom", "custom": called}
    function = {"name": item.get("name"), "arguments": item.get("arguments")}
    return {"id": item.get("call_id"), "type": "function", "function": function}


def of_messages(body: Any) -> Json | None:
    """Read a message of Anthropic's API."""
    if not isinstance(body, dict) or "choices" in body:
        return as_it_is(body)
    reason, usage, model = (body.get(name) for name in ("stop_reason", "usage", "model"))
    return _completion(label_of(body.get("content")), reason, usage, model)


def of_candidates(body: Any) -> Json | None:
    """Read a reply of Gemini's API."""
    if not isinstance(body, dict) or "choices" in body:
        return as_it_is(body)
    first, tokens = first_object_of(body.get("candidates")), object_of(body.get("usageMetadata"))
    usage = {
        "prompt_tokens": tokens.get("promptTokenCount"),
        "completion_tokens": tokens.get("candidatesTokenCount"),
    }
    text, reason = label_of(first.get("content")), first.get("finishReason")
    return _completion(text, reason, usage, body.get("modelVersion"))


def of_transcription(body: Any) -> Json | None:
    """Read a transcription."""
    if not isinstance(body, dict) or "choices" in body:
        return as_it_is(body)
    text = body.get("text")
    return _completion(str(text or ""), "stop", body.get("usage"), body.get("model"))


def _completion(text: str, reason: object, usage: object, model: object) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return {"model": model, "choices": [choice | {"finish_reason": reason}], "usage": usage}

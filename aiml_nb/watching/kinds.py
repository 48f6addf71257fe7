"""The kinds of call: how each is recognised by its address, and how its JSON is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..completion import fields_of
from ..replies.outcome import Verdict, judge

Json = Mapping[str, Any]
_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of one kind of call.

    Parameters
    ----------
    api
        Its name in `records.Call.api`.
    prompt
        Finds the last thing that was asked in the JSON of a request.
    complete
        Makes a completion (as of the chat API) of the JSON of a reply, so that text, tokens and end
        are read in one place; None where a reply holds no text.
    delta
        Finds in an event of a stream the text that it adds, and what it tells of the reply as a
        whole; None for the chat API, whose streams `replies.incoming` reads.
    """

    api: str
    prompt: Callable[[Json], object]
    complete: Callable[[Any], Json | None]
    delta: Callable[[Json], tuple[str, Json]] | None = None

    def fields(self, body: Json | None) -> dict[str, Any]:
        """Return the fields of a `records.Call` that a reply tells."""
        return fields_of(dict(body or _NOTHING))

    def judge(self, body: Json | None) -> Verdict:
        """Say what a whole reply is; one without a text is ok once it is there."""
        has_text = self is CHAT_KIND or (body is not None and "choices" in body)
        return judge(dict(body or _NOTHING)) if has_text else Verdict("ok")


@lru_cache(maxsize=256)
def kind_of(path: str) -> Kind | None:
    """Return the kind of call that goes to a path, None if no model is known to answer there."""
    path = path.partition("?")[0].rstrip("/")
    for ending, kind in _ENDINGS:
        if path.endswith(ending):
            return kind
    return None


def path_before(path: str) -> str:
    """Return what stands in the path of a call before that which tells its kind."""
    path = path.rstrip("/")
    for ending, _ in _ENDINGS:
        if path.endswith(ending):
            before = path.removesuffix(ending)
            return before if ending.startswith("/") else before.rpartition("/")[0]
    return path


def label_of(asked: object) -> str:
    """Return what was asked in words: a text, the text of its parts, or the last of several."""
    if isinstance(asked, str):
        return asked
    if isinstance(asked, Mapping):
        for name in ("text", "content", "parts", "input_text"):
            if name in asked:
                return label_of(asked[name])
        return ""
    if isinstance(asked, list | tuple):
        words = [label_of(each) for each in asked if isinstance(each, str | Mapping)]
        return " ".join(filter(None, words))
    return ""


def _last_message(body: Json) -> object:
    messages = body.get("messages") or body.get("input") or body.get("contents")
    if not isinstance(messages, list):
        return messages
    for each in reversed(messages):
        if isinstance(each, Mapping) and each.get("role") == "user":
            return each
    return messages[-1:]


def _first_input(body: Json) -> object:
    given = body.get("input") or body.get("prompt")
    if isinstance(given, list) and len(given) > 1 and isinstance(given[0], str):
        return f"{given[0]} (and {len(given) - 1} more)"
    return given


def _as_it_is(body: Any) -> Json | None:
    return body if isinstance(body, Mapping) else None


def _counts(body: Any) -> Json | None:
    """Keep model and usage: vectors and pictures are no words, and large."""
    if not isinstance(body, Mapping):
        return None
    return {name: body[name] for name in ("model", "usage") if name in body}


def _completion(text: str, reason: object, usage: object, model: object) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return {"model": model, "choices": [choice | {"finish_reason": reason}], "usage": usage}


def _of_completions(body: Any) -> Json | None:
    if not isinstance(body, Mapping):
        return None
    first = _first(body.get("choices"))
    text = first.get("text")
    return _completion(
        text if isinstance(text, str) else "",
        first.get("finish_reason"),
        body.get("usage"),
        body.get("model"),
    )


def _of_responses(body: Any) -> Json | None:
    if not isinstance(body, Mapping):
        return None
    parts = [part for item in _dicts(body.get("output")) for part in _dicts(item.get("content"))]
    calls = [item for item in _dicts(body.get("output")) if str(item.get("type")).endswith("call")]
    text = "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    refusal = "".join(str(p["refusal"]) for p in parts if p.get("type") == "refusal")
    status, why = body.get("status"), _dict(body.get("incomplete_details")).get("reason")
    reason = {"completed": "stop", "failed": "error"}.get(str(status), why or status)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if refusal:
        message["refusal"] = refusal
    if calls:
        message["tool_calls"] = [_as_tool_call(item) for item in calls]
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason}
    if status == "failed":
        choice["error"] = body.get("error") or {"message": "the response failed"}
    return {"model": body.get("model"), "choices": [choice], "usage": body.get("usage")}


def _as_tool_call(item: Json) -> dict[str, Any]:
    function = {"name": item.get("name"), "arguments": item.get("arguments")}
    return {"id": item.get("call_id"), "type": "function", "function": function}


def _of_messages(body: Any) -> Json | None:
    if not isinstance(body, Mapping):
        return None
    return _completion(
        label_of(body.get("content")),
        body.get("stop_reason"),
        body.get("usage"),
        body.get("model"),
    )


def _of_candidates(body: Any) -> Json | None:
    if not isinstance(body, Mapping):
        return None
    first, counts = _first(body.get("candidates")), _dict(body.get("usageMetadata"))
    usage = {
        "prompt_tokens": counts.get("promptTokenCount"),
        "completion_tokens": counts.get("candidatesTokenCount"),
    }
    text, reason = label_of(first.get("content")), first.get("finishReason")
    return _completion(text, reason, usage, body.get("modelVersion"))


def _of_transcription(body: Any) -> Json | None:
    if not isinstance(body, Mapping):
        return None
    text = body.get("text")
    return _completion(str(text or ""), "stop", body.get("usage"), body.get("model"))


def _delta_of_completions(event: Json) -> tuple[str, Json]:
    text = _first(event.get("choices")).get("text")
    return (text if isinstance(text, str) else ""), event


def _delta_of_responses(event: Json) -> tuple[str, Json]:
    """Read an event such as ``response.output_text.delta`` or ``transcript.text.done``."""
    kind, delta = str(event.get("type")), event.get("delta")
    if kind.endswith("text.delta") and isinstance(delta, str):
        return delta, _NOTHING
    if kind in _LAST_EVENTS:
        return "", _dict(event.get("response")) or event
    return "", _NOTHING


def _delta_of_messages(event: Json) -> tuple[str, Json]:
    if event.get("type") == "message_start":
        return "", _dict(event.get("message"))
    delta = _dict(event.get("delta"))
    told = {name: event[name] for name in ("usage",) if name in event}
    if delta.get("stop_reason"):
        told["stop_reason"] = delta["stop_reason"]
    return label_of(delta), told


def _delta_of_candidates(event: Json) -> tuple[str, Json]:
    return label_of(_first(event.get("candidates")).get("content")), event


def _first(value: object) -> Json:
    return next(iter(_dicts(value)), _NOTHING)


def _dict(value: object) -> Json:
    return value if isinstance(value, Mapping) else _NOTHING


def _dicts(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


_LAST_EVENTS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "transcript.text.done"}
    | {"speech.audio.done", "image_generation.completed", "image_edit.completed"}
)
CHAT_KIND = Kind("chat", _last_message, _as_it_is)
OTHER = Kind("other", lambda body: "", _counts)
_RESPONSES = Kind("responses", _last_message, _of_responses, _delta_of_responses)
_SPEECH = Kind("speech", lambda body: body.get("input"), _counts, _delta_of_responses)
_TRANSCRIPTION = Kind("transcription", _first_input, _of_transcription, _delta_of_responses)
_IMAGES = Kind("images", lambda body: body.get("prompt"), _counts, _delta_of_responses)
_GENERATE = Kind("generate", _last_message, _of_candidates, _delta_of_candidates)
# How paths end. The first that fits decides.
_ENDINGS: tuple[tuple[str, Kind], ...] = (
    ("/chat/completions", CHAT_KIND),
    ("/completions", Kind("completions", _first_input, _of_completions, _delta_of_completions)),
    ("/responses", _RESPONSES),
    ("/embeddings", Kind("embeddings", _first_input, _counts)),
    ("/moderations", Kind("moderations", _first_input, _counts)),
    ("/images/generations", _IMAGES),
    ("/images/edits", _IMAGES),
    ("/images/variations", _IMAGES),
    ("/audio/speech", _SPEECH),
    ("/audio/transcriptions", _TRANSCRIPTION),
    ("/audio/translations", _TRANSCRIPTION),
    ("/messages", Kind("messages", _last_message, _of_messages, _delta_of_messages)),
    (":generateContent", _GENERATE),
    (":streamGenerateContent", _GENERATE),
)

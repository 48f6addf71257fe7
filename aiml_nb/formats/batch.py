"""A reply's body in OpenAI's Batch output: as the server sent it, completed, or without texts.

A line of Batch output is ``{"id", "custom_id", "response": {"status_code", "request_id", "body"},
"error"}``, and programs that read it expect a whole chat completion for a body. Some servers leave
members of one out: `complete` adds what is known, and says what it has added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..completion import message_of
from ..records import Call

# Members without text of prompts or answers. Without `texts`, all others are left out.
_NAMES = frozenset(
    {"id", "object", "model", "role", "type", "finish_reason", "native_finish_reason"}
    | {"system_fingerprint", "service_tier", "provider"}
)
_NUMBERS = frozenset(
    {"index", "created", "logprob", "start_index", "end_index", "expires_at", "code"}
)
_COUNTS = frozenset({"usage", "meta", "timings"})
# Texts that a completion must have to be valid, and members that contain others.
_EMPTIED = frozenset(
    {"arguments", "name", "input", "token", "text", "url", "title", "data", "transcript"}
)
_HOLDERS = frozenset(
    {"choices", "message", "content", "refusal", "reasoning", "reasoning_content", "thinking"}
    | {"reasoning_details", "tool_calls", "function", "function_call", "custom", "audio"}
    | {"annotations", "url_citation", "logprobs", "top_logprobs", "bytes", "error"}
)
_KEPT = _NAMES | _NUMBERS | _COUNTS | _EMPTIED | _HOLDERS


class Reply(NamedTuple):
    """The result of a call as in a line of Batch output; `added` names the members we added."""

    response: dict[str, Any] | None
    error: dict[str, Any] | None
    added: list[str]


def reply_of(call: Call, *, texts: bool) -> Reply:
    """Return the reply to a call; without `texts`, without the answer and the error message."""
    body = body_of(call)
    added = [] if body is call.body else ["body"]
    if not texts:
        body = without_words(body)
    last = call.attempts[-1] if call.attempts else None
    status, request_id = (last.status, last.request_id) if last else (None, None)
    if call.from_journal:
        status = 200
    response: dict[str, Any] | None = None
    if not (status is None and body is None):
        response = {"status_code": status, "request_id": request_id, "body": body}
    message = call.error if texts else None
    if call.error_type is None and message is None:
        return Reply(response, None, added)
    return Reply(response, {"code": call.error_type, "message": message}, added)


def body_of(call: Call) -> dict[str, Any] | None:
    """Return the body of a call's reply; if the record has none, one made from its fields."""
    if call.body is not None:
        return call.body
    tokens = (call.input_tokens, call.output_tokens, call.reasoning_tokens)
    known = {call.finish_reason, call.model, call.cost, *tokens}
    if not call.text and known == {None}:
        return None
    message = {"role": "assistant", "content": call.text}
    body: dict[str, Any] = {
        "object": "chat.completion",
        "model": call.model,
        "choices": [{"index": 0, "message": message, "finish_reason": call.finish_reason}],
    }
    if tokens != (None, None, None):
        body["usage"] = {
            "prompt_tokens": call.input_tokens,
            "completion_tokens": call.output_tokens,
            "total_tokens": (call.input_tokens or 0) + (call.output_tokens or 0),
            "completion_tokens_details": {"reasoning_tokens": call.reasoning_tokens},
        }
    if call.cost is not None:
        body["meta"] = {"usage": {"usd_spent": call.cost}}  # as AIML API reports it
    return body


def complete(body: dict[str, Any], known: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a completion with all required members, and the names of those added.

    Nothing that the server sent is replaced. What is not a completion is returned as it is.

    Parameters
    ----------
    known
        What is known of ``id``, ``created`` and ``model``.
    """
    added: list[str] = []
    if not isinstance(body.get("choices"), list):
        return body, added
    whole = _fill(body, {**known, "object": "chat.completion"}, "", added)
    usage = whole.get("usage")
    if isinstance(usage, dict) and usage.get("total_tokens") is None:
        counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
        if all(type(count) is int for count in counts):
            usage = _fill(usage, {"total_tokens": sum(counts)}, "usage.", added)
            whole = {**whole, "usage": usage}
    choices = [_complete_choice(*each, known, added) for each in enumerate(body["choices"])]
    return {**whole, "choices": choices}, added


def remove_added(body: dict[str, Any], added: list[str]) -> None:
    """Remove from a completion what `complete` has added."""
    for path in added:
        *way, name = path.split(".")
        place: Any = body
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        del place[name]


def without_words(value: Any, name: str = "") -> Any:
    """Return a completion without the texts of prompts and answers.

    Its shape, its numbers and the names of model and provider stay; lists of tokens are emptied.
    """
    if name in _COUNTS:
        return _counts(value)
    if isinstance(value, dict):
        return {n: without_words(each, n) for n, each in value.items() if n in _KEPT}
    if isinstance(value, list):
        return [without_words(each) for each in value if isinstance(each, dict)]
    if isinstance(value, str):
        return value if name in _NAMES else "" if name in _EMPTIED else None
    return value if isinstance(value, bool) or name in _NUMBERS else None


def _complete_choice(number: int, choice: Any, known: Mapping[str, Any], added: list[str]) -> Any:
    if not isinstance(choice, dict):
        return choice
    path = f"choices.{number}."
    choice = _fill(choice, {"index": number}, path, added)
    sent = message_of(choice)
    if not sent:
        return choice
    path += "message."
    message = _fill(sent, {"role": "assistant"}, path, added)
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        path += "tool_calls."
        named = [
            _complete_call(n, call, f"{known.get('id')}.{number}.{n}", path, added)
            for n, call in enumerate(calls)
        ]
        message = {**message, "tool_calls": named}
    return choice if message is sent else {**choice, "message": message}


def _complete_call(number: int, call: Any, name: str, path: str, added: list[str]) -> Any:
    if not isinstance(call, dict) or "function" not in call:
        return call
    return _fill(call, {"id": name, "type": "function"}, f"{path}{number}.", added)


def _fill(
    given: dict[str, Any], known: Mapping[str, Any], path: str, added: list[str]
) -> dict[str, Any]:
    for name in known:
        if given.get(name) is None:
            break
    else:
        return given  # most replies are whole: they are not copied
    missing = {name: value for name, value in known.items() if given.get(name) is None}
    added += [f"{path}{name}" for name in missing]
    return {**given, **missing}


def _counts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _counts(each) for name, each in value.items()}
    return value if isinstance(value, int | float) else None

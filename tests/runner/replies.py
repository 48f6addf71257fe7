"""Replies in the shapes of several providers, each whole and as the chunks of its stream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..raw_server import JSON_HEAD, SSE_HEAD

ID = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "m-1"}
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 4, "accepted_prediction_tokens": 0},
}
HEAD: dict[str, Any] = {
    "object": "chat.completion",
    **ID,
    "system_fingerprint": "fp_1",
    "service_tier": "default",
}


def completion(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a completion of these choices, the first with index 0."""
    named = [{"index": place, **choice} for place, choice in enumerate(choices)]
    return {**HEAD, "choices": named, "usage": USAGE, **more}


def said(finish_reason: Any = "stop", **message: Any) -> dict[str, Any]:
    """Return a choice with this message."""
    return {
        "message": {"role": "assistant", "content": None, **message},
        "finish_reason": finish_reason,
        "logprobs": None,
    }


def piece(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a chunk of a stream."""
    return {**HEAD, "object": "chat.completion.chunk", "choices": list(choices), **more}


def delta(index: int = 0, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return a choice of a chunk."""
    more = {"logprobs": delta.pop("logprobs", None)}
    return {"index": index, "delta": delta, **more, "finish_reason": finish_reason}


def begin(index: int = 0, **more: Any) -> dict[str, Any]:
    """Return the first chunk of a choice."""
    return piece(delta(index, role="assistant", **{"content": None, **more}))


LAST = piece(usage=USAGE)


def end(reason: str = "stop", index: int = 0) -> dict[str, Any]:
    """Return the last chunk of a choice."""
    return piece(delta(index, reason))


def stream(*pieces: Any, done: bool = True) -> bytes:
    """Return the body of a stream; bytes are included as they are."""
    events = [
        each if isinstance(each, bytes) else b"data: %s\n\n" % json.dumps(each).encode()
        for each in pieces
    ]
    return b"".join(events) + (b"data: [DONE]\n\n" if done else b"")


@dataclass(frozen=True)
class Example:
    """An answer, whole and in chunks, and the fields of the record expected for it."""

    whole: dict[str, Any]
    pieces: tuple[Any, ...]
    text: str = ""
    reasoning: str = ""
    outcome: str = "ok"
    is_openais: bool = True

    def reply(self, *, streamed: bool) -> bytes:
        """Return it in the bytes of a server."""
        if streamed:
            return SSE_HEAD + stream(*self.pieces)
        return JSON_HEAD + json.dumps(self.whole).encode()


def _call(name: str, function: str, arguments: str) -> dict[str, Any]:
    about = {"name": function, "arguments": arguments}
    return {"id": name, "type": "function", "function": about}


def _calls(*calls: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return piece(delta(index, tool_calls=list(calls)))


def _token(word: str, *others: str) -> dict[str, Any]:
    about = {"token": word, "logprob": -0.25, "bytes": list(word.encode())}
    tops = [{"token": each, "logprob": -2.5, "bytes": list(each.encode())} for each in others]
    return {**about, "top_logprobs": tops}


def _words(**lists: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {"content": None, "refusal": None, **lists}


_CITATION = {
    "type": "url_citation",
    "url_citation": {"start_index": 0, "end_index": 3, "url": "https://a.b", "title": "A"},
}
_DETAILS = [
    {"type": "reasoning.text", "text": "Two and two.", "format": "x-v1", "index": 0},
    {"type": "reasoning.encrypted", "data": "abc=", "format": "x-v1", "index": 1},
]

EXAMPLES: dict[str, Example] = {
    "text": Example(
        completion(said(content="It is four.", refusal=None)),
        (
            begin(content="", refusal=None),
            piece(delta(content="It is")),
            piece(delta(content=" four.")),
            end(),
            LAST,
        ),
        text="It is four.",
    ),
    "two tool calls at once": Example(
        completion(
            said(
                "tool_calls",
                tool_calls=[
                    _call("call_a", "get_weather", '{"city": "Paris"}'),
                    _call("call_b", "get_time", "{}"),
                ],
            )
        ),
        (
            begin(),
            _calls({"index": 0, **_call("call_a", "get_weather", "")}),
            _calls({"index": 0, "function": {"arguments": '{"city"'}}),
            _calls({"index": 1, **_call("call_b", "get_time", "")}),
            _calls({"index": 0, "function": {"arguments": ': "Paris"}'}}),
            _calls({"index": 1, "function": {"arguments": "{}"}}),
            end("tool_calls"),
            LAST,
        ),
    ),
    "a text and a tool call": Example(
        completion(
            said("tool_calls", content="Let me see.", tool_calls=[_call("c1", "look", '{"a":1}')])
        ),
        (
            begin(content=""),
            piece(delta(content="Let me")),
            piece(delta(content=" see.")),
            _calls({"index": 0, **_call("c1", "look", '{"a":')}),
            _calls({"index": 0, "function": {"arguments": "1}"}}),
            end("tool_calls"),
            LAST,
        ),
        text="Let me see.",
    ),
    "the older function_call": Example(
        completion(
            said("function_call", function_call={"name": "look", "arguments": '{"a": 1}'}),
        ),
        (
            begin(),
            piece(delta(function_call={"name": "look", "arguments": ""})),
            piece(delta(function_call={"arguments": '{"a": '})),
            piece(delta(function_call={"arguments": "1}"})),
            end("function_call"),
            LAST,
        ),
    ),
    "three choices": Example(
        completion(said(content="red"), said(content="blue sky"), said("length", content="apple")),
        (
            begin(0, content=""),
            begin(2, content=""),
            begin(1, content=""),
            piece(delta(1, content="blue"), delta(0, content="red")),
            piece(delta(2, content="app")),
            end("stop", 0),
            piece(delta(2, content="le"), delta(1, content=" sky")),
            end("length", 2),
            end("stop", 1),
            LAST,
        ),
        text="red",
        outcome="incomplete",
    ),
    "logprobs": Example(
        completion(
            {
                **said(content="It is."),
                "logprobs": _words(
                    content=[_token("It", "So"), _token(" is", " was"), _token(".")]
                ),
            }
        ),
        (
            begin(content=""),
            piece(delta(content="It", logprobs=_words(content=[_token("It", "So")]))),
            piece(
                delta(
                    content=" is.",
                    logprobs=_words(content=[_token(" is", " was"), _token(".")]),
                )
            ),
            end(),
            LAST,
        ),
        text="It is.",
    ),
    "reasoning_content": Example(
        completion(said(content="Four.", reasoning_content="Two and two.")),
        (
            begin(content=None, reasoning_content=""),
            piece(delta(reasoning_content="Two ", content=None)),
            piece(delta(reasoning_content="and two.", content=None)),
            piece(delta(content="Four.", reasoning_content=None)),
            end(),
            LAST,
        ),
        text="Four.",
        reasoning="Two and two.",
    ),
    "reasoning and its details": Example(
        completion(said(content="Four.", reasoning="Two and two.", reasoning_details=_DETAILS)),
        (
            begin(content=""),
            piece(
                delta(
                    reasoning="Two ",
                    reasoning_details=[{**_DETAILS[0], "text": "Two "}],
                )
            ),
            piece(
                delta(
                    reasoning="and two.",
                    reasoning_details=[{**_DETAILS[0], "text": "and two."}],
                )
            ),
            piece(delta(reasoning_details=[_DETAILS[1]])),
            piece(delta(content="Four.")),
            end(),
            LAST,
        ),
        text="Four.",
        reasoning="Two and two.",
    ),
    "parts": Example(
        completion(
            said(
                content=[
                    {
                        "type": "thinking",
                        "thinking": [{"type": "text", "text": "Two and two."}],
                        "closed": True,
                    },
                    {"type": "text", "text": "It is four."},
                ]
            )
        ),
        (
            begin(content=""),
            piece(delta(content=[_thought := {"type": "thinking", "thinking": []}])),
            piece(delta(content=[{**_thought, "thinking": [{"type": "text", "text": "Two "}]}])),
            piece(
                delta(
                    content=[
                        {
                            **_thought,
                            "thinking": [{"type": "text", "text": "and two."}],
                            "closed": True,
                        }
                    ]
                )
            ),
            piece(delta(content="It is")),
            piece(delta(content=[{"type": "text", "text": " four."}])),
            end(),
            LAST,
        ),
        text="It is four.",
        reasoning="Two and two.",
        is_openais=False,
    ),
    "a refusal": Example(
        completion(said(refusal="I cannot do that.")),
        (
            begin(refusal=""),
            piece(delta(refusal="I cannot ")),
            piece(delta(refusal="do that.")),
            end(),
            LAST,
        ),
        text="I cannot do that.",
        outcome="refused",
    ),
    "audio": Example(
        completion(
            said(
                audio={
                    "id": "audio_1",
                    "data": "UklGRgAA",
                    "transcript": "Good day.",
                    "expires_at": 1_700_003_600,
                }
            )
        ),
        (
            begin(audio={"id": "audio_1", "transcript": "Good "}),
            piece(delta(audio={"data": "UklG"})),
            piece(delta(audio={"transcript": "day.", "data": "RgAA"})),
            piece(delta(audio={"expires_at": 1_700_003_600})),
            end(),
            LAST,
        ),
    ),
    "citations": Example(
        completion(
            said(content="It is.", annotations=[_CITATION]),
            citations=["https://a.b"],
            search_results=[{"title": "A", "url": "https://a.b"}],
        ),
        (
            begin(content=""),
            piece(delta(content="It is."), citations=["https://a.b"]),
            piece(delta(annotations=[_CITATION]), citations=["https://a.b"]),
            piece(
                delta(0, "stop"),
                citations=["https://a.b"],
                search_results=[{"title": "A", "url": "https://a.b"}],
            ),
            LAST,
        ),
        text="It is.",
    ),
    "members that nobody knows": Example(
        completion(
            {**said(content="Yes.", mood={"words": "calm, very", "level": 2}), "matched": 7},
            timings={"predicted_ms": 12.5},
            meta={"usage": {"credits_used": 500, "usd_spent": 0.00025}},
        ),
        (
            begin(content=""),
            piece(delta(content="Yes.", mood={"words": "calm, ", "level": 1})),
            piece({**delta(mood={"words": "very", "level": 2}), "matched": 7}),
            piece(delta(0, "stop"), timings={"predicted_ms": 12.5}),
            piece(usage=USAGE, meta={"usage": {"credits_used": 500, "usd_spent": 0.00025}}),
        ),
        text="Yes.",
    ),
}

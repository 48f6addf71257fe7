"""The faults by name, and the field that the argument of a name sets.

The package's docstring tells apart those that sound alike, such as ``empty`` and ``empty-text``.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from .fault import Fault

_MIB = 2**20
_HTML = "<!doctype html><html><head><title>Oops</title></head><body>An error page.</body></html>"
_EVENT_STREAM = (("content-type", "text/event-stream; charset=utf-8"),)
_HOSTILE = "\x00\x1b[2J\x1b]8;;http://x\x07 \u202ereversed $$ $\\frac{1}{$ <script> =1+1 \u2028 end"
_ANSWER = {"role": "assistant", "content": "2 + 2 = 4."}


def _complete(choices: Any, **changes: Any) -> str:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    head = {"id": "chatcmpl-fault", "object": "chat.completion", "created": 1, "model": "gpt-4o"}
    return json.dumps({**head, "choices": choices, "usage": usage, **changes})


def _choose(message: Any, finish_reason: str = "stop") -> list[dict[str, Any]]:
    return [{"index": 0, "message": message, "finish_reason": finish_reason}]


_NAN_USAGE = {"prompt_tokens": 1, "completion_tokens": math.nan, "total_tokens": math.nan}
_ERROR = '{"error": {"message": "The model failed.", "type": "server_error", "code": %s}}'
_USAGE_EVENT = (
    b'data: {"id": "chatcmpl-fault", "object": "chat.completion.chunk", "created": 1, "model": '
    b'"m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}'
    b"\n\n"
)


def _event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _piece(**choice: Any) -> bytes:
    return _event({"id": "chatcmpl-fault", "choices": [{"index": 0, **choice}]})


_BAD_TEXT_EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}\n\n'

FAULTS: Mapping[str, Fault] = {
    # Refusals
    "retry-after": Fault(status=429, headers=(("retry-after", "{argument}"),)),
    "retry-after-ms": Fault(status=429, headers=(("retry-after-ms", "{argument}"),)),
    "retry-after-date": Fault(status=429, headers=(("retry-after", "{date}"),)),
    "free-limit": Fault(status=429, message="You've reached your free limit for the hour."),
    "minute-quota": Fault(
        status=429,
        message="Rate limit reached for requests per minute. Your quota and how to raise it are "
        "described at https://example.com/quota.",
        headers=(("retry-after", "{argument}"),),
    ),
    "no-quota": Fault(
        status=429, message="You exceeded your current quota.", code="insufficient_quota"
    ),
    "no-credit": Fault(status=403, message="You've run out of credits."),
    "should-retry": Fault(status=400, headers=(("x-should-retry", "true"),)),
    "should-not-retry": Fault(status=503, headers=(("x-should-retry", "false"),)),
    "echo-key": Fault(status=401, message="Incorrect API key provided: {key}."),
    "missing-scopes": Fault(
        status=401,
        message="You have insufficient permissions for this operation. Missing scopes: "
        "api.model.read.",
        code="missing_scope",
    ),
    "detail": Fault(body='{"detail": "The prompt is too long."}'),
    "detail-list": Fault(
        body='{"detail": [{"type": "missing", "loc": ["body", "model"], "msg": "Field required"}]}'
    ),
    "error-text": Fault(body='{"error": "The model requires more memory than is there."}'),
    "error-list": Fault(body='[{"error": {"code": 400, "message": "No such field: tempo."}}]'),
    "message-only": Fault(body='{"object": "error", "message": "The prompt is too long."}'),
    "plain-text": Fault(body="upstream connect error", headers=(("content-type", "text/plain"),)),
    "html": Fault(body=_HTML, headers=(("content-type", "text/html"),)),
    "redirect": Fault(status=307, headers=(("location", "{argument}"),)),
    "redirect-loop": Fault(status=307, headers=(("location", "{url}"),)),
    # Wrong bodies
    "empty": Fault(body=""),
    "bad-json": Fault(body='{"id": "chatcmpl-fault", "choices": [{'),
    "bad-utf8": Fault(body=b'{"id": "\xff\xfe", "choices": []}'),
    "deep-json": Fault(body="[" * 200_000 + "]" * 200_000),
    "null": Fault(body="null"),
    "list": Fault(body="[]"),
    "object": Fault(body="{}"),
    "string": Fault(body='"oops"'),
    "error-in-200": Fault(body=_ERROR % "{argument}"),
    "no-choices": Fault(body='{"id": "chatcmpl-fault", "object": "chat.completion"}'),
    "wrong-choices": Fault(body=_complete("oops")),
    "empty-choices": Fault(body=_complete([])),
    "no-message": Fault(without=("message",)),
    "no-content": Fault(without=("content",)),
    "null-content": Fault(says_null=True, finish_reason="length"),
    "nan": Fault(body=_complete(_choose(_ANSWER), usage=_NAN_USAGE)),
    "wrong-type": Fault(headers=(("content-type", "{argument}"),)),
    "no-type": Fault(headers=(("content-type", ""),)),
    "gzip": Fault(compressed=True),
    "bad-gzip": Fault(headers=(("content-encoding", "gzip"),)),
    "gzip-bomb": Fault(body=b" " * _MIB, times=200, compressed=True),
    "huge-body": Fault(body=b" " * _MIB, times=100),
    "chunked": Fault(framing="chunked"),
    "small-length": Fault(headers=(("content-length", "20"),), framing="length"),
    # Other answers
    "content-filter": Fault(text="", finish_reason="content_filter"),
    "refusal": Fault(text="I cannot help with that.", refuses=True),
    "surrogate": Fault(text="A lone surrogate: \ud800."),
    "hostile-text": Fault(text=_HOSTILE),
    "unicode": Fault(text="Grüße aus Genève: 東京 🏒, e\u0301 und \u2028 weiter."),
    "null-stop": Fault(says_null=True, finish_reason="stop"),
    "empty-text": Fault(text=""),
    "finish": Fault(finish_reason="abort"),
    "choice-error": Fault(
        text="The answer begins, but", finish_reason="error", choice_error="Provider disconnected"
    ),
    "text-parts": Fault(in_parts=True),
    # Streams
    "end": Fault(shorten="50%"),
    "half-event": Fault(without=("finish", "done"), shorten=-10),
    "no-finish": Fault(without=("finish",)),
    "no-done": Fault(without=("done",)),
    "no-end": Fault(without=("finish", "done")),
    "bad-event": Fault(insert=b'data: {"choices": [oops]}\n\n'),
    "bad-utf8-event": Fault(insert=_BAD_TEXT_EVENT),
    "error-event": Fault(insert=f"data: {_ERROR % 'null'}\n\n".encode()),
    "error-text-event": Fault(insert=b'data: {"error": "The model failed."}\n\n'),
    "limit-event": Fault(insert=_event({"error": {"message": "Rate limited.", "code": 429}})),
    "comments": Fault(insert=b": a comment\n\n\n: another\r\n\r\n"),
    "usage-event": Fault(insert=_USAGE_EVENT),
    "no-delta-event": Fault(insert=_piece(finish_reason=None)),
    "null-delta-event": Fault(insert=_piece(delta=None)),
    "null-choices-event": Fault(insert=_event({"id": "chatcmpl-fault", "choices": None})),
    "no-choices-event": Fault(insert=_event({"id": "chatcmpl-fault"})),
    "ping-event": Fault(insert=b"event: ping\n" + _event({"type": "ping"})),
    "null-event": Fault(insert=_event(None)),
    "odd-content-event": Fault(insert=_piece(delta={"content": {"parts": 7}}), place="end"),
    "no-delta": Fault(without=("delta",)),
    "usage-without-choices": Fault(without=("choices",)),
    "huge-line": Fault(body=b"data: " + b"x" * _MIB, times=50, headers=_EVENT_STREAM),
    "json-for-stream": Fault(form="json"),
    "unasked-stream": Fault(form="stream"),
    "calls": Fault(calls="interleaved"),
    # Connections
    "close": Fault(cut=0),
    "reset": Fault(cut=0, then="reset"),
    "stall": Fault(cut=0, then="stall"),
    "drop": Fault(headers=(("connection", "keep-alive"), ("keep-alive", "timeout=5, max=100"))),
    "hang-up": Fault(hangs_up=True),
    "garbage": Fault(head=bytes(range(256))),
    "bad-status-line": Fault(head=b"HTTP/1.1 OK fine\r\ncontent-length: 0\r\n\r\n"),
    "huge-header": Fault(head=b"HTTP/1.1 200 OK\r\nx-huge: " + b"x" * 200_000 + b"\r\n\r\n"),
    # Time
    "slow": Fault(delay=5.0),
    "trickle-head": Fault(trickle="head", pace=0.4),
    "trickle-body": Fault(trickle="body", pace=0.4),
    "pings": Fault(body=": ping\n\n", times=10**9, pace=0.4, headers=_EVENT_STREAM),
    "split": Fault(split="50%"),
}
"""The faults by name, each as it is without an argument."""

_EVENTS = (
    "bad-event", "bad-utf8-event", "error-event", "error-text-event", "limit-event", "comments",
    "usage-event", "no-delta-event", "null-delta-event", "null-choices-event", "no-choices-event",
    "ping-event", "null-event",
)  # fmt: skip

ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "retry-after": ("argument", "2"),
    "retry-after-ms": ("argument", "1500"),
    "retry-after-date": ("seconds", "2"),
    "minute-quota": ("argument", "35"),
    "redirect": ("argument", "http://other.invalid/v1/chat/completions"),
    "html": ("status", "200"),
    "detail": ("status", "400"),
    "detail-list": ("status", "422"),
    "error-text": ("status", "500"),
    "error-list": ("status", "400"),
    "message-only": ("status", "400"),
    "plain-text": ("status", "503"),
    "error-in-200": ("argument", "null"),
    "wrong-type": ("argument", "text/plain"),
    "finish": ("finish_reason", "abort"),
    "end": ("shorten", "50%"),
    **dict.fromkeys(_EVENTS, ("place", "first")),
    "odd-content-event": ("place", "end"),
    "calls": ("calls", "interleaved"),
    "close": ("cut", "0"),
    "reset": ("cut", "0"),
    "stall": ("cut", "0"),
    "drop": ("linger", "0"),
    "hang-up": ("then", "close"),
    "slow": ("delay", "5"),
    "trickle-head": ("pace", "0.4"),
    "trickle-body": ("pace", "0.4"),
    "pings": ("pace", "0.4"),
    "split": ("split", "50%"),
}
"""The field that the argument of a name sets, and what it is by default."""

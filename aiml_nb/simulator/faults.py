"""What can go wrong with one answer: the faults by name, and the forms a script gives them in.

A fault is given as one of

- ``429``: a status from 300 to 599, with the error body of the profile and no further headers;
- ``"reset"``, ``"reset:120"``: a name from `FAULTS`, perhaps with an argument after a colon;
- ``{"status": 429, "headers": {"retry-after": "2"}, "body": "..."}``: an answer of one's own;
  with ``"fault": "NAME"`` too, it changes that named fault. Its other fields are ``message``,
  ``code``, ``text``, ``finish_reason``, ``delay``, ``cut``, ``then`` (see `Fault`);
- ``200``: no fault.

`Settings.faults` maps to such a fault, or to a list of them that the repeats of a prompt get one
after another before all goes well, the number of a chat completion (a list goes on with the
repeats of its prompt), the text of a prompt, or ``"*"``, every prompt:
``{3: 400, "What is 2+2?": [429, 429], "*": ["reset", "slow:2", 200]}``. `Settings.fault_shares`
maps a fault (a status or a name) to the share of requests that get it, drawn from the seed, the
prompt and its repeat: ``{503: 0.1, "reset:50%": 0.05}``. A script goes before the shares.

Names, with the argument they have by default if they take one::

    refusals        retry-after:2  retry-after-ms:1500  retry-after-date:2  free-limit
                    no-quota (429)  no-credit (403)  should-retry (400)  should-not-retry (503)
                    echo-key (401)  html:200
                    redirect:http://other.invalid/v1/chat/completions  redirect-loop (307)
    wrong bodies    empty  bad-json  bad-utf8  deep-json  null  list  object  string
                    error-in-200  no-choices  wrong-choices  empty-choices  null-content  nan
                    wrong-type  no-type  gzip  bad-gzip  gzip-bomb  huge-body  chunked
                    small-length
    other answers   content-filter  refusal  surrogate  hostile-text  unicode
    streams         end:50%  half-event  no-finish  no-done  no-end  bad-event  bad-utf8-event
                    error-event  error-text-event  comments  usage-event  huge-line
                    json-for-stream  unasked-stream
    connections     close:0  reset:0  stall:0  garbage  bad-status-line  huge-header
    time            slow:5  trickle-head:0.4  trickle-body:0.4  pings:0.4  split:50%

Positions count the bytes of the whole reply, status line and headers included, but for ``end``
those of the body, which is then ended as it should be. They are a number, a share (``50%``) or a
number from the end (``-10``). ``close``, ``reset`` (with a RST) and ``stall`` (silence until the
client leaves) come by default before any byte of a reply, and at once; if some of the answer gets
through, it keeps its times. Times are seconds at ``speed=1``. Statuses other than 200 are in
brackets. ``gzip-bomb`` has 200 MiB in 200 kB, ``huge-body`` 100 MiB, ``huge-line`` 50 MiB.
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
_ERROR = '{"error": {"message": "The model failed.", "type": "server_error", "code": null}}'
_USAGE_EVENT = (
    b'data: {"id": "chatcmpl-fault", "object": "chat.completion.chunk", "created": 1, "model": '
    b'"m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}'
    b"\n\n"
)
_BAD_TEXT_EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}\n\n'

FAULTS: Mapping[str, Fault] = {
    # Refusals
    "retry-after": Fault(status=429, headers=(("retry-after", "{argument}"),)),
    "retry-after-ms": Fault(status=429, headers=(("retry-after-ms", "{argument}"),)),
    "retry-after-date": Fault(status=429, headers=(("retry-after", "{date}"),)),
    "free-limit": Fault(status=429, message="You've reached your free limit for the hour."),
    "no-quota": Fault(
        status=429, message="You exceeded your current quota.", code="insufficient_quota"
    ),
    "no-credit": Fault(status=403, message="You've run out of credits."),
    "should-retry": Fault(status=400, headers=(("x-should-retry", "true"),)),
    "should-not-retry": Fault(status=503, headers=(("x-should-retry", "false"),)),
    "echo-key": Fault(status=401, message="Incorrect API key provided: {key}."),
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
    "error-in-200": Fault(body=_ERROR),
    "no-choices": Fault(body='{"id": "chatcmpl-fault", "object": "chat.completion"}'),
    "wrong-choices": Fault(body=_complete("oops")),
    "empty-choices": Fault(body=_complete([])),
    "null-content": Fault(says_null=True, finish_reason="length"),
    "nan": Fault(body=_complete(_choose(_ANSWER), usage=_NAN_USAGE)),
    "wrong-type": Fault(headers=(("content-type", "text/plain"),)),
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
    # Streams
    "end": Fault(shorten="50%"),
    "half-event": Fault(without=("finish", "done"), shorten=-10),
    "no-finish": Fault(without=("finish",)),
    "no-done": Fault(without=("done",)),
    "no-end": Fault(without=("finish", "done")),
    "bad-event": Fault(insert=b'data: {"choices": [oops]}\n\n'),
    "bad-utf8-event": Fault(insert=_BAD_TEXT_EVENT),
    "error-event": Fault(insert=f"data: {_ERROR}\n\n".encode()),
    "error-text-event": Fault(insert=b'data: {"error": "The model failed."}\n\n'),
    "comments": Fault(insert=b": a comment\n\n\n: another\r\n\r\n"),
    "usage-event": Fault(insert=_USAGE_EVENT),
    "huge-line": Fault(body=b"data: " + b"x" * _MIB, times=50, headers=_EVENT_STREAM),
    "json-for-stream": Fault(form="json"),
    "unasked-stream": Fault(form="stream"),
    # Connections
    "close": Fault(cut=0),
    "reset": Fault(cut=0, then="reset"),
    "stall": Fault(cut=0, then="stall"),
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

ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "retry-after": ("argument", "2"),
    "retry-after-ms": ("argument", "1500"),
    "retry-after-date": ("seconds", "2"),
    "redirect": ("argument", "http://other.invalid/v1/chat/completions"),
    "html": ("status", "200"),
    "end": ("shorten", "50%"),
    "close": ("cut", "0"),
    "reset": ("cut", "0"),
    "stall": ("cut", "0"),
    "slow": ("delay", "5"),
    "trickle-head": ("pace", "0.4"),
    "trickle-body": ("pace", "0.4"),
    "pings": ("pace", "0.4"),
    "split": ("split", "50%"),
}
"""The field that the argument of a name sets, and what it is by default."""

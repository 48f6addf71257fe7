"""The words, the code and the hint of a refusal, whatever shape it comes in; sync equals async."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from email.utils import formatdate
from time import time
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.failures import Failure, explain_failure

from ..raw_server import JSON_HEAD, SSE_HEAD, raw_server
from ..rows import exhaustive, in_turn
from .conftest import run_skipping

STRATEGIES = ("sequential", "gather")
KEY = "sk-test-0123456789abcdef"


def reply(body: Any, status: int = 400, kind: str = "application/json", head: str = "") -> bytes:
    """Make a whole reply; what is neither text nor bytes becomes JSON."""
    data = body if isinstance(body, bytes) else (_dump(body)).encode()
    top = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n{head}"
    return f"{top}content-length: {len(data)}\r\n\r\n".encode() + data


def _dump(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def connect(base_url: str) -> nb.Endpoint:
    """Connect to a server that is known to have the model, so that no refusal is an obstacle."""
    endpoint = nb.connect(base_url=base_url, api_key=KEY, model="m", verbose=False)
    endpoint.known.models.add("m")
    return endpoint


def fail(answer: bytes, strategy: str, *, stream: bool = False, attempts: int = 1) -> nb.Call:
    """Make one call that is answered so, whatever is asked."""
    with raw_server(answer) as server:
        run = run_skipping(
            ["Who?"],
            connect(server.base_url),
            strategy=strategy,
            stream=stream,
            max_attempts=attempts,
            journal=False,
        )
    return run.calls[0]


def failures(answer: bytes) -> list[Failure]:
    """Return what the blocking and the async client's exceptions mean."""
    with raw_server(answer) as server:
        endpoint = connect(server.base_url)

        async def post() -> Failure:
            async with endpoint.open_async() as client:
                with pytest.raises(Exception) as caught:  # noqa: PT011
                    await client.post("/chat/completions", body={}, cast_to=object)
            return explain_failure(caught.value)

        with endpoint.open() as client, pytest.raises(Exception) as caught:  # noqa: PT011
            client.post("/chat/completions", body={}, cast_to=object)
        return [explain_failure(caught.value), asyncio.run(post())]


@dataclass(frozen=True)
class Shape:
    """The body of a refusal, what of it is to be read in the record, and its code."""

    name: str
    body: Any
    words: str | tuple[str, ...]
    code: str | None = None
    status: int = 400
    kind: str = "application/json"


_LOC = {"loc": ["body", "max_tokens"], "msg": "Input should be a valid integer", "type": "int"}
_NGINX = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
    "Gateway</h1></center>\r\n<hr><center>nginx/1.25</center>\r\n</body>\r\n</html>"
)
_PAGE = (
    "<!DOCTYPE html><html><head><style>p {color: red}</style><title>Just a moment…</title>"
    "<script>var x = '<b>no</b>'</script></head><body><!-- ray --><h1>Sorry,</h1><p>you have been "
    "<b>blocked</b> &amp; logged</p></body></html>"
)
SHAPES = [
    Shape(
        "openai",
        {
            "error": {
                "message": "You exceeded your current quota.",
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
        "You exceeded your current quota.",
        "insufficient_quota",
        429,
    ),
    Shape(
        "openai-type-alone",
        {"error": {"message": "Overloaded.", "type": "server_error", "code": None}},
        "Overloaded.",
        "server_error",
        503,
    ),
    Shape("fastapi-detail", {"detail": "too long"}, "too long"),
    Shape(
        "fastapi-fields",
        {"detail": [_LOC, {"loc": ["body", "n"], "msg": "Field required", "type": "missing"}]},
        ("body.max_tokens: Input should be a valid integer", "body.n: Field required"),
        "int",
        422,
    ),
    Shape("fastapi-object", {"detail": {"error": "no slot is free"}}, "no slot is free"),
    Shape("error-text", {"error": "model needs memory"}, "model needs memory", None, 500),
    Shape("message", {"message": "Forbidden for you"}, "Forbidden for you", None, 403),
    Shape("message-list", {"statusCode": 400, "message": ["a is wrong", "b is"]}, "a is wrong; b"),
    Shape("nested", {"error": {"error": {"message": "deep down"}}}, "deep down"),
    Shape("text-in-detail-in-error", {"error": {"detail": "inside"}}, "inside"),
    Shape(
        "mistral",
        {"object": "error", "message": {"detail": [_LOC]}, "type": "invalid_request_error"},
        "valid integer",
        "invalid_request_error",
    ),
    Shape(
        "problem",
        {
            "type": "https://example.com/probs/credit",
            "title": "You do not have enough credit.",
            "detail": "Your balance is 30, but that costs 50.",
            "status": 403,
        },
        "You do not have enough credit.: Your balance is 30, but that costs 50.",
        None,
        403,
        "application/problem+json",
    ),
    Shape(
        "problem-of-fields",
        {"title": "Invalid.", "status": 400, "errors": {"n": ["The n field is required."]}},
        "Invalid.: n: The n field is required.",
    ),
    Shape(
        "aimlapi",
        {
            "message": "You've run out of credits.",
            "path": "/v1/chat/completions",
            "requestId": "r-1",
            "statusCode": 403,
            "timestamp": "2026-08-01T00:00:00Z",
        },
        "You've run out of credits.",
        None,
        403,
    ),
    Shape(
        "aimlapi-problem",
        {
            "title": "Bad Request",
            "status": 400,
            "message": "Body validation error",
            "requestId": "r-1",
            "error": {"name": "BadRequestException", "message": "Body validation error"},
        },
        "Body validation error",
    ),
    Shape(
        "azure",
        {
            "error": {
                "code": "content_filter",
                "message": "The response was filtered",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        "The response was filtered",
        "content_filter",
    ),
    Shape(
        "azure-status-as-code",
        {"error": {"code": "429", "message": "Exceeded the token rate limit."}},
        "Exceeded the token rate limit.",
        None,
        429,
    ),
    Shape(
        "google",
        [{"error": {"code": 429, "message": "Quota used.", "status": "RESOURCE_EXHAUSTED"}}],
        "Quota used.",
        "RESOURCE_EXHAUSTED",
        429,
    ),
    Shape(
        "anthropic",
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"},
            "request_id": "req_1",
        },
        "Overloaded",
        "overloaded_error",
        529,
    ),
    Shape(
        "llama-cpp",
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        "Loading model",
        "unavailable_error",
        503,
    ),
    Shape(
        "vllm",
        {
            "object": "error",
            "message": "maximum context length is 4096",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        "maximum context length is 4096",
        "BadRequestError",
    ),
    Shape(
        "tgi",
        {"error": "Model is overloaded", "error_type": "overloaded"},
        "Model is overloaded",
        "overloaded",
        429,
    ),
    Shape(
        "openrouter",
        {
            "error": {
                "message": "Provider returned error",
                "code": 429,
                "metadata": {"raw": '{"error": {"message": "m is limited upstream"}}'},
            }
        },
        "Provider returned error: m is limited upstream",
        None,
        429,
    ),
    Shape(
        "oauth",
        {"error": "invalid_token", "error_description": "The token expired"},
        "The token expired",
        "invalid_token",
        401,
    ),
    Shape(
        "cloudflare",
        {"success": False, "errors": [{"code": 7003, "message": "No route"}], "result": None},
        "No route",
        "7003",
    ),
    Shape(
        "aws",
        {"__type": "ThrottlingException", "message": "Too many tokens"},
        "Too many tokens",
        "ThrottlingException",
        429,
    ),
    Shape(
        "apigee",
        {"fault": {"faultstring": "Rate limit", "detail": {"errorcode": "policies.Quota"}}},
        "Rate limit",
        "policies.Quota",
        429,
    ),
    Shape(
        "spring",
        {"timestamp": 1, "status": 500, "error": "Internal Server Error", "path": "/v1"},
        "Internal Server Error",
        None,
        500,
    ),
    Shape("json-in-text", {"detail": '{"error": {"message": "told on"}}'}, "told on"),
    Shape("json-in-json-in-text", {"error": '{"detail": "[{\\"msg\\": \\"deep\\"}]"}'}, "deep"),
    Shape("brackets", {"error": "[model m] is not loaded"}, "[model m] is not loaded"),
    Shape("braces", {"error": "{n} is wrong"}, "{n} is wrong"),
    Shape("number-in-brackets", {"error": "[404] not here"}, "[404] not here"),
    Shape("lines", '{"error": "first"}\n{"error": "second"}\n', "first", "first"),
    Shape(
        "event",
        'data: {"error": {"message": "late", "type": "e_type"}}\n\ndata: [DONE]\n\n',
        "late",
        "e_type",
        kind="text/event-stream",
    ),
    Shape("named-event", 'event: error\ndata: {"detail": "late"}\n\n', "late"),
    Shape("event-of-text", "event: error\ndata: gone\n\n", "gone", kind="text/event-stream"),
    Shape("error-list", {"error": ["`n` is wrong", "`m` is too"]}, "`n` is wrong; `m` is too"),
    Shape("unknown-label", {"reason": "no capacity"}, '{"reason": "no capacity"}'),
    Shape("no-words", {"error": {"message": None, "kind": "e1"}}, '"kind": "e1"'),
    Shape("number", "17", "17"),
    Shape("json-text", '"just text"', "just text"),
    Shape("wrong-label-json", {"detail": "labelled wrongly"}, "labelled wrongly", kind="text/html"),
    Shape("byte-order-mark", b'\xef\xbb\xbf{"detail": "marked"}', "marked"),
    Shape("text", "upstream request timeout\n\n", "upstream request timeout", kind="text/plain"),
    Shape("half-json", '{"error": {"message": "cut o', 'error": {"message": "cut o'),
    Shape("nginx", _NGINX, "502 Bad Gateway nginx/1.25", None, 502, "text/html"),
    Shape("page", _PAGE, "Just a moment…: Sorry, you have been blocked & logged", kind="text/html"),
    Shape("xml", "<?xml version='1.0'?><Error><Code>No</Code></Error>", "No", kind="text/xml"),
    Shape("empty", "", "status 503 (Service Unavailable), without a word", None, 503),
    Shape("empty-object", "{}", "status 400 (Bad Request), without a word"),
    Shape("unknown-status", "", "status 460, without a word", None, 460),
    Shape("title-alone", {"title": "Overloaded", "status": 503}, "Overloaded", None, 503),
    Shape(
        "too-many-members",
        {"error": {"error": [[[]]] * 100_000}},
        '{"error": {"error": [[[]], [[]]',
    ),
    Shape("too-large", {"error": "x" * 2**20}, '{"error": "xxxx'),
    Shape("bad-bytes", b"\xff\xfe oops", "oops", kind="text/plain"),
    Shape("deep", "[" * 100_000, "[[[["),
]


@pytest.mark.parametrize(
    ("shape", "strategy", "stream"),
    in_turn(SHAPES, STRATEGIES, (False, True)),
    ids=lambda value: value.name if isinstance(value, Shape) else None,
)
def test_the_servers_own_words_are_kept(shape: Shape, strategy: str, stream: bool) -> None:
    call = fail(reply(shape.body, shape.status, shape.kind), strategy, stream=stream)

    assert (call.outcome, call.error_type) == ("error", str(shape.status))
    assert call.error is not None
    for words in [shape.words] if isinstance(shape.words, str) else shape.words:
        assert words in call.error
    assert "Error code" not in call.error
    assert "<" not in call.error
    assert len(call.error) <= 300


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_servers_own_code_is_read(shape: Shape) -> None:
    found = failures(reply(shape.body, shape.status, shape.kind))

    assert [failure.code for failure in found] == [shape.code] * 2


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "charset", ["utf-8", "nonsense", "utf-16", "hex", "zip", "rot13", "idna", "undefined", ""]
)
def test_a_label_that_no_text_can_be_read_by_loses_nothing(
    charset: str, stream: bool, strategy: str
) -> None:
    body = '{"detail": "Grüße"}'.encode()

    call = fail(reply(body, 400, f"application/json; charset={charset}"), strategy, stream=stream)

    assert (call.error_type, call.error) == ("400", "Grüße")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_label_that_is_right_is_read_by(strategy: str) -> None:
    call = fail(reply("Grüße".encode("latin-1"), 400, "text/plain; charset=latin-1"), strategy)

    assert call.error == "Grüße"


@pytest.mark.parametrize("strategy", STRATEGIES)
class TestLongWords:
    def test_are_cut_between_words(self, strategy: str) -> None:
        call = fail(reply({"detail": "seven by seven " * 100}), strategy)

        assert call.error is not None
        assert 250 < len(call.error) <= 300
        assert call.error.endswith(("seven …", "by …"))

    def test_without_blanks_are_cut_where_they_are_full(self, strategy: str) -> None:
        call = fail(reply({"error": "x" * 5000}), strategy)

        assert call.error == "x" * 298 + " …"

    @pytest.mark.parametrize("before", [0, 280, 290, 295, 299, 11_990])
    @pytest.mark.parametrize("wrap", ["{}", '{{"error": "{}"}}', "<html><p>{}</p>"])
    def test_hold_no_part_of_the_key(self, strategy: str, before: int, wrap: str) -> None:
        call = fail(reply(wrap.format(f"{'y' * before} {KEY} is wrong")), strategy)

        assert call.error is not None
        assert KEY[:9] not in call.error
        assert ("[key]" in call.error) or before >= 280

    def test_are_one_line(self, strategy: str) -> None:
        call = fail(reply({"error": "1 error\n  for n:\r\n\tless\u2028than 1"}), strategy)

        assert call.error == "1 error for n: less than 1"


def sse(*events: str) -> bytes:
    return SSE_HEAD + "".join(f"{event}\n\n" for event in events).encode()


_PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "Half"}}]}'
IN_STREAMS = [
    ('data: {"error": {"message": "out of memory"}}', "stream", "out of memory"),
    ('data: {"error": "out of memory"}', "stream", "out of memory"),
    ('data: {"error": {"error": {"message": "out of memory"}}}', "stream", "out of memory"),
    ('data: {"error": {"code": 429, "message": "slow down"}}', "429", "slow down"),
    ('data: {"error": {"code": "429", "message": "slow down"}}', "429", "slow down"),
    ('data: {"error": {"message": "slow down", "status": 429}}', "429", "slow down"),
    ('data: {"error": {"message": "broken", "statusCode": 502}}', "502", "broken"),
    ('data: {"detail": "out of memory"}', "stream", "out of memory"),
    ('data: {"detail": "slow down", "status_code": 429}', "429", "slow down"),
    ('data: {"object": "error", "message": "too long", "code": 400}', "400", "too long"),
    ('data: {"message": "No credits.", "statusCode": 403}', "403", "No credits."),
    ('event: error\ndata: {"message": "out of memory"}', "stream", "out of memory"),
    (
        'event: error\ndata: {"type": "error", "error": {"type": "e", "message": "Overloaded"}}',
        "stream",
        "Overloaded",
    ),
    ('data: [{"error": {"code": 503, "message": "busy"}}]', "503", "busy"),
    ('data: {"error": {"type": "overloaded_error", "message": "Overloaded"}}', "529", "Overloaded"),
    ('data: {"error": {"message": "slow down"}, "status": 429}', "429", "slow down"),
    ('data: {"error": "slow down", "statusCode": 429}', "429", "slow down"),
    ('data: {"choices": [], "error": {"code": 502, "message": "gone"}}', "502", "gone"),
    ('error: {"code": 500, "message": "no slot", "type": "server_error"}', "500", "no slot"),
    ("data: upstream exploded", "bad_response", "upstream exploded"),
    ("event: error\ndata: upstream exploded", "bad_response", "upstream exploded"),
]


@pytest.mark.parametrize(
    ("row", "strategy", "begun"), in_turn(IN_STREAMS, STRATEGIES, (False, True))
)
def test_an_error_in_a_stream_has_its_words_and_its_status(
    row: tuple[str, str, str], begun: bool, strategy: str
) -> None:
    event, error_type, words = row
    call = fail(sse(*[_PIECE] * begun, event), strategy, stream=True)

    assert (call.outcome, call.error_type) == ("error", error_type)
    assert words in (call.error or "")
    assert call.text == "Half" * begun
    assert call.attempts[-1].status == (int(error_type) if error_type.isdigit() else 200)
    assert call.attempts[-1].possibly_billed or not begun


IN_200 = [
    ({"error": {"code": 429, "message": "slow down"}}, "429", "slow down"),
    ({"error": {"code": "429", "message": "slow down"}}, "429", "slow down"),
    ({"error": {"status": 429, "message": "slow down"}}, "429", "slow down"),
    ({"error": {"message": "slow down"}, "status": 429}, "429", "slow down"),
    ({"error": {"message": "slow"}, "status": "429 Too Many Requests"}, "429", "slow"),
    ({"statusCode": 429, "message": "Too Many Requests", "requestId": "r"}, "429", "Too Many"),
    ({"title": "Too many", "status": 429, "error": {"name": "E", "message": "m"}}, "429", "m"),
    ({"error": {"code": 503, "message": "busy"}, "choices": []}, "503", "busy"),
    ({"error": {"code": 503, "message": "busy"}, "choices": None}, "503", "busy"),
    ([{"error": {"code": 400, "message": "bad"}}], "400", "bad"),
    ({"object": "error", "message": "too long", "code": 400}, "400", "too long"),
    ({"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, "429", "slow down"),
    ({"error": {"message": "The model failed.", "code": None}}, "bad_response", "The model failed"),
    ({"error": {"message": "m", "code": 1302}}, "bad_response", "m"),
    ({"detail": "too long"}, "bad_response", "too long"),
    ({"base_resp": {"status_code": 1002, "status_msg": "limited"}}, "bad_response", "limited"),
]


@pytest.mark.parametrize(("row", "strategy", "stream"), in_turn(IN_200, STRATEGIES, (False, True)))
def test_an_error_with_a_good_status_is_the_status_that_it_names(
    row: tuple[Any, str, str], stream: bool, strategy: str
) -> None:
    body, error_type, words = row
    call = fail(JSON_HEAD + json.dumps(body).encode(), strategy, stream=stream)

    assert (call.outcome, call.error_type) == ("error", error_type)
    assert words in (call.error or "")
    assert call.attempts[-1].status == (int(error_type) if error_type.isdigit() else 200)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("status", [429, 503])
def test_an_error_with_a_good_status_is_tried_again_as_that_status_is(
    status: int, stream: bool, strategy: str
) -> None:
    body = json.dumps({"error": {"code": status, "message": "later"}}).encode()

    call = fail(JSON_HEAD + body, strategy, stream=stream, attempts=3)

    assert call.error_type == str(status)
    assert len(call.attempts) > 1
    assert {attempt.status for attempt in call.attempts} == {status}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_page_in_place_of_an_answer_is_told_by_its_words(strategy: str) -> None:
    call = fail(reply(_PAGE, 200, "text/html"), strategy)

    assert call.error_type == "bad_response"
    assert "Just a moment…: Sorry, you have been blocked" in (call.error or "")


def hint_of(body: Any = "", head: str = "", status: int = 429) -> float | None:
    found = {failure.retry_after for failure in failures(reply(body, status, head=head))}
    assert len(found) == 1
    return found.pop()


class TestHints:
    @pytest.mark.parametrize(
        ("head", "seconds"),
        [
            ("retry-after: 35", 35),
            ("retry-after: 0", 0),
            ("retry-after: 1.5", 1.5),
            ("retry-after: 35s", 35),
            ("retry-after-ms: 2500", 2.5),
            ("retry-after-ms: 2500\r\nretry-after: 60", 2.5),
            ("retry-after-ms: soon\r\nretry-after: 60", 60),
            ("x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 6m0s", 360),
            ("x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 7.66s", 7.66),
            ("x-ratelimit-remaining-tokens: 9\r\nx-ratelimit-reset-tokens: 7.66s", None),
            ("x-ratelimit-remaining-tokens-minute: 0\r\nx-ratelimit-reset-tokens-minute: 9.5", 9.5),
            ("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 12", 12),
            ("x-ratelimit-reset-requests: 1m4s", 64),
            ("RateLimit-Reset: 12", 12),
            ("x-rate-limit-reset: 12", 12),
            ("x-ratelimit-reset-after: 1.5", 1.5),
            ("x-ratelimit-remaining: 3\r\nx-ratelimit-reset: 12", None),
            ("retry-after: -5", None),
            ("x-ms-retry-after-ms: 900", 0.9),
            ("x-ratelimit-retry-after: 9", 9),
            ("retry-after: nan", None),
            ("retry-after: inf", None),
            ("retry-after: 1e300", None),
            ("retry-after: 99999999", None),
            ("retry-after: tomorrow", None),
            ("retry-after: Wed, 21 Oct 2015 07:28:00 GMT", 0),
            ("retry-after: Wed, 21 Oct 9999 07:28:00 GMT", None),
        ],
    )
    def test_are_read_from_headers(self, head: str, seconds: float | None) -> None:
        assert hint_of(head=f"{head}\r\n") == seconds

    @pytest.mark.parametrize(
        "when", [lambda at: formatdate(at, usegmt=True), lambda at: str(int(at))]
    )
    def test_may_be_moments(self, when: Any) -> None:
        for failure in failures(reply("", 429, head=f"retry-after: {when(time() + 40)}\r\n")):
            assert 35 < (failure.retry_after or 0) <= 41

    @pytest.mark.parametrize(
        ("body", "seconds"),
        [
            ([{"error": {"code": 429, "details": [{"@type": "x"}, {"retryDelay": "35s"}]}}], 35),
            ({"error": {"details": [{"retryDelay": "1.5s"}]}}, 1.5),
            ({"error": {"details": [{"retryDelay": {"seconds": 7}}]}}, 7),
            ({"retry_after": 20}, 20),
            ({"retryAfter": "PT1M30S"}, 90),
            ({"error": {"retry_after": "20"}}, 20),
            ({"retry_after_ms": 1500, "retry_after": 60}, 1.5),
            ({"error": {"retryAfterMs": 250}}, 0.25),
            ({"error": "Model m is loading", "estimated_time": 20.5}, 20.5),
            ({"error": {"metadata": {"headers": {"Retry-After": "9"}}}}, 9),
            ({"error": {"resets_in_seconds": 77}}, 77),
            ({"retry_after": -1}, None),
            ({"retry_after": True}, None),
            ({"retry_after": None}, None),
            ({"retry_after": 1e12}, None),
            ({"retry_after": [3]}, None),
            ({"detail": [{"msg": "m", "input": {"retry_after": 9}}]}, None),
        ],
    )
    def test_are_read_from_fields(self, body: Any, seconds: float | None) -> None:
        assert hint_of(body) == seconds

    @pytest.mark.parametrize(
        ("words", "seconds"),
        [
            ("Rate limit reached. Please try again in 7.2s. Visit our page for 30s.", 7.2),
            ("Please try again in 1m30s.", 90),
            ("Try again in 6m0s", 360),
            ("Please try again in 20ms.", 0.02),
            ("come back in 58 s", 58),
            ("Please retry after 20 seconds.", 20),
            ("Try again in 2 minutes", 120),
            ("Please retry in 35.5s.", 35.5),
            ("Please wait 30 seconds before retrying", 30),
            ("Wait for at least 1 minute and 30 seconds.", 90),
            ("Your quota will reset after 0h10m3s.", 603),
            ("The limit resets in about 3 hours", 10_800),
            ("Try again in a minute.", 60),
            ("Please wait 1,5 seconds", 1.5),
            ("Wait 1,500 ms", 1.5),
            ("The next slot is available in 5 seconds", 5),
            ("Retry after 2015-10-21T07:28:00Z", 0),
            ("Retry after 12:30", None),
            ("Please retry in less than 5 minutes.", 300),
            ("Try again in 850 milliseconds", 0.85),
            ("RETRY YOUR REQUEST AFTER 5 SECS", 5),
            ("429, Retry-After: 35", 35),
            ('upstream said "retryDelay": "35s"', 35),
            ("try again later", None),
            ("try again in a few seconds", None),
            ("500 requests in 60 seconds are allowed", None),
            ("try 3 times in 60 seconds", None),
            ("connection reset after 30 seconds", None),
            ("the request timed out after 30 seconds", None),
            ("failed again after 30 seconds", None),
            ("retry after 3 attempts", None),
            ("try again in -5 seconds", None),
            ("try again in 99999999 hours", None),
        ],
    )
    @pytest.mark.parametrize("wrap", [None, exhaustive("error"), exhaustive("detail")])
    def test_are_read_from_words(self, words: str, seconds: float | None, wrap: str | None) -> None:
        assert hint_of({wrap: words} if wrap else words) == pytest.approx(seconds)

    def test_what_is_asked_for_comes_before_when_a_limit_is_reset(self) -> None:
        reset = "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 6m0s\r\n"

        assert hint_of({"error": {"message": "Please try again in 120ms."}}, reset) == 0.12

    def test_a_limit_of_which_nothing_is_known_to_be_used_up_holds_nobody_up(self) -> None:
        assert hint_of(head="x-ratelimit-reset: 3600\r\n", status=503) is None

    @pytest.mark.parametrize("status", [500, 503, 529])
    def test_are_read_whatever_the_status(self, status: int) -> None:
        assert hint_of({"error": "Try again in 9 s"}, status=status) == 9

    @pytest.mark.parametrize(
        "words",
        [" " * 60_000, "try again in " * 9000, "retry after " + "1" * 60_000, "wait " * 9000],
    )
    def test_no_words_keep_it_busy_for_ever(self, words: str) -> None:
        assert hint_of({"error": f"wait{words}", "retry_after": words}) is None


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("error", [{"retry_after": 9}, {"message": "Try again in 9 s"}])
def test_a_hint_in_an_error_with_a_good_status_is_waited_for(
    error: dict[str, Any], stream: bool, strategy: str
) -> None:
    body = json.dumps({"error": {"code": 429, **error}})
    answer = sse(f"data: {body}") if stream else JSON_HEAD + body.encode()

    call = fail(answer, strategy, stream=stream, attempts=3)

    assert len(call.attempts) > 1
    assert call.attempts[1].backoff_time == pytest.approx(9, abs=0.5)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_the_headers_of_an_error_with_a_good_status_are_read(
    kind: str, stream: bool, strategy: str
) -> None:
    error = json.dumps({"error": {"code": 429, "message": "slow down"}})
    body = f"data: {error}\n\n" if "stream" in kind else error
    answer = reply(body, 200, kind, head="retry-after: 9\r\nx-request-id: r-1\r\n")

    call = fail(answer, strategy, stream=stream, attempts=3)

    assert call.error_type == "429"
    assert {attempt.request_id for attempt in call.attempts} == {"r-1"}
    assert call.attempts[1].backoff_time == pytest.approx(9, abs=0.5)

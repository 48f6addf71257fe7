from __future__ import annotations

import gzip
import json
import re
import time
import zlib
from email.utils import parsedate_to_datetime

import pytest

from aiml_nb.simulator import Arrival, Settings, SettingsError, faults, scenario, simulate
from aiml_nb.simulator.faults import ARGUMENTS, FAULTS

from ..caller import SHORT, write_body
from ..raw import ask_raw

MIB = 2**20
GOOD = "2 + 2 = 4."


def error(reply):
    return json.loads(reply.body)["error"]


def events(reply):
    """The events as they came, the last one perhaps cut."""
    return reply.body.split(b"\n\n")


def event(reply, place):
    return json.loads(events(reply)[place].rpartition(b"data: ")[2])


def choice(reply):
    return json.loads(reply.body)["choices"][0]


# What a client that reads bytes sees of each fault, asked without a stream, and with one.
PLAIN = {
    "retry-after": lambda r: (r.status, r.headers["retry-after"]) == (429, "2"),
    "retry-after-ms": lambda r: (r.status, r.headers["retry-after-ms"]) == (429, "1500"),
    "retry-after-date": lambda r: (
        0 < parsedate_to_datetime(r.headers["retry-after"]).timestamp() - time.time() + 1 < 4
    ),
    "free-limit": lambda r: r.status == 429 and "for the hour" in error(r)["message"],
    "no-quota": lambda r: r.status == 429 and error(r)["code"] == "insufficient_quota",
    "no-credit": lambda r: r.status == 403 and "credits" in error(r)["message"],
    "should-retry": lambda r: (r.status, r.headers["x-should-retry"]) == (400, "true"),
    "should-not-retry": lambda r: (r.status, r.headers["x-should-retry"]) == (503, "false"),
    "echo-key": lambda r: r.status == 401 and "sim-" in error(r)["message"],
    "minute-quota": lambda r: (
        (r.status, r.headers["retry-after"]) == (429, "35") and "quota" in error(r)["message"]
    ),
    "missing-scopes": lambda r: r.status == 401 and "Missing scopes" in error(r)["message"],
    "detail": lambda r: r.status == 400 and list(json.loads(r.body)) == ["detail"],
    "detail-list": lambda r: r.status == 422 and json.loads(r.body)["detail"][0]["msg"],
    "error-text": lambda r: r.status == 500 and "memory" in error(r),
    "error-list": lambda r: r.status == 400 and json.loads(r.body)[0]["error"]["message"],
    "message-only": lambda r: r.status == 400 and "too long" in json.loads(r.body)["message"],
    "plain-text": lambda r: r.status == 503 and r.body == b"upstream connect error",
    "html": lambda r: r.headers["content-type"] == "text/html" and b"<html>" in r.body,
    "redirect": lambda r: r.status == 307 and "other.invalid" in r.headers["location"],
    "redirect-loop": lambda r: r.headers["location"].endswith("/v1/chat/completions"),
    "empty": lambda r: r.status == 200 and r.body == b"",
    "bad-json": lambda r: r.status == 200 and r.body.endswith(b"[{"),
    "bad-utf8": lambda r: b"\xff\xfe" in r.body,
    "deep-json": lambda r: r.body == b"[" * 200_000 + b"]" * 200_000,
    "null": lambda r: json.loads(r.body) is None,
    "list": lambda r: json.loads(r.body) == [],
    "object": lambda r: json.loads(r.body) == {},
    "string": lambda r: json.loads(r.body) == "oops",
    "error-in-200": lambda r: r.status == 200 and error(r),
    "no-choices": lambda r: "choices" not in json.loads(r.body),
    "wrong-choices": lambda r: json.loads(r.body)["choices"] == "oops",
    "empty-choices": lambda r: json.loads(r.body)["choices"] == [],
    "null-content": lambda r: (
        (choice(r)["message"]["content"], choice(r)["finish_reason"]) == (None, "length")
    ),
    "nan": lambda r: b"NaN" in r.body and choice(r)["message"]["content"] == GOOD,
    "wrong-type": lambda r: r.headers["content-type"] == "text/plain" and json.loads(r.body),
    "no-type": lambda r: "content-type" not in r.headers and json.loads(r.body),
    "gzip": lambda r: GOOD.encode() in gzip.decompress(r.body),
    "bad-gzip": lambda r: r.headers["content-encoding"] == "gzip" and json.loads(r.body),
    "gzip-bomb": lambda r: len(r.body) < MIB and count_unpacked(r.body) == 200 * MIB,
    "huge-body": lambda r: len(r.body) == 100 * MIB == int(r.headers["content-length"]),
    "chunked": lambda r: "transfer-encoding" in r.headers and r.text == GOOD,
    "small-length": lambda r: r.headers["content-length"] == "20" and len(r.body) > 20,
    "content-filter": lambda r: choice(r)["finish_reason"] == "content_filter",
    "refusal": lambda r: choice(r)["message"]["refusal"] and not choice(r)["message"]["content"],
    "no-message": lambda r: "message" not in choice(r) and choice(r)["finish_reason"] == "stop",
    "no-content": lambda r: set(choice(r)["message"]) == {"role", "refusal", "annotations"},
    "null-stop": lambda r: (
        choice(r)["message"]["content"] is None and choice(r)["finish_reason"] == "stop"
    ),
    "empty-text": lambda r: (r.text, choice(r)["finish_reason"]) == ("", "stop"),
    "finish": lambda r: (r.text, choice(r)["finish_reason"]) == (GOOD, "abort"),
    "choice-error": lambda r: (
        choice(r)["finish_reason"] == "error"
        and choice(r)["error"] == {"message": "Provider disconnected", "code": 502}
        and r.text == "The answer begins, but"
    ),
    "text-parts": lambda r: (
        [part["type"] for part in choice(r)["message"]["content"]] == ["text", "text"]
        and "".join(part["text"] for part in choice(r)["message"]["content"]) == GOOD
    ),
    "drop": lambda r: r.text == GOOD and r.headers["connection"] == "keep-alive",
    "hang-up": lambda r: r.text == GOOD,
    "surrogate": lambda r: "\ud800" in r.text and b"\\ud800" in r.body,
    "hostile-text": lambda r: {"\x00", "\x1b", "\u202e", "\u2028"} < set(r.text),
    "unicode": lambda r: "🏒".encode() in r.body and "Grüße" in r.text,
    "end": lambda r: len(r.body) == int(r.headers["content-length"]) and not is_json(r.body),
    "json-for-stream": lambda r: r.text == GOOD,
    "unasked-stream": lambda r: events(r)[-2] == b"data: [DONE]" and r.text == GOOD,
    "huge-line": lambda r: len(r.body) > 50 * MIB and b"\n" not in r.body,
    "close": lambda r: r.data == b"",
    "reset": lambda r: r.data == b"",
    "stall": lambda r: r.data == b"",
    "garbage": lambda r: r.data == bytes(range(256)),
    "bad-status-line": lambda r: r.data.startswith(b"HTTP/1.1 OK"),
    "huge-header": lambda r: len(r.headers["x-huge"]) == 200_000,
    "slow": lambda r: r.seconds > 5 / 20 and r.text == GOOD,
    "trickle-head": lambda r: 0 < len(r.data) < 100,
    "trickle-body": lambda r: 0 < len(r.body) < 100,
    "pings": lambda r: 1 < len(r.chunks) < 100 and set(r.chunks) == {b": ping\n\n"},
    "split": lambda r: r.text == GOOD,
}
STREAMED = {
    "null-content": lambda r: r.text == "" and b'"finish_reason": "length"' in r.body,
    "wrong-type": lambda r: r.headers["content-type"] == "text/plain" and events(r),
    "gzip": lambda r: gzip.decompress(r.body).endswith(b"data: [DONE]\n\n"),
    "content-filter": lambda r: r.text == "" and b'"content_filter"' in r.body,
    "refusal": lambda r: r.text == "" and b'"delta": {"refusal": "I' in r.body,
    "surrogate": lambda r: "\ud800" in r.text,
    "unicode": lambda r: "🏒".encode() in r.body and "Grüße" in r.text,
    "end": lambda r: r.chunks[-1] == b"" and b"[DONE]" not in r.body,
    "half-event": lambda r: r.chunks[-1] == b"" and not is_json(events(r)[-1]),
    "no-finish": lambda r: events(r)[-2] == b"data: [DONE]" and b'"stop"' not in r.body,
    "no-done": lambda r: b"[DONE]" not in r.body and b'"stop"' in r.body,
    "no-end": lambda r: b"[DONE]" not in r.body and b'"stop"' not in r.body and r.text == GOOD,
    "bad-event": lambda r: b"[oops]" in events(r)[2],
    "bad-utf8-event": lambda r: b"\xff\xfe" in events(r)[2],
    "error-event": lambda r: events(r)[2].startswith(b'data: {"error": {'),
    "error-text-event": lambda r: events(r)[2].startswith(b'data: {"error": "'),
    "comments": lambda r: events(r)[2] == b": a comment" and b": another\r\n\r\n" in r.body,
    "usage-event": lambda r: b'"choices": [], "usage"' in events(r)[2] and r.text == GOOD,
    "limit-event": lambda r: event(r, 2)["error"]["code"] == 429,
    "no-delta-event": lambda r: set(event(r, 2)["choices"][0]) == {"index", "finish_reason"},
    "null-delta-event": lambda r: event(r, 2)["choices"][0]["delta"] is None,
    "null-choices-event": lambda r: event(r, 2)["choices"] is None,
    "no-choices-event": lambda r: "choices" not in event(r, 2),
    "ping-event": lambda r: events(r)[2].startswith(b"event: ping\ndata: {") and r.text == GOOD,
    "null-event": lambda r: events(r)[2] == b"data: null",
    "odd-content-event": lambda r: event(r, -3)["choices"][0]["delta"]["content"] == {"parts": 7},
    "no-delta": lambda r: (
        event(r, -3)["choices"][0]["finish_reason"] == "stop" and b'"delta": {}' not in r.body
    ),
    "null-stop": lambda r: r.text == "" and b'"finish_reason": "stop"' in r.body,
    "empty-text": lambda r: r.text == "" and b'"finish_reason": "stop"' in r.body,
    "finish": lambda r: event(r, -3)["choices"][0]["finish_reason"] == "abort" and r.text == GOOD,
    "choice-error": lambda r: (
        event(r, -3)["choices"][0]["error"]["message"] == "Provider disconnected"
        and r.text == "The answer begins, but"
    ),
    "text-parts": lambda r: event(r, 1)["choices"][0]["delta"]["content"][0]["type"] == "text",
    "drop": lambda r: r.text == GOOD and r.headers["connection"] == "keep-alive",
    "hang-up": lambda r: r.text == GOOD,
    "json-for-stream": lambda r: r.text == GOOD,
    "unasked-stream": lambda r: r.text == GOOD,
    "slow": lambda r: r.seconds > 5 / 20 and r.text == GOOD,
    "split": lambda r: r.text == GOOD,
}
ENDINGS = dict.fromkeys(("stall", "trickle-head", "trickle-body", "pings"), "silence")


def is_json(data):
    try:
        json.loads(data.removeprefix(b"data: "))
    except ValueError:
        return False
    return True


def count_unpacked(data):
    unpacker, size = zlib.decompressobj(wbits=31), 0
    while data:
        size += len(unpacker.decompress(data, MIB))
        data = unpacker.unconsumed_tail
    return size


CASES = [(name, False) for name in PLAIN] + [(name, True) for name in STREAMED]


@pytest.mark.parametrize(("name", "stream"), CASES)
async def test_each_fault_does_what_its_name_says(open_service, name, stream):
    """And its service goes on as if nothing had been."""
    service = open_service(faults={1: name})

    limit = 0.3 if name in ENDINGS else 30
    reply = await ask_raw(service, stream=stream, limit=limit)

    seen = (STREAMED if stream else PLAIN)[name]
    assert seen(reply), reply.data[:1000]
    assert reply.ending == ENDINGS.get(name, "rst" if name == "reset" else "fin")
    assert (await service.complete())["choices"][0]["message"]["content"] == GOOD


def test_no_fault_is_without_a_test_and_a_line_in_the_table():
    listed = faults.__doc__.partition("take one::")[2].partition("Positions count")[0]
    named = dict(re.findall(r"([a-z][a-z0-9-]+):(\S+)", listed))

    assert set(PLAIN) | set(STREAMED) | {"usage-without-choices", "calls"} == set(FAULTS)
    assert {name for name in FAULTS if not re.search(rf"[ \n]{name}[ :\n]", listed)} == set()
    assert named == {name: default for name, (_, default) in ARGUMENTS.items()}


@pytest.mark.parametrize("place", ["first", "end", "done"])
async def test_an_event_comes_where_it_is_asked_for(open_service, place):
    service = open_service(faults={"*": f"null-choices-event:{place}"})

    reply = await ask_raw(service, stream=True, stream_options={"include_usage": True})

    (found,) = [at for at, event in enumerate(events(reply)) if b'"choices": null' in event]
    last = len(events(reply)) - 1  # what follows the last empty line
    assert found == {"first": 2, "end": last - 3, "done": last - 1}[place]
    assert b"[DONE]" in events(reply)[last - 1 - (place == "done")]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("calls:interleaved", lambda pieces: [p["index"] for p in pieces[:6]] == [0, 1] * 3),
        ("calls:whole", lambda pieces: [p["index"] for p in pieces] == [0, 1]),
        ("calls:same-index", lambda pieces: [p["index"] for p in pieces] == [0, 0]),
        ("calls:no-index", lambda pieces: all("id" in p and "index" not in p for p in pieces)),
    ],
)
async def test_calls_are_streamed_as_some_servers_do(open_service, name, seen):
    """However they come, they are the calls of the answer that comes whole."""
    prompt, tools = "The weather in Paris and in Oslo?", [
        {"type": "function", "function": {"name": "weather", "parameters": {
            "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
    ]  # fmt: skip
    asked = {"tools": tools, "prompt": prompt}
    whole = await open_service(seed=3, faults={"*": name}).complete(**asked)
    reply = await ask_raw(open_service(seed=3, faults={"*": name}), stream=True, **asked)

    chunks = [json.loads(each[6:]) for each in events(reply) if each.startswith(b"data: {")]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls", [])]
    assert seen(pieces)
    calls = {}
    for piece in pieces:
        key = piece["index"] if name == "calls:interleaved" else piece["id"]
        calls[key] = calls.get(key, "") + piece["function"]["arguments"]
    assert list(calls.values()) == [
        call["function"]["arguments"] for call in whole["choices"][0]["message"]["tool_calls"]
    ]
    assert reply.data.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


async def test_usage_without_choices_is_the_usage_all_the_same(open_service):
    service = open_service(faults={"*": "usage-without-choices"})

    reply = await ask_raw(service, stream=True, stream_options={"include_usage": True})

    usage = event(reply, -3)
    assert "choices" not in usage
    assert usage["usage"]["completion_tokens"] == 6
    assert reply.text == GOOD


async def test_an_own_event_and_an_own_end(open_service):
    own = {"insert": 'data: {"x": "\u00e9"}\n\n', "place": "end", "without": ["done"]}
    service = open_service(faults={1: own, 2: {"finish_reason": "eos", "choice_error": "Oops"}})

    streamed, whole = await ask_raw(service, stream=True), await ask_raw(service)

    assert event(streamed, -2) == {"x": "é"}
    assert b"[DONE]" not in streamed.body
    assert choice(whole)["finish_reason"] == "eos"
    assert choice(whole)["error"]["message"] == "Oops"


async def test_the_log_tells_faults_and_the_status_that_was_sent(open_service):
    service = open_service(faults={1: "close", 2: "html:502", 3: "reset:50%", 4: {"status": 418}})
    for _ in range(4):
        await ask_raw(service)

    requests = await service.wait_for_log(4)
    assert [(each["fault"], each["status"]) for each in requests] == [
        ("close", None),
        ("html:502", 502),
        ("reset:50%", 200),
        ("custom", 418),
    ]


async def test_who_leaves_a_stalled_call_is_seen_to_leave(open_service):
    service = open_service(faults={"*": "stall"})
    await ask_raw(service, limit=0.2)

    (request,) = await service.wait_for_log(1)
    assert request["cancelled_by_client"]
    assert request["planned_finish"] is None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["close", "reset", "stall"])
async def test_a_reply_may_stop_at_any_byte(open_service, name, stream):
    service = open_service(faults={1: "split:0", "*": f"{name}:200"})
    whole = (await ask_raw(service, stream=stream)).data

    cut = await ask_raw(service, stream=stream, limit=0.3)

    assert len(cut.data) == 200
    assert cut.data[:40] == whole[:40]
    assert cut.ending == {"close": "fin", "reset": "rst", "stall": "silence"}[name]


@pytest.mark.parametrize(
    ("position", "size"), [("0", 0), ("7", 7), ("50%", 312), ("100%", 625), ("-5", 620)]
)
async def test_positions_count_from_both_ends_and_in_shares(open_service, position, size):
    service = open_service(faults={"*": f"end:{position}"})

    assert len((await ask_raw(service)).body) == size


async def test_an_answer_of_ones_own(open_service):
    own = {"status": 429, "headers": {"Retry-After": "7", "X-A": "b"}, "body": '{"key": "{key}"}'}
    service = open_service(
        faults={1: own, 2: {"text": "¡Hola!"}, 3: {"fault": "html", "status": 401}}
    )

    reply, text, html = [await ask_raw(service) for _ in range(3)]

    assert (reply.status, reply.headers["retry-after"], reply.headers["x-a"]) == (429, "7", "b")
    assert json.loads(reply.body) == {"key": service.token}
    assert text.text == "¡Hola!"
    assert (html.status, html.headers["content-type"]) == (401, "text/html")


async def test_a_fault_that_is_proper_http_keeps_the_connection(open_service):
    service = open_service(faults={1: 429, 2: "html:502"})
    for _ in range(3):
        async with service.session.post(
            f"{service.root}/v1/chat/completions", json=write_body(), headers=service.headers
        ) as answer:
            await answer.read()
            assert answer.headers.get("Connection") != "close"


def statuses(prompts, **settings):
    arrivals = [Arrival(index, prompt) for index, prompt in enumerate(prompts)]
    return [
        plan.fault.name if plan.fault else plan.status
        for plan in simulate(arrivals, Settings(**settings))
    ]


def test_a_list_for_a_prompt_goes_with_its_repeats():
    assert statuses("aabaa", faults={"a": [429, "reset"]}) == ["429", "reset", 200, 200, 200]


def test_a_list_for_a_number_goes_on_with_the_repeats_of_its_prompt():
    """So that a call and its retries can be scripted whatever its prompt."""
    assert statuses("abbab", faults={2: [429, 200, "reset"]}) == [200, "429", 200, 200, "reset"]


def test_a_star_is_every_prompt_and_the_particular_goes_before_it():
    script = {"*": [503], "b": 404, 4: 400}

    assert statuses("abacb", faults=script) == ["503", "404", 200, "400", "404"]


def test_shares_are_drawn_from_the_seed_and_met_on_average():
    prompts = [f"{index}" for index in range(2000)]
    shares = {503: 0.1, "reset:50%": 0.05}

    first, again, other = (statuses(prompts, seed=seed, fault_shares=shares) for seed in (1, 1, 2))

    assert first == again != other
    assert 160 < first.count("503") < 240
    assert 70 < first.count("reset:50%") < 130


def test_a_retry_draws_anew():
    names = statuses(["same"] * 400, fault_shares={503: 0.5})

    assert 150 < names.count("503") < 250


def test_a_script_goes_before_the_shares():
    assert statuses("aa", faults={"a": [200]}, fault_shares={503: 1})[0] == 200


def test_faults_survive_json_and_the_way_to_the_child():
    settings = Settings(
        faults={3: 400, "a": (429, "reset:50%"), "*": {"status": 429, "headers": {"a": "b"}}},
        fault_shares={503: 0.25, "close": 0.25},
    )

    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("rest", "must be one of retry-after, .*reset.*; not 'rest'"),
        ("null:1", "takes no argument"),
        ("slow:soon", "such as slow:5"),
        ("slow:-1", "from 0 to 3600"),
        ("slow:nan", "from 0 to 3600"),
        ("slow:1e9", "from 0 to 3600"),
        ("retry-after-date:soon", "such as retry-after-date:2"),
        ("retry-after:2\r\nX: y", "cannot be"),
        ("close:101%", "position"),
        ("close:x", "such as close:0"),
        ("html:199", "300 to 599"),
        (600, "300 to 599"),
        (None, "must be a status such as 503"),
        ({"status": "x"}, "'status' of a fault cannot be 'x'"),
        ({"statsu": 429}, "'statsu' is not a field"),
        ({"then": "explode"}, "one of close, reset, stall"),
        ({"headers": {"a\r\nb": "c"}}, "cannot have the header"),
        ({"headers": {"a": "c\r\nd: e"}}, "cannot have the header"),
        ({"headers": {"": "c"}}, "cannot have the header"),
        ({"fault": "rest"}, "not 'rest'"),
        ({"place": "middle"}, "one of first, end, done"),
        ({"without": ["all"]}, "finish, done, delta.*'all'"),
        ({"linger": -1}, "from 0 to 3600"),
        ("bad-event:middle", "one of first, end, done"),
        ("calls:backwards", "one of interleaved, whole"),
        ("hang-up:stall", "close or reset"),
        ("drop:soon", "such as drop:0"),
        ("wrong-type:a\r\nb: c", "cannot be"),
        ([429, "rest"], "not 'rest'"),
        ([[429]], "must be a status"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_is(fault, message):
    with pytest.raises(SettingsError, match=message):
        Settings(faults={1: fault})


@pytest.mark.parametrize(
    "shares", [{503: 1.1}, {503: -0.1}, {503: 0.6, 500: 0.6}, {"rest": 0.1}, [503], {503: "x"}]
)
def test_shares_are_from_0_to_1(shares):
    with pytest.raises(SettingsError):
        Settings(fault_shares=shares)


def test_settings_cannot_be_changed_from_underneath():
    own = {"status": 429, "headers": {"a": "b"}}
    settings = Settings(faults={1: own})
    own["headers"]["a"] = "c\r\n"

    assert settings.faults[1]["headers"] == {"a": "b"}


def test_without_faults_nothing_changes():
    assert statuses(SHORT) == [200] * len(SHORT)
    assert scenario("faq").faults == {}

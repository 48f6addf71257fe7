from __future__ import annotations

import json

import pytest

from ..caller import LONG, SHORT, write_body

CHAT = "/v1/chat/completions"


def post(service, body, **options):
    return service.call("POST", CHAT, json=body, **options)


async def test_openais_headers_tell_the_time_it_took(open_service):
    _, headers, _ = await post(open_service(speed=5), write_body(SHORT))

    assert 50 < int(headers["openai-processing-ms"]) < 1000
    assert headers["x-request-id"].startswith("req_")


async def test_aimlapis_headers_tell_ids_and_cost_and_no_limits(open_service):
    service = open_service(profile="aimlapi", requests_per_minute=100)

    ours = {"X-Client-Request-Id": "mine"}
    _, headers, body = await post(service, write_body(LONG), headers=ours)

    assert headers["x-request-id"] != headers["x-inference-id"]
    assert headers["X-Client-Request-Id"] == "mine"
    cost = body["meta"]["usage"]
    assert cost["credits_used"] == cost["usd_spent"] * 2_000_000 > 0
    assert float(headers["x-aimlapi-usd-spent"]) == pytest.approx(cost["usd_spent"])
    assert int(headers["x-aimlapi-credits-used"]) == cost["credits_used"]
    assert not [name for name in headers if "ratelimit" in name.lower() or "openai" in name.lower()]


@pytest.mark.parametrize("parameters", [{}, {"stream_options": {"include_usage": True}}])
async def test_aimlapis_streams_tell_the_cost_in_their_last_chunk(open_service, parameters):
    service = open_service(profile="aimlapi")

    *events, done = await service.stream(SHORT, **parameters)

    chunks = [json.loads(data) for _, data in events]
    assert done[1] == "[DONE]"
    assert chunks[-1]["meta"]["usage"]["credits_used"] > 0
    assert not any("meta" in chunk for chunk in chunks[:-1])


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_aimlapis_older_errors_are_flat(open_service, status):
    service = open_service(profile="aimlapi", faults={"*": status})

    got, headers, body = await post(service, write_body())

    assert got == body["statusCode"] == status
    assert set(body) == {"message", "path", "requestId", "statusCode", "timestamp"}
    assert body["path"] == CHAT
    assert body["requestId"] == headers["x-request-id"]
    assert headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("status", [400, 429, 500, 502, 503, 504])
async def test_aimlapis_newer_errors_are_problems(open_service, status):
    service = open_service(profile="aimlapi", faults={"*": status})

    got, headers, body = await post(service, write_body())

    assert got == body["status"] == status
    assert headers["Content-Type"].startswith("application/problem+json")
    assert set(body) == {
        "title", "status", "instance", "message", "requestId", "timestamp", "error"
    }  # fmt: skip
    assert body["error"]["message"] == body["message"]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (401, 401, "requires a valid API key"),
        ("no-credit", 403, "run out of credits"),
        ("free-limit", 429, "free limit for the hour"),
        (429, 429, "Too Many Requests"),
        (504, 504, "Generation timeout"),
    ],
)
async def test_aimlapis_errors_use_its_words(open_service, fault, status, words):
    service = open_service(profile="aimlapi", faults={"*": fault})

    got, _, body = await post(service, write_body())

    assert got == status
    assert words in body["message"]


async def test_refusals_that_are_no_faults_have_the_profiles_shape_too(open_service):
    service = open_service(profile="aimlapi")

    unknown = await post(service, write_body() | {"model": "gpt-9"})
    wrong = await post(service, write_body() | {"messages": 3})
    nowhere = await service.call("GET", "/v1/nowhere")

    assert [status for status, _, _ in (unknown, wrong, nowhere)] == [404, 400, 404]
    assert "gpt-9" in unknown[2]["message"]
    assert wrong[2]["title"] == "Body validation error"
    assert nowhere[2]["path"] == "/v1/nowhere"


async def test_a_limit_met_at_aimlapi_is_a_bare_429(open_service):
    service = open_service(profile="aimlapi", requests_per_minute=1)
    await post(service, write_body())

    status, headers, body = await post(service, write_body())

    assert (status, body["status"]) == (429, 429)
    assert not [name for name in headers if "retry" in name.lower()]

from __future__ import annotations

import asyncio
import gzip
import io
import json

import aiohttp
import pytest

from ..caller import write_body

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""]
)
async def test_a_host_that_is_not_this_server_is_refused(service, host):
    """A web page whose name was rebound to 127.0.0.1 gets nothing."""
    port = service.root.rpartition(":")[2]

    status, _, answer = await service.call(
        "GET", "/v1/models", headers={"Host": host.format(port=port)}
    )

    assert status == 403
    assert "Host" in answer["error"]["message"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_the_names_of_this_machine_are_let_in(service, name):
    port = service.root.rpartition(":")[2]

    status, _, _ = await service.call("GET", "/v1/models", headers={"Host": f"{name}:{port}"})

    assert status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_web_page_is_refused_and_gets_no_cors(service, headers):
    for method in ("GET", "OPTIONS"):
        status, answered, _ = await service.call(method, "/v1/models", headers=headers)

        assert status == 403
        assert not [name for name in answered if name.lower().startswith("access-control")]


async def test_its_own_origin_is_let_in(service):
    headers = {"Origin": service.root, "Sec-Fetch-Site": "same-origin"}

    status, _, _ = await service.call("GET", "/v1/models", headers=headers)

    assert status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_must_say_it_is_json(service, content_type):
    """A form of a web page cannot say that without asking first."""
    status, _, answer = await service.call(
        "POST",
        CHAT,
        data=json.dumps(write_body()).encode(),
        headers={"Content-Type": content_type},
    )

    assert status == 415
    assert "application/json" in answer["error"]["message"]


async def test_json_with_a_charset_is_json(service):
    status, _, _ = await service.call(
        "POST",
        CHAT,
        data=json.dumps(write_body()).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )

    assert status == 200


async def test_a_body_over_one_mebibyte_is_refused(service):
    body = json.dumps(write_body("a" * 2**20)).encode()
    headers = {"Content-Type": "application/json"}

    status, _, answer = await service.call("POST", CHAT, data=io.BytesIO(body), headers=headers)

    assert status == 413
    assert "1048576" in answer["error"]["message"]


async def test_a_compressed_body_is_refused(service):
    """A small one could fill the memory."""
    body = gzip.compress(json.dumps(write_body()).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    status, _, _ = await service.call("POST", CHAT, data=body, headers=headers)

    assert status == 415


async def test_a_body_that_hides_its_size_is_refused_too(service):
    async def pieces():
        for _ in range(40):
            yield b" " * 2**16

    headers = {"Content-Type": "application/json"}

    # The server stops listening: whether its answer is still read is a matter of luck.
    try:
        status, _, _ = await service.call("POST", CHAT, data=pieces(), headers=headers)
    except aiohttp.ClientConnectionError:
        status = 413

    assert status == 413
    assert (await service.wait_for_log(1))[0]["status"] == 413


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer sim-wrong", "Basic abc"])
async def test_an_unknown_key_is_401_and_not_repeated(service, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    url = f"{service.root}/v1/models"
    async with service.session.get(url, headers=headers) as answer:
        status, body = answer.status, await answer.text()

    assert status == 401
    error = json.loads(body)["error"]
    assert error["code"] == "invalid_api_key"
    assert error["message"].endswith("api_key=endpoint.key.reveal()")
    assert "sim-wrong" not in body


async def test_every_answer_has_a_request_id_of_its_own(service):
    ids = [
        (await service.call(method, path))[1]["x-request-id"]
        for method, path in [("GET", "/v1/models"), ("GET", "/nothing"), ("POST", CHAT)]
    ]

    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("given", "echoed"),
    [("lesson-1.call:7", "lesson-1.call:7"), ("a" * 129, None), ("two words", None)],
)
async def test_the_clients_request_id_is_echoed_if_it_is_one(service, given, echoed):
    _, headers, _ = await service.call("GET", "/v1/models", headers={"X-Client-Request-Id": given})

    assert headers.get("X-Client-Request-Id") == echoed


async def test_bytes_that_are_no_http_get_400_and_harm_nobody(service):
    port = int(service.root.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert b" 400 " in answer.splitlines()[0]
    assert (await service.call("GET", "/v1/models"))[0] == 200

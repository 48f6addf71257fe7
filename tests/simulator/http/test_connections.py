"""Connections that end although they were said to be kept, and requests that are refused."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import openai
import pytest

from aiml_nb.simulator import AnswerOptions, Arrival, Settings, SettingsError, scenario, simulate

from ..caller import SHORT, write_body
from ..raw import write_request

INSTANT = {"first_token_time": 0, "prompt_token_time": 0, "token_time": 0, "speed": 1}


class Connection:
    """One connection that is used again as long as it lives."""

    def __init__(self, service):
        self.service = service

    async def __aenter__(self):
        host, _, port = self.service.root.removeprefix("http://").rpartition(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def ask(self, **parameters):
        """Give status, headers and body of an answer, or how the connection ended instead."""
        body = json.dumps(write_body(SHORT, **parameters)).encode()
        request = write_request(self.service, body).replace(b"Connection: close\r\n", b"")
        self.writer.write(request)
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError as error:
            return "closed" if not error.partial else error.partial
        except ConnectionResetError:
            return "reset"
        lines = head.split("\r\n")[1:-2]
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        return int(head.split(" ")[1]), headers, await self._read_body(headers)

    async def _read_body(self, headers):
        if "content-length" in headers:
            return await self.reader.readexactly(int(headers["content-length"]))
        body = b""
        while size := int((await self.reader.readline()).strip(), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()
        return body

    async def read_end(self):
        try:
            async with asyncio.timeout(5):
                return "closed" if await self.reader.read() == b"" else "more"
        except ConnectionResetError:
            return "reset"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_dropped_connection_was_said_to_be_kept(open_service, stream):
    async with Connection(open_service(**INSTANT, faults={"*": "drop"})) as connection:
        status, headers, body = await connection.ask(stream=stream)

        assert (status, headers["connection"]) == (200, "keep-alive")
        assert headers["keep-alive"].startswith("timeout=")
        assert (b"[DONE]" in body) == stream
        assert await connection.read_end() == "closed"


async def test_a_connection_may_be_dropped_a_little_later(open_service):
    """The call is over when its last byte has come; what then comes on the connection is lost."""
    service = open_service(**INSTANT, faults={"*": "drop:0.5"})
    async with Connection(service) as connection:
        assert (await connection.ask())[0] == 200
        (request,) = await service.wait_for_log(1)

        assert (await service.read_log())["in_flight"] == 0
        assert request["status"] == 200
        assert await connection.ask() == "closed"
    assert len((await service.read_log())["requests"]) == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("name", "ending"), [("hang-up", "closed"), ("hang-up:reset", "reset")])
async def test_the_next_request_on_a_connection_is_hung_up(open_service, name, ending, stream):
    service = open_service(**INSTANT, faults={"*": name})
    async with Connection(service) as connection, Connection(service) as other:
        status, headers, _ = await connection.ask(stream=stream)
        assert (status, headers.get("connection")) == (200, None)
        assert await connection.ask(stream=stream) == ending
        assert (await other.ask(stream=stream))[0] == 200

    requests = await service.wait_for_log(3)
    assert [(each["number"], each["status"], each["fault"]) for each in requests] == [
        (1, 200, name),
        (None, None, name),
        (2, 200, name),
    ]


async def test_a_refusal_may_be_the_last_of_its_connection_too(open_service):
    service = open_service(**INSTANT, faults={1: {"fault": "hang-up", "status": 503}})
    async with Connection(service) as connection:
        assert (await connection.ask())[0] == 503
        assert await connection.ask() == "closed"


@pytest.mark.parametrize("name", ["drops", "hangs-up"])
async def test_a_client_that_asks_again_at_once_gets_all_its_answers(open_service, name):
    """So that the scenarios can be lived with."""
    service = open_service(**scenario(name, speed=1000).to_dict())
    answered = 0
    for _ in range(20):
        for _ in range(3):
            try:
                completion = await service.complete(SHORT)
            except aiohttp.ClientError:
                continue
            assert completion["choices"][0]["message"]["content"] == "2 + 2 = 4."
            answered += 1
            break

    assert answered == 20


@pytest.mark.parametrize("fault", [400, 422, "reset", {"status": 422, "body": "{argument}?"}])
async def test_a_parameter_may_be_refused(open_service, fault):
    service = open_service(**INSTANT, refused_parameters={"stream_options": fault})
    async with Connection(service) as connection:
        asked = {"stream": True, "stream_options": {"include_usage": True}}
        refused = await connection.ask(**asked)
    async with Connection(service) as connection:
        accepted = await connection.ask(stream=True)

    assert accepted[0] == 200
    if fault == "reset":
        assert refused == "reset"
        return
    status, _, body = refused
    assert status == (fault if isinstance(fault, int) else 422)
    if isinstance(fault, int):
        error = json.loads(body)["error"]
        assert (error["param"], error["code"]) == ("stream_options", "unknown_parameter")
        assert "'stream_options'" in error["message"]
    else:
        assert body == b"stream_options?"


async def test_a_parameter_that_is_null_is_none(open_service):
    service = open_service(**scenario("strict:n").to_dict())

    assert await service.complete(SHORT, n=None)
    status, _, answer = await service.call(
        "POST", "/v1/chat/completions", json=write_body(SHORT, n="oops")
    )
    assert (status, answer["error"]["param"]) == (400, "n")


def test_the_core_refuses_parameters_before_all_else():
    options = AnswerOptions(parameters=("n",))
    settings = Settings(refused_parameters={"n": 422}, faults={"*": 503})

    plans = simulate([Arrival(0, "a", options=options), Arrival(1, "a")], settings)

    assert [plan.status for plan in plans] == [422, 503]


@pytest.mark.parametrize(
    "refused", ["n", ["n"], {"n": 200}, {"n": "slow"}, {"n": "rest"}, {7: 400}, {"no name": 400}]
)
def test_refused_parameters_are_names_of_refusals(refused):
    with pytest.raises(SettingsError):
        Settings(refused_parameters=refused)


MODELS = {
    "missing-scopes": openai.AuthenticationError,
    500: openai.InternalServerError,
    404: openai.NotFoundError,
    "reset": openai.APIConnectionError,
    "close": openai.APIConnectionError,
    "end:50%": json.JSONDecodeError,
    "bad-json": json.JSONDecodeError,
}


@pytest.mark.parametrize("fault", MODELS)
async def test_the_list_of_models_may_fail_while_calls_are_answered(open_service, fault):
    service = open_service(**INSTANT, models_faults=fault)
    async with openai.AsyncOpenAI(
        base_url=service.root, api_key=service.token, max_retries=0
    ) as client:
        with pytest.raises(MODELS[fault]):
            await client.models.list()
        completion = await client.chat.completions.create(**write_body(SHORT))

    assert completion.choices[0].message.content == "2 + 2 = 4."
    requests = await service.wait_for_log(2)
    assert [each["fault"] for each in requests] == [str(fault), None]
    assert [each["number"] for each in requests] == [None, 1]


async def test_the_list_of_models_may_fail_for_a_time(open_service):
    service = open_service(models_faults=[503, 200, "html"], models=["gpt-4o"])

    answers = []
    for _ in range(4):
        async with service.session.get(f"{service.root}/v1/models", headers=service.headers) as got:
            answers.append((got.status, got.content_type))
    assert answers == [
        (503, "application/json"),
        (200, "application/json"),
        (200, "text/html"),
        (200, "application/json"),
    ]


async def test_the_list_of_models_may_be_the_last_of_its_connection(open_service):
    service = open_service(**INSTANT, models_faults="hang-up")
    async with Connection(service) as connection:
        request = write_request(service, b"").replace(b"Connection: close\r\n", b"")
        connection.writer.write(request.replace(b"POST /v1/chat/completions", b"GET /v1/models"))
        head = await connection.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert b"gpt-4o" in await connection.reader.readexactly(length)
        assert await connection.ask() == "closed"


async def test_one_model_may_fail_as_the_list_does(open_service):
    status, _, _ = await open_service(models_faults=500).call("GET", "/v1/models/gpt-4o")

    assert status == 500


def test_the_settings_survive_json():
    settings = Settings(
        models_faults=[503, "reset"],
        refused_parameters={"stream_options": {"status": 422, "body": "no"}},
    )

    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    with pytest.raises(SettingsError, match="not 'rest'"):
        Settings(models_faults="rest")


def test_scenarios_name_the_fault():
    assert scenario("models").models_faults == "missing-scopes"
    assert scenario("models:end:50%").models_faults == "end:50%"
    assert scenario("every:wrong-type:application/json").faults == {
        "*": "wrong-type:application/json"
    }
    assert scenario("every:503").faults == {"*": "503"}
    assert scenario("strict").refused_parameters == {"stream_options": 400}
    with pytest.raises(SettingsError, match=r"as in every:choice-error; .*one of retry-after"):
        scenario("every:rest")

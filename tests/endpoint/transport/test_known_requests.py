"""Requests that the openai client need not build: as it would send them, and read as it would."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI

import aiml_nb as nb
from aiml_nb.endpoint.transport import open_async_http
from aiml_nb.records import Call
from aiml_nb.runner.answer import Answer
from aiml_nb.runner.post import post
from aiml_nb.runner.send import Request

from ...rows import in_turn
from ...runner.test_run import read_log
from .connections import Connections, Exchange, connection_server

PROMPTS = [f"question {number}: 100 % of „ä“" for number in range(5)]
LEARNED = 2  # so many requests the client builds


def answer(exchange: Exchange) -> None:
    exchange.send(exchange.reply)


@contextmanager
def built_by_client() -> Iterator[None]:
    """Have the client build each request: somebody reads its log."""
    log = logging.getLogger("httpx2")
    before, log.level = log.level, logging.INFO
    log.manager._clear_cache()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        log.setLevel(before)


def make_run(server: Connections, prompts: list[Any] = PROMPTS, **options: Any) -> nb.Run:
    endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
    return nb.run(prompts, endpoint, max_concurrency=1, progress=False, journal=False, **options)


def split(request: bytes) -> tuple[list[bytes], Any]:
    """Return the lines of the head without name and length, and the body."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = []
    for line in head.split(b"\r\n"):
        name = line.partition(b":")[0].lower()
        length = line == b"Content-Length: %d" % len(body) or line.lower().endswith(
            b": %d" % len(body)
        )
        assert length or name != b"content-length"
        differs = name in (b"content-length", b"x-client-request-id")
        lines.append(line.partition(b":")[0] if differs else line)
    return lines, body


OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "headers": {"extra_headers": {"X-Title": "100 %s", "OpenAI-Organization": "mine"}},
    "query": {"extra_query": {"version": "2024 %d", "list": [1, 2]}},
    "parameters": {"temperature": 1e-7, "system": "Be ä.", "extra_body": {"deep": [1.0, None]}},
}


class TestWhatIsSent:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("options", OPTIONS)
    def test_it_is_what_the_client_sends(self, options: str, stream: bool) -> None:
        with connection_server(answer) as server:
            run = make_run(server, stream=stream, **OPTIONS[options])
            with built_by_client():
                make_run(server, stream=stream, **OPTIONS[options])

        requests = [split(exchange.request) for exchange in server.exchanges]
        ours, theirs = requests[: len(PROMPTS)], requests[len(PROMPTS) :]
        assert ours == theirs
        assert [call.text for call in run.calls] == PROMPTS
        names = [name_of(exchange) for exchange in server.exchanges]
        assert len(set(names)) == len(names)
        assert names[2] == f"{run.run_id}.2.1"

    def test_the_client_builds_the_first_two_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        built: list[str] = []
        build = httpx2.Request.__init__

        def count(self: Any, method: Any, url: Any, **parts: Any) -> None:
            built.append(method)
            build(self, method, url, **parts)

        monkeypatch.setattr(httpx2.Request, "__init__", count)
        with connection_server(answer) as server:
            make_run(server)

        assert built.count("post") == LEARNED

    def test_headers_of_a_prompt_stay_its_own(self) -> None:
        prompts = [
            {
                "messages": [{"role": "user", "content": str(n)}],
                "extra_headers": {"X-Of": f"{n % 2}"},
            }
            for n in range(8)
        ]
        with connection_server(answer) as server:
            make_run(server, prompts)

        sent = [(exchange.prompt, header(exchange, "x-of")) for exchange in server.exchanges]
        assert sent == [(str(n), f"{n % 2}") for n in range(8)]

    def test_cookies_are_sent_back(self) -> None:
        def set_cookie(exchange: Exchange) -> None:
            number = len(server.exchanges)
            exchange.send(
                exchange.reply_with(b"set-cookie: a=%d; path=/" % number)
                if number in (1, 4)
                else exchange.reply
            )

        with connection_server(set_cookie) as server:
            make_run(server, [f"question {number}" for number in range(9)])

        cookies = [header(exchange, "cookie") for exchange in server.exchanges]
        assert cookies == [None, *["a=1"] * 3, *["a=4"] * 5]


class TestWhoseRequests:
    """A request is sent directly only as the one client builds it, and while nobody looks."""

    async def ask_all(
        self, server: Connections, client_of: Callable[[AsyncOpenAI, int], AsyncOpenAI]
    ) -> list[Exchange]:
        http = open_async_http(server.base_url, max_connections=1)
        settings = {"api_key": "secret", "base_url": server.base_url, "http_client": http}
        async with self.make_client(**settings) as client:
            http.learn_from(client)
            for number in range(6):
                url = f"{server.base_url}/chat/completions"
                await post(client_of(client, number), request_of(url, number))
        return server.exchanges

    make_client: Any = AsyncOpenAI

    async def test_a_copy_of_the_client_has_headers_of_its_own(self) -> None:
        def vary(client: AsyncOpenAI, number: int) -> AsyncOpenAI:
            return client.copy(default_headers={"X-Of": "2"}) if number % 2 else client

        with connection_server(answer) as server:
            sent = await self.ask_all(server, vary)

        assert [header(exchange, "x-of") for exchange in sent] == [None, "2"] * 3

    async def test_headers_that_change_are_never_learned(self) -> None:
        class Changing(AsyncOpenAI):
            counted = 0

            @property
            def default_headers(self) -> Any:
                Changing.counted += 1
                return {**super().default_headers, "X-Of": str(Changing.counted)}

        self.make_client = Changing
        with connection_server(answer) as server:
            sent = await self.ask_all(server, lambda client, _: client)

        assert len({header(exchange, "x-of") for exchange in sent}) == len(sent)

    @pytest.mark.parametrize("owner", [AsyncOpenAI, httpx2.AsyncClient])
    async def test_a_hook_sees_all(self, owner: type, monkeypatch: pytest.MonkeyPatch) -> None:
        name = "post" if owner is AsyncOpenAI else "send"
        method, seen = getattr(owner, name), []

        async def hook(self: Any, *arguments: Any, **options: Any) -> Any:
            seen.append(arguments)
            return await method(self, *arguments, **options)

        def begin(client: AsyncOpenAI, number: int) -> AsyncOpenAI:
            if number == 3:
                monkeypatch.setattr(owner, name, hook)
            return client

        with connection_server(answer) as server:
            await self.ask_all(server, begin)

        assert len(seen) == 3

    async def test_so_does_a_log(self, caplog: pytest.LogCaptureFixture) -> None:
        def begin(client: AsyncOpenAI, number: int) -> AsyncOpenAI:
            caplog.set_level(logging.INFO, "httpx2") if number == 3 else None
            return client

        with connection_server(answer) as server:
            await self.ask_all(server, begin)

        assert caplog.text.count("HTTP Request: POST") == 3

    @pytest.mark.parametrize(
        ("value", "sent"),
        [
            (datetime(2024, 1, 1, tzinfo=UTC), b'"2024-01-01T00:00:00+00:00"'),
            (float("nan"), None),
            ("\ud800", None),
            ("x" * 2**19, b'"xxx'),
        ],
        ids=["date", "nan", "surrogate", "large"],
    )
    async def test_what_only_the_client_can_write_it_writes(self, value: Any, sent: Any) -> None:
        with connection_server(answer) as server:
            http = open_async_http(server.base_url, max_connections=1)
            async with AsyncOpenAI(
                api_key="secret", base_url=server.base_url, http_client=http
            ) as client:
                http.learn_from(client)
                url = f"{server.base_url}/chat/completions"
                for number in range(3):
                    await post(client, request_of(url, number))
                if sent is None:
                    with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
                        await post(client, request_of(url, 4, user=value))
                else:
                    await post(client, request_of(url, 4, user=value))

        assert len(server.exchanges) == 3 + bool(sent)
        assert sent is None or b'"user":' + sent in server.exchanges[-1].request


def plain(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *headers]
    return b"\r\n".join((*lines, b"", body))


PAGE = b"<html><title>Bad gateway</title></html>"
ERROR = b'{"error": {"message": "No. key=secret", "code": "c", "param": "p"}}'
RETRY = (b"retry-after: 7", b"x-request-id: r-1", b"x-request-id: r-2", b"x-should-retry: false")
# What may come in the place of an answer; None closes the connection.
REPLIES: dict[str, tuple[bytes | None, ...]] = {
    "400": (plain(ERROR, b"400 Bad Request", *RETRY),),
    "429": (plain(ERROR, b"429 Slow Down", *RETRY),),
    "500 and a page": (plain(PAGE, b"500 Oops", b"content-type: text/html; charset=hex"),),
    "503, cut off": (plain(PAGE, b"503 Oops")[:-9], None),
    "redirect": (plain(b"", b"307 There", b"location: http://127.0.0.1:9/v1"),),
    "204": (b"HTTP/1.1 204 Nothing\r\n\r\n",),
    "101": (b"HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", None),
    "100, then an error": (b"HTTP/1.1 100 Go on\r\n\r\n" + plain(ERROR, b"409 No"),),
    "gzip": (plain(gzip.compress(ERROR), b"200 OK", b"content-encoding: gzip"),),
    "an unknown encoding": (plain(b"???", b"200 OK", b"content-encoding: x-ours"),),
    "an error in it": (plain(gzip.compress(ERROR), b"418 No", b"content-encoding: gzip"),),
    "not ASCII": (plain(b"{}", b"200 OK", b"x-request-id: \xc3\xa4\xff"),),
    "HTML": (plain(PAGE),),
    "nothing": (plain(b""),),
    "null": (plain(b"null"),),
    "cut off": (plain(b"x" * 50)[:-9], None),
    "cut off in a chunk": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{", None),
    "no HTTP": (b"SSH-2.0 secret\r\n\r\n", None),
    "a large head": (plain(b"{}", b"200 OK", b"x: " + b"y" * 120_000),),
    "a large body": (plain(b" " * (8 * 2**20 + 1)),),
    "no reply": (None,),
}


def read(call: Call) -> Any:
    attempts = [
        replace(each, started=0.0, finished=0.0, first_token=None) for each in call.attempts
    ]
    return call.outcome, call.error_type, call.error, call.text, call.finish_reason, attempts


@pytest.mark.parametrize(("what", "stream"), in_turn(REPLIES, (False, True)))
def test_any_reply_is_read_as_the_clients(what: str, stream: bool) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.prompt != "last":
            exchange.send(exchange.reply)
            return
        for piece in REPLIES[what]:
            exchange.close() if piece is None else exchange.send(piece)

    def make() -> list[Any]:
        prompts = ["1", "2", "3", "last"]
        with connection_server(behave) as server:
            run = make_run(server, prompts, stream=stream, max_attempts=1)
        return [read(call) for call in run.calls]

    ours = make()
    with built_by_client():
        assert make() == ours
    assert [text for _, _, _, text, *_ in ours[:3]] == ["1", "2", "3"]


async def test_what_is_broken_off_does_not_block_the_next() -> None:
    """A call that is cancelled leaves no connection behind on which half of a reply may come."""

    def behave(exchange: Exchange) -> None:
        if exchange.prompt == "3":
            exchange.send(exchange.reply[:-5])
            arrived.set()
            server.leaving.wait(5)
        else:
            exchange.send(exchange.reply)

    arrived = asyncio.Event()
    with connection_server(behave) as server:
        endpoint = nb.connect(base_url=server.base_url, model="m", api_key="k", verbose=False)
        async with endpoint.open_async(max_connections=1) as client:
            url = f"{server.base_url}/chat/completions"
            for number in range(6):
                work = asyncio.create_task(post(client, request_of(url, number)))
                if number == 3:
                    while len(server.exchanges) < 4:
                        await asyncio.sleep(0)
                    work.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await work
                else:
                    choice = json.loads((await work).content)["choices"][0]
                    assert choice["message"]["content"] == f"{number}"
        assert server.opened == 2
        server.leaving.set()


def ask(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def request_of(url: str, number: int, **body: Any) -> Request:
    body = {**ask(f"{number}"), **body}
    return Request(url, f"n.{number}", body, {}, {}, lambda *_: Answer(lambda: 0.0))


def header(exchange: Exchange, name: str) -> str | None:
    lines = exchange.request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    fields = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    return fields.get(name)


def name_of(exchange: Exchange) -> str | None:
    return header(exchange, "x-client-request-id")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("strategy", ["gather", "task_group"])
def test_requests_arrive_in_the_order_in_which_they_were_made(strategy: str, stream: bool) -> None:
    """Those that the client builds take longer: the others wait until those are connected."""
    for _ in range(3):
        endpoint = nb.connect(speed=20, verbose=False)
        run = nb.run(
            [f"{n}?" for n in range(8)], endpoint, strategy=strategy, stream=stream, progress=False
        )
        names = [each["client_request_id"] for each in read_log(endpoint)["requests"]]
        asked = [name for name in names if name and name.startswith(run.run_id)]

        assert [int(name.split(".")[1]) for name in asked] == list(range(8))

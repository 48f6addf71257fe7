"""What becomes of calls that are retried, left, refused, nested, unfinished or made by tasks."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai._base_client import AsyncAPIClient, SyncAPIClient

import aiml_nb as nb
from aiml_nb.watching import LoopWatcher, recording
from aiml_nb.watching.blocked import read_stack

from ..raw_server import JSON_HEAD, raw_server
from ..waiting import wait_until
from .model_server import ANSWER, ModelServer, model_server
from .test_kinds import CHAT, open_http, trust_nothing

PATCHED = [
    *((owner, "request") for owner in (SyncAPIClient, AsyncAPIClient)),
    *((library.Client, "send") for library in (httpx2, httpx)),
    *((library.AsyncClient, "send") for library in (httpx2, httpx)),
]


def methods() -> list[Any]:
    return [owner.__dict__[name] for owner, name in PATCHED]


ORIGINAL = methods()
START, SUBMIT = threading.Thread.__dict__["start"], ThreadPoolExecutor.__dict__["submit"]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as served:
        yield served


@pytest.fixture
def client(server: ModelServer) -> OpenAI:
    return OpenAI(base_url=server.base_url, api_key="sk-canary", http_client=open_http())


def open_async(server: ModelServer, **options: Any) -> AsyncOpenAI:
    http = httpx2.AsyncClient(verify=trust_nothing())
    return AsyncOpenAI(base_url=server.base_url, api_key="sk-canary", http_client=http, **options)


NOT_READ = "the answer had not been read to its end when the watch ended"


def ask(client: OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(**{**CHAT, **options})


class TestAttempts:
    def test_the_clients_own_retries_are_seen(self, server: ModelServer, client: OpenAI) -> None:
        server.failures = [429, 503, 200]
        with nb.watch() as run:
            ask(client)

        (call,) = run.calls
        assert call.outcome == "ok"
        assert [attempt.status for attempt in call.attempts] == [429, 503, 200]
        assert [attempt.error_type for attempt in call.attempts] == ["429", "503", None]
        assert [attempt.number for attempt in call.attempts] == [1, 2, 3]
        stamps = [(attempt.started, attempt.finished) for attempt in call.attempts]
        flat = [stamp for pair in stamps for stamp in pair]
        assert flat == sorted(flat)
        assert all(attempt.backoff_time > 0 for attempt in call.attempts[1:])

    def test_those_of_an_awaited_client_too(self, server: ModelServer) -> None:
        server.failures = [500, 200]

        async def main() -> None:
            async with open_async(server) as client:
                await client.chat.completions.create(**CHAT)

        with nb.watch() as run:
            asyncio.run(main())

        assert [attempt.status for attempt in run.calls[0].attempts] == [500, 200]

    def test_what_is_refused_raises_as_ever_and_says_why(
        self, server: ModelServer, client: OpenAI
    ) -> None:
        server.failures = [400]
        with nb.watch() as run, pytest.raises(openai.BadRequestError) as caught:
            ask(client)

        (call,) = run.calls
        assert caught.value.status_code == 400
        assert (call.outcome, call.error_type, call.error) == ("error", "400", "No: 400.")

    def test_what_a_hook_of_the_users_raises_of_a_reply_says_its_status(
        self, server: ModelServer
    ) -> None:
        server.failures = [503]
        hooks: Any = {"response": [lambda response: response.raise_for_status()]}
        http = httpx2.Client(event_hooks=hooks, verify=trust_nothing())
        with nb.watch() as run, pytest.raises(httpx2.HTTPStatusError):
            ask(OpenAI(base_url=server.base_url, api_key="sk-canary", http_client=http))

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("error", "503")
        assert [attempt.status for attempt in call.attempts] == [503]

    @pytest.mark.parametrize(
        ("body", "error_type", "words"),
        [
            (b'{"error": {"message": "Overloaded.", "code": 503}}', "503", "Overloaded."),
            (b'{"detail": "no such model"}', "bad_response", "no such model"),
            (b"<html><title>Welcome</title>", "bad_response", "is not JSON but: Welcome"),
            (b"\xff\xfe", "bad_response", "the reply is not JSON but: "),
            (b"", "bad_response", "the reply is not JSON but: nothing"),
        ],
    )
    def test_what_is_no_answer_says_what_it_is_though_its_status_is_good(
        self, body: bytes, error_type: str, words: str
    ) -> None:
        """The client raises nothing: what the code fails at is the missing answer."""
        head = JSON_HEAD.replace(b"connection:", b"content-length: %d\r\nconnection:" % len(body))
        with raw_server(head + body) as raw, nb.watch() as run:
            client = OpenAI(base_url=raw.base_url, api_key="sk-canary", max_retries=0)
            with suppress(ValueError):  # what is no JSON, though its head says so
                ask(client)
            client.close()

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("error", error_type)
        assert words in (call.error or "")
        assert run.notices == []

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("is_async", [False, True])
    def test_no_frame_of_ours_is_shown_in_a_traceback(
        self, server: ModelServer, client: OpenAI, stream: bool, is_async: bool
    ) -> None:
        @nb.step
        def call() -> None:
            list(ask(client, stream=True)) if stream else ask(client)

        @nb.step
        async def call_async() -> None:
            async with open_async(server, max_retries=0) as awaited:
                made = await awaited.chat.completions.create(**CHAT, stream=stream)
                _ = [chunk async for chunk in made]

        server.cut, server.failures = stream, [] if stream else [400]
        broken = (openai.BadRequestError, httpx2.RemoteProtocolError, openai.APIConnectionError)
        with nb.watch(), pytest.raises(broken) as caught:
            asyncio.run(call_async()) if is_async else call()

        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        cause = caught.value.__cause__ or caught.value
        frames += [frame for frame, _ in traceback.walk_tb(cause.__traceback__)]
        ours = [each for each in frames if "aiml_nb/watching" in each.f_code.co_filename]
        assert len({each.f_code.co_name for each in ours}) >= 2
        assert all("__tracebackhide__" in each.f_locals for each in ours)

    def test_nobody_listens(self, closed_port: int) -> None:
        client = OpenAI(
            base_url=f"http://127.0.0.1:{closed_port}/v1",
            api_key="sk-canary",
            max_retries=1,
            http_client=open_http(),
        )
        with nb.watch() as run, pytest.raises(openai.APIConnectionError):
            ask(client)

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("error", "connect")
        assert [attempt.error_type for attempt in call.attempts] == ["connect", "connect"]

    def test_a_timeout_is_one(self, server: ModelServer, client: OpenAI) -> None:
        gate = threading.Event()
        server.gates = [gate]
        with nb.watch() as run, pytest.raises(openai.APITimeoutError):
            list(ask(client.with_options(timeout=0.2, max_retries=0), stream=True))
        gate.set()

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("timeout", "deadline")
        assert call.first_token is not None

    def test_an_answer_that_does_not_fit_what_it_is_parsed_as(
        self, server: ModelServer, client: OpenAI
    ) -> None:
        from pydantic import BaseModel, ValidationError

        class Other(BaseModel):
            population: int

        with nb.watch() as run, pytest.raises(ValidationError):
            client.chat.completions.parse(**CHAT, response_format=Other)

        (call,) = run.calls
        assert (call.outcome, call.error_type, call.text) == ("error", "invalid_answer", ANSWER)


class TestStreams:
    def test_the_first_token_is_the_first_text(self, server: ModelServer, client: OpenAI) -> None:
        gate = threading.Event()
        server.gates = [gate]
        with nb.watch() as run:
            stream = ask(client, stream=True)
            next(stream)  # a head without a text
            assert run.calls[0].attempts[0].status == 200
            next(stream)
            gate.set()
            list(stream)

        (call,) = run.calls
        assert call.started is not None
        assert call.first_token is not None
        assert call.finished is not None
        assert call.started < call.first_token < call.finished
        assert call.text == ANSWER

    @pytest.mark.parametrize("how", ["close", "with", "break", "raise", "response"])
    def test_one_that_is_left_is_incomplete(
        self, server: ModelServer, client: OpenAI, how: str
    ) -> None:
        gate = threading.Event()
        server.gates = [gate]
        with nb.watch() as run:
            stream = ask(client, stream=True)
            if how == "with":
                with stream:
                    next(stream)
            elif how == "break":
                for chunk in stream:
                    if chunk.choices[0].delta.content:
                        break
                del stream, chunk
                gc.collect()
            elif how == "raise":
                with suppress(ZeroDivisionError), stream:
                    for _ in stream:
                        1 / 0  # noqa: B018
            else:
                next(stream)
                (stream if how == "close" else stream.response).close()
        gate.set()

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("incomplete", None)
        assert call.error == "the answer was not read to its end"
        assert call.finished is not None

    def test_one_that_is_never_read_is_unfinished(
        self, server: ModelServer, client: OpenAI
    ) -> None:
        with nb.watch() as run:
            stream = ask(client, stream=True)

        assert (run.calls[0].outcome, run.calls[0].finished) == ("incomplete", None)
        assert run.calls[0].error == "unfinished when the watch ended"
        list(stream)
        assert (run.calls[0].outcome, run.calls[0].error) == ("ok", None)
        assert run.calls[0].text == ANSWER

    def test_one_that_breaks_off_raises_as_ever(self, server: ModelServer, client: OpenAI) -> None:
        server.cut = True
        with nb.watch() as run, pytest.raises(openai.APIConnectionError):
            list(ask(client, stream=True))

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("error", "no_reply")
        assert call.text == ANSWER[:6]

    def test_an_awaited_one_that_is_cancelled(self, server: ModelServer) -> None:
        gate = threading.Event()
        server.gates = [gate]
        began = threading.Event()

        async def read() -> None:
            async with open_async(server) as client:
                async for _ in await client.chat.completions.create(**CHAT, stream=True):
                    began.set()

        async def main() -> None:
            task = asyncio.create_task(read())
            await asyncio.to_thread(began.wait, 20)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        with nb.watch() as run:
            asyncio.run(main())
        gate.set()

        assert run.calls[0].outcome == "cancelled"
        assert run.calls[0].error == "its task was cancelled"

    def test_a_keyboard_interrupt_is_one(self, server: ModelServer) -> None:
        def press(request: Any) -> None:
            raise KeyboardInterrupt

        http = httpx2.Client(event_hooks={"request": [press]}, verify=trust_nothing())
        client = OpenAI(base_url=server.base_url, api_key="sk-canary", http_client=http)
        with nb.watch() as run, pytest.raises(KeyboardInterrupt):
            ask(client)

        assert (run.calls[0].outcome, run.calls[0].error) == ("cancelled", "interrupted")

    def test_the_response_has_its_own_methods_again(
        self, server: ModelServer, client: OpenAI
    ) -> None:
        with nb.watch():
            stream = ask(client, stream=True)
            list(stream)

        assert "iter_bytes" not in vars(stream.response)
        assert "close" not in vars(stream.response)


class TestHooks:
    def test_nothing_is_patched_but_while_it_lasts(self, server: ModelServer) -> None:
        with nb.watch():
            assert all(new is not old for new, old in zip(methods(), ORIGINAL, strict=True))
        assert methods() == ORIGINAL

    def test_not_after_an_exception_either(self) -> None:
        with suppress(ZeroDivisionError), nb.watch():
            1 / 0  # noqa: B018
        assert methods() == ORIGINAL

    def test_two_within_each_other_see_the_same_call_once_each(self, client: OpenAI) -> None:
        with nb.watch() as outer:
            ask(client)
            with nb.watch() as inner:
                ask(client)

        assert (len(outer.calls), len(inner.calls)) == (2, 1)
        assert methods() == ORIGINAL
        assert inner.calls[0].started == 0.0
        assert outer.calls[1].started is not None
        assert outer.calls[1].started > 0
        assert inner.calls[0].text == outer.calls[1].text == ANSWER

    @pytest.mark.parametrize("where", ["item", "step", "async item", "thread"])
    def test_one_within_an_item_or_a_step_sees_what_is_called_in_it(
        self, client: OpenAI, server: ModelServer, where: str
    ) -> None:
        def look() -> int:
            with nb.watch() as inner:
                ask(client)
            ask(client)
            return len(inner.calls)

        async def look_async(item: int) -> int:
            async with open_async(server) as awaited, nb.watch() as inner:
                create = partial(awaited.chat.completions.create, **CHAT)
                await asyncio.gather(create(), create())
            return len(inner.calls)

        def look_in_thread(item: int) -> int:
            found: list[int] = []
            thread = threading.Thread(target=lambda: found.append(look()))
            thread.start()
            thread.join()
            return found[0]

        if where == "step":
            with nb.watch() as outer:
                assert nb.step(look)() == 1
            (call,) = outer.calls
        else:
            ways: Any = {"async item": look_async, "thread": look_in_thread}
            run = nb.run([1], ways.get(where, lambda item: look()), progress=False)
            (call,) = run.calls
            assert run.results == [2 if where == "async item" else 1]
        assert [each.outcome for each in call.children] == ["ok", "ok"]

    def test_two_that_cross(self, client: OpenAI) -> None:
        first, second = nb.watch(), nb.watch()
        one = first.__enter__()
        other = second.__enter__()
        ask(client)
        first.__exit__()
        ask(client)
        second.__exit__()

        assert (len(one.calls), len(other.calls)) == (1, 2)
        assert methods() == ORIGINAL

    @pytest.mark.parametrize("is_wrapped", [True, False], ids=["wraps", "plain"])
    def test_what_another_has_put_on_top_stays_and_ours_goes(
        self, client: OpenAI, monkeypatch: pytest.MonkeyPatch, is_wrapped: bool
    ) -> None:
        import functools

        seen: list[str] = []
        watch = nb.watch()
        run = watch.__enter__()
        below = SyncAPIClient.__dict__["request"]

        def on_top(self: Any, *arguments: Any, **options: Any) -> Any:
            seen.append("on top")
            return below(self, *arguments, **options)

        other = functools.wraps(below)(on_top) if is_wrapped else on_top
        SyncAPIClient.request = other  # type: ignore[method-assign, assignment]
        ask(client)
        watch.__exit__()
        assert SyncAPIClient.__dict__["request"] is other
        ask(client)
        assert (len(run.calls), seen) == (1, ["on top", "on top"])
        with nb.watch() as again:
            ask(client)
        assert len(again.calls) == 1

        SyncAPIClient.request = below  # type: ignore[method-assign]
        ask(client)  # the first call through the hook that was left takes it out

        assert methods() == ORIGINAL

    def test_one_without_a_with_block_says_what_to_write(self) -> None:
        watch: Any = nb.watch()
        for name in ("calls", "to_frame", "summary"):
            with pytest.raises(AttributeError, match=rf"as run: …, and then run\.{name}\."):
                getattr(watch, name)
        with pytest.raises(AttributeError, match="'Watch' object has no attribute 'call'"):
            _ = watch.call
        assert not hasattr(watch, "_repr_mimebundle_")

    def test_a_watch_is_used_once(self) -> None:
        watch = nb.watch()
        with watch:
            pass
        with pytest.raises(RuntimeError, match=r"Make another: with aiml_nb\.watch"), watch:
            pass

    def test_a_recording_that_fails_is_not_noticed(
        self, client: OpenAI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> None:
            raise LookupError("broken")

        monkeypatch.setattr(recording.Recording, "note_head", fail)
        with nb.watch() as run:
            assert ask(client).choices[0].message.content == ANSWER
            assert ask(client).choices[0].message.content == ANSWER

        assert len(run.notices) == 1
        assert "LookupError: broken" in run.notices[0]

        items = nb.run([1, 2], lambda item: ask(client), progress=False)
        assert [call.outcome for call in items.calls] == ["ok", "ok"]
        assert ["LookupError: broken" in notice for notice in items.notices] == [True]


class TestWhere:
    def test_what_the_simulator_answers_is_marked(self, endpoint: nb.Endpoint) -> None:
        @nb.step
        def look_up(client: OpenAI) -> None:
            ask(client, model=endpoint.model)

        address = {"base_url": endpoint.base_url, "api_key": endpoint.key.reveal()}
        simulated = OpenAI(**address, http_client=open_http())  # type: ignore[arg-type]
        with nb.watch() as run:
            look_up(simulated)
        assert run.simulated

        items = nb.run([1, 2], lambda item: look_up(simulated), progress=False)
        assert items.simulated
        assert [len(call.children) for call in items.calls] == [1, 1]

    @pytest.mark.parametrize("how", ["pool", "thread", "executor", "shared pool"])
    def test_what_a_thread_calls_belongs_to_the_item_that_started_it(
        self, client: OpenAI, how: str
    ) -> None:
        shared = ThreadPoolExecutor(2)

        def in_threads(item: str) -> None:
            if how == "thread":
                threads = [threading.Thread(target=ask, args=(client,)) for _ in range(3)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            elif how == "shared pool":
                list(shared.map(lambda _: ask(client), range(3)))
            else:
                with ThreadPoolExecutor(3) as pool:
                    list(pool.map(lambda _: ask(client), range(3)))

        async def in_executor(item: str) -> None:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(None, ask, client) for _ in range(3)))

        function = in_executor if how == "executor" else in_threads
        with nb.watch() as watched:
            run = nb.run(["a", "b", "c"], function, progress=False)
        shared.shutdown()

        assert [len(call.children) for call in run.calls] == [3, 3, 3]
        assert [[child.index for child in call.children] for call in run.calls] == [[0, 1, 2]] * 3
        assert watched.calls == []
        assert threading.Thread.__dict__["start"] is START
        assert ThreadPoolExecutor.__dict__["submit"] is SUBMIT

    @pytest.mark.parametrize("path", ["/chat/completions", "/chat/completions/"])
    def test_whichever_client_asks_it(self, endpoint: nb.Endpoint, path: str) -> None:
        headers = {"Authorization": f"Bearer {endpoint.key.reveal()}"}
        with nb.watch() as run, httpx.Client(verify=trust_nothing()) as http:
            http.post(endpoint.base_url + path, json=CHAT, headers=headers)

        assert (run.base_url, run.simulated) == (endpoint.base_url, True)

    def test_what_another_answers_is_not(self, server: ModelServer, client: OpenAI) -> None:
        with nb.watch() as run:
            ask(client)

        assert not run.simulated
        assert run.base_url == server.base_url

    def test_calls_of_run_are_left_to_their_own_record(self, endpoint: nb.Endpoint) -> None:
        with nb.watch() as run:
            ours = nb.run(["One?", "Two?"], endpoint, progress=False)
            nb.run(["Three?"], endpoint, strategy="sequential", stream=True, progress=False)

        assert [call.outcome for call in ours.calls] == ["ok", "ok"]
        assert run.calls == []

    def test_many_at_once_come_in_the_order_in_which_they_began(self, server: ModelServer) -> None:
        async def main() -> None:
            async with open_async(server) as client:
                messages = [[{"role": "user", "content": f"Question {n}"}] for n in range(40)]
                await asyncio.gather(
                    *(client.chat.completions.create(model="m", messages=m) for m in messages)  # type: ignore[arg-type]
                )

        with nb.watch() as run:
            asyncio.run(main())

        assert [call.prompt for call in run.calls] == [f"Question {n}" for n in range(40)]
        assert [call.index for call in run.calls] == list(range(40))
        starts = [call.started for call in run.calls]
        assert starts == sorted(starts, key=float)  # type: ignore[arg-type]
        assert run.max_concurrency == 40

    def test_a_task_that_goes_on_is_unfinished_and_its_end_is_written_down(
        self, server: ModelServer
    ) -> None:
        gate = threading.Event()
        server.gates = [gate]
        begun = asyncio.Event()

        async def read(client: AsyncOpenAI) -> None:
            async for _ in await client.chat.completions.create(**CHAT, stream=True):
                begun.set()

        async def main() -> nb.Run:
            async with open_async(server) as client:
                with nb.watch() as run:
                    task = asyncio.create_task(read(client))
                    await begun.wait()
                assert run.calls[0].error == NOT_READ
                gate.set()
                await task
                return run

        run = asyncio.run(main())

        assert (run.calls[0].outcome, run.calls[0].text) == ("ok", ANSWER)

    def test_what_is_sent_after_the_watch_for_a_call_that_began_in_it_is_seen(
        self, server: ModelServer
    ) -> None:
        server.failures = [429, 200]

        async def main() -> nb.Run:
            async with open_async(server) as client:
                with nb.watch() as run:
                    task = asyncio.create_task(client.chat.completions.create(**CHAT))
                    while not (run.calls and run.calls[0].attempts):
                        await asyncio.sleep(0)
                assert methods() != ORIGINAL
                await task
                return run

        (call,) = asyncio.run(main()).calls

        assert [attempt.status for attempt in call.attempts] == [429, 200]
        assert (call.outcome, call.text) == ("ok", ANSWER)
        assert methods() == ORIGINAL

    def test_a_function_that_sleeps_in_a_coroutine_is_named(self, server: ModelServer) -> None:
        async def sleepy(client: AsyncOpenAI) -> None:
            time.sleep(0.3)  # noqa: ASYNC251  the very mistake
            await client.chat.completions.create(**CHAT)

        async def main() -> None:
            async with open_async(server) as client:
                await asyncio.gather(*(sleepy(client) for _ in range(3)))

        with nb.watch() as run:
            asyncio.run(main())

        (notice,) = run.notices
        assert notice.startswith("sleepy() held the event loop")
        assert "of test_watch.py" in notice
        assert run.loop_lag_max == pytest.approx(0.3, abs=0.15)

    def test_so_is_one_that_uses_the_blocking_client(
        self, server: ModelServer, client: OpenAI
    ) -> None:
        async def blocking() -> None:
            gate = threading.Event()
            server.gates.append(gate)
            threading.Timer(0.3, gate.set).start()
            list(ask(client, stream=True))

        async def main() -> None:
            await asyncio.gather(blocking(), blocking())

        with nb.watch() as run:
            asyncio.run(main())

        (notice,) = run.notices
        assert notice.startswith("blocking() held the event loop 2 times")

    def test_an_import_is_no_fault_of_who_needs_it_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "site-packages"
        folder.mkdir()
        (folder / "library_that_is_large.py").write_text("import time; time.sleep(0.2)")
        monkeypatch.syspath_prepend(folder)

        async def use() -> None:
            import_module("library_that_is_large")

        with LoopWatcher() as loops:
            asyncio.run(use())

        assert loops.held == []

    def test_clients_that_are_made_for_each_call_are_summed_up(self, server: ModelServer) -> None:
        """Each takes 3 to 50 ms, of which nothing would be said; most are seen by no look."""
        took: list[float] = []

        def open_own() -> AsyncOpenAI:
            started = time.perf_counter()
            client = AsyncOpenAI(base_url=server.base_url, api_key="sk-canary")
            took.append(time.perf_counter() - started)
            return client

        async def ask_with_own() -> None:
            async with open_own() as client:
                await client.chat.completions.create(**CHAT)

        async def main() -> None:
            async with asyncio.TaskGroup() as tasks:
                while sum(took) < 0.6:
                    tasks.create_task(ask_with_own())
                    await asyncio.sleep(0)

        with nb.watch() as run:
            asyncio.run(main())

        (notice,) = run.notices
        told = re.fullmatch(
            r"open_own\(\) held the event loop for about (\d+) ms in all while it made clients "
            r"\(line \d+ of test_watch\.py\)\. Make one client, and use it for all calls\.",
            notice,
        )
        assert told is not None
        assert int(told[1]) / 1000 == pytest.approx(sum(took), rel=0.5)
        assert run.loop_lag_total == pytest.approx(int(told[1]) / 1000, abs=0.001)

    def test_blocking_code_that_is_no_coroutine_holds_nothing(
        self, server: ModelServer, client: OpenAI
    ) -> None:
        gate = threading.Event()
        server.gates.append(gate)
        threading.Timer(0.2, gate.set).start()
        with nb.watch() as run:
            list(ask(client, stream=True))

        assert (run.notices, run.loop_lag_max) == ([], None)


class TestStop:
    """A process that is stopped, as by a closed laptop, is nobody's fault."""

    def stop(self, seconds: float) -> None:
        """Stop this process, while the code that calls this is being held."""
        script = f"kill -STOP {os.getpid()}; sleep {seconds}; kill -CONT {os.getpid()}"
        with subprocess.Popen(["/bin/sh", "-c", script]) as shell:
            shell.wait(20)

    @pytest.mark.slow
    @pytest.mark.alone
    def test_of_a_watched_program(self, server: ModelServer) -> None:
        async def ask_and_stop(client: AsyncOpenAI) -> None:
            self.stop(0.8)
            await client.chat.completions.create(**CHAT)

        async def main() -> None:
            async with open_async(server) as client:
                await asyncio.gather(*(ask_and_stop(client) for _ in range(2)))

        with nb.watch() as run:
            asyncio.run(main())

        assert [each for each in run.notices if "held the event loop" in each] == []
        assert run.notices[0].startswith("The process was stopped for 1.")

    @pytest.mark.slow
    @pytest.mark.alone
    async def test_of_a_function(self) -> None:
        async def ask(item: int) -> None:
            self.stop(0.8)

        run = await nb.run_async([1], ask, progress=False)

        (notice,) = run.notices
        assert notice.startswith("The process was stopped for 0.")
        assert run.loop_lag_max is not None
        assert run.loop_lag_max < 0.3


class TestLook:
    def test_a_look_keeps_nothing_of_the_users(self) -> None:
        class Thing:
            pass

        def use() -> weakref.ref[Thing]:
            thing = Thing()
            time.sleep(0.1)  # while it is looked at
            return weakref.ref(thing)

        with nb.watch():
            gone = [use()() is None for _ in range(5)]

        assert sum(gone) >= 3  # one may be looked at in the moment of its end

    def test_no_garbage_is_collected_in_the_middle_of_one(self) -> None:
        """It would run finalizers, and the thread go on: its frames would be gone."""
        may_end, read = threading.Event(), list[int]()

        def wait(depth: int = 200) -> None:
            wait(depth - 1) if depth else may_end.wait()

        def note(*_: object) -> None:
            each = sys._getframe(1)
            if each.f_code is read_stack.__code__:
                read.append(len(each.f_locals.get("stack", ())))

        thread, threshold = threading.Thread(target=wait), gc.get_threshold()
        thread.start()
        gc.callbacks.append(note)
        gc.set_threshold(50)
        try:
            depth = max(len(read_stack(thread.ident or 0)) for _ in range(20))
        finally:
            gc.set_threshold(*threshold)
            gc.callbacks.remove(note)
            may_end.set()
            thread.join()

        assert depth > 200
        assert [frames for frames in read if 0 < frames < depth] == []
        assert gc.isenabled()


class TestSteps:
    def test_what_a_step_calls_is_within_it(self, server: ModelServer, client: OpenAI) -> None:
        @nb.step
        def look_up(question: str) -> str:
            return str(ask(client).choices[0].message.content)

        @nb.step("write it down")
        async def write(question: str) -> str:
            return await asyncio.to_thread(look_up, question)

        assert asyncio.run(write("a")) == ANSWER  # nothing is watched
        with nb.watch() as run:
            assert asyncio.run(write("a")) == ANSWER
            ask(client)

        step, call = run.calls
        (inner,) = step.children
        (leaf,) = inner.children
        assert [(each.api, each.prompt) for each in (step, inner)] == [
            ("step", "write it down"),
            ("step", "look_up"),
        ]
        assert (leaf.api, leaf.text, call.text) == ("chat", ANSWER, ANSWER)
        assert step.started <= inner.started <= leaf.started < leaf.finished  # type: ignore[operator]
        assert leaf.finished <= inner.finished <= step.finished  # type: ignore[operator]

    def test_one_that_raises_says_what(self) -> None:
        @nb.step
        def fail() -> None:
            raise LookupError("nothing there")

        with nb.watch() as run, pytest.raises(LookupError):
            fail()

        (call,) = run.calls
        assert (call.outcome, call.error_type) == ("error", "exception")
        assert call.error == "LookupError: nothing there"

    def test_what_it_raises_is_judged_as_what_a_function_raises(self) -> None:
        class UnspeakableError(Exception):
            def __str__(self) -> str:
                raise LookupError("no words")

        @nb.step
        def fail(error: Exception) -> None:
            raise error

        def explain(error: Exception) -> tuple[str | None, str | None]:
            with nb.watch() as run, pytest.raises(type(error)):
                fail(error)
            (call,) = run.calls
            items = nb.run([error], fail, progress=False)
            assert items.calls[0].children[0].error_type == items.calls[0].error_type
            return call.error_type, call.error

        assert explain(UnspeakableError()) == ("exception", "UnspeakableError")
        assert explain(TimeoutError("mine")) == ("exception", "TimeoutError: mine")
        assert explain(ConnectionRefusedError("x")) == ("exception", "ConnectionRefusedError: x")

    @pytest.mark.parametrize("what", [7, "x", int, (n for n in ())])
    def test_what_is_no_function_is_refused(self, what: Any) -> None:
        def generate() -> Iterator[int]:
            yield 1

        with pytest.raises(TypeError, match="step"):
            nb.step(generate)
        with pytest.raises(TypeError, match="step"):
            nb.step(what)(what) if isinstance(what, str) else nb.step(what)


def test_a_watched_run_is_shown_saved_and_read_as_any(
    server: ModelServer, client: OpenAI, tmp_path: Path
) -> None:
    server.failures = [429, 200]
    with nb.watch() as run:
        ask(client)
        list(ask(client, stream=True))
        client.embeddings.create(model="e", input="Where?")

    assert wait_until(lambda: run.calls[-1].finished) is not None
    again = nb.read_saved(nb.to_jsonl(run, tmp_path / "run.jsonl", texts=True))
    assert again.calls == run.calls
    assert "sk-canary" not in (tmp_path / "run.jsonl").read_text()
    assert len(run.to_frame()) == 3
    assert nb.plot_timeline(run) is not None
    assert len(run.summary()) == 1
    assert nb.what_if(run) is not None

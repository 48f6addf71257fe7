"""Promises that belong to no one module, tested as a user meets them."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.failures import Failure
from aiml_nb.records import Call
from aiml_nb.runner import journal_path
from aiml_nb.runner.call import CallRunner
from aiml_nb.runner.execute import execute
from aiml_nb.runner.plan import make_plan
from aiml_nb.runner.plan_text import describe_plan
from aiml_nb.runner.retries.retry_policy import MAX_429S, Retries
from aiml_nb.runner.retries.tries import Tries

from ..raw_server import JSON_HEAD, RawServer, raw_server
from ..rows import in_turn, slow
from ..waiting import give_way, let_pass, wait_until
from .conftest import SkippingClock, connect_faulty, reopen, run_skipping
from .test_run import CHOICE, GOOD, read_log

BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])
BODY = GOOD % CHOICE
EVENT = b'data: {"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n'
EVENTS = (
    EVENT % (b'{"content":"Yes, "}', b"null")
    + EVENT % (b'{"content":"G\xc3\xa9.."}', b"null")
    + EVENT % (b"{}", b'"stop"')
    + b"data: [DONE]\n\n"
)
TEXT = "Yes, Gé.."
START = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n"


def in_chunks(body: bytes) -> bytes:
    pieces = [body[at : at + 95] for at in range(0, len(body), 95)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


FORMS = {  # the reply, whether it is a stream, and whether it says itself where it ends
    "plain": (START % (b"application/json", b"content-length: %d\r\n" % len(BODY)) + BODY, True),
    "chunked": (
        START % (b"application/json", b"transfer-encoding: chunked\r\n") + in_chunks(BODY),
        True,
    ),
    "until it closes": (START % (b"application/json", b"connection: close\r\n") + BODY, False),
    "events in chunks": (
        START % (b"text/event-stream", b"transfer-encoding: chunked\r\n") + in_chunks(EVENTS),
        True,
    ),
    "events until it closes": (
        START % (b"text/event-stream", b"connection: close\r\n") + EVENTS,
        False,
    ),
}


class TestGoodReplyCutAtEveryByte:
    """A cut reply is never taken for a whole one, and what came of it is kept."""

    @pytest.mark.parametrize(("form", "strategy"), in_turn(FORMS, ("sequential", "gather")))
    def test_is_never_taken_for_a_whole_one(self, form: str, strategy: str) -> None:
        reply, tells_its_end = FORMS[form]
        is_stream = b"event-stream" in reply
        with cutting_server(reply) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            run = nb.run(
                [f"Cut at {cut}" for cut in range(len(reply) + 1)],
                endpoint,
                strategy=strategy,
                max_concurrency=10,
                stream=is_stream,
                max_attempts=1,
            )

        head = reply.index(b"\r\n\r\n") + 4
        # Where no length is told, the answer is known to be whole once its reason has come.
        whole = reply.rindex(b"}") + 1 if not is_stream else reply.index(b'"stop"') + 10
        text = TEXT if is_stream else "Yes."
        for cut, call in enumerate(run.calls):
            least = len(reply) if tells_its_end and not is_stream else whole
            if cut < least:
                assert call.outcome in {"error", "incomplete"}, cut
                assert call.error
            if cut < head:
                assert (call.outcome, call.text) == ("error", ""), cut
            if call.outcome == "incomplete":
                assert is_stream
            assert text.startswith(call.text)
            assert len(call.attempts) == 1
        assert (run.calls[-1].outcome, run.calls[-1].text) == ("ok", text)
        if is_stream:  # text that came before the cut is kept
            assert {"", "Yes, ", TEXT} == {call.text for call in run.calls}


@contextmanager
def cutting_server(reply: bytes) -> Iterator[RawServer]:
    """Answer the prompt "Cut at N" with the first N bytes of `reply`, and close."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")

    def answer(connection: socket.socket) -> None:
        with connection:
            data = b""
            while b"}]" not in data and b"GET" not in data[:3]:
                data += connection.recv(65536)
            if data.startswith(b"GET"):
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n")
                return
            cut = int(data.partition(b"Cut at ")[2].partition(b'"')[0])
            connection.sendall(reply[:cut])
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            while connection.recv(65536):
                pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=[connection], daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


class TestConnecting:
    """Row 10, after the run has begun: what was not sent is tried again, and never billed."""

    @BOTH
    def test_a_server_that_goes_away_is_a_connect_error_of_each_call(self, strategy: str) -> None:
        with listening_once() as (base_url, _):
            endpoint = nb.connect(base_url=base_url, verbose=False)
            run = run_skipping(["Who?", "Why?"], endpoint, strategy=strategy, outage=0)

        for call in run.calls:
            assert (call.outcome, call.error_type) == ("error", "connect")
            assert len(call.attempts) == 3
            assert not any(attempt.possibly_billed for attempt in call.attempts)
            assert "given up after 3 attempts" in (call.error or "")

    @BOTH
    def test_an_unknown_host_is_named(self, strategy: str) -> None:
        endpoint = nb.connect(
            base_url="https://no-such-host.invalid/v1", api_key="k" * 20, verbose=False
        )
        with pytest.raises(nb.EndpointError, match=r"answered at 'https://no-such-host\.invalid"):
            nb.run(["Who?"], endpoint, strategy=strategy, journal=False)


@contextmanager
def listening_once() -> Iterator[tuple[str, list[bytes]]]:
    """Answer one request, the warm-up, and be gone."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        listener.close()
        with connection:
            requests.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", requests
    thread.join(5)


class TestRedirects:
    """Rows 35-37, S3: neither the prompt nor the key goes to a second server."""

    @BOTH
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_the_second_server_sees_nothing(self, status: int, strategy: str) -> None:
        with raw_server(JSON_HEAD + BODY) as second:
            fault = {"status": status, "headers": {"location": f"{second.base_url}/x"}}
            endpoint = connect_faulty(faults={"*": [fault] * 3})
            call = nb.run(["Who?"], endpoint, strategy=strategy).calls[0]

        assert (call.outcome, call.error_type, len(call.attempts)) == ("error", "redirect", 1)
        assert second.requests == []


class TestSyncEqualsAsync:
    """Promise R9: the same script of faults gives the same records; only times differ."""

    @pytest.mark.parametrize("stream", [slow(False), True])
    def test_three_faults_in_ten(self, stream: bool) -> None:
        records = []
        for strategy in ("sequential", "threads", "gather", "workers"):
            run = run_skipping(
                [f"Question {n}?" for n in range(60)],
                connect_faulty("chaos", speed=500, seed=3),
                strategy=strategy,
                max_concurrency=3,
                stream=stream,
                timeout=10_000,
            )
            records.append([describe(call) for call in run.calls])

        assert records[1:] == records[:1] * 3
        assert {outcome for outcome, *_ in records[0]} >= {"ok", "error"}


def describe(call: Call) -> tuple[object, ...]:
    """Return what must not depend on the strategy; how much of a broken body came may."""
    attempts = [(each.number, each.status, each.error_type) for each in call.attempts]
    text = call.text if call.outcome == "ok" else None
    return call.outcome, call.error_type, attempts, text


class Draws(SkippingClock):
    """Chance that always draws the most, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def draw(self, most: float) -> float:
        self.asked.append(most)
        return most


class TestRetryPolicy:
    """Section 4 of the promises, with chance in hand."""

    def judge_all(
        self, error_type: str, count: int, *, n_calls: int = 1000, most: int = 3
    ) -> tuple[list[float | None], list[float]]:
        clock, tries = Draws(), Tries()
        retries = Retries(n_calls, most, clock)
        failure = Failure(error_type, None, False, "No.")
        waits = [retries.judge(failure, tries, streamed=False, left=1e9).wait for _ in range(count)]
        return waits, clock.asked

    def test_failures_wait_up_to_half_a_power_of_two(self) -> None:
        assert self.judge_all("503", 3) == ([1.0, 2.0, None], [1.0, 2.0])
        assert self.judge_all("503", 8, most=9)[0] == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0, 20.0]

    def test_what_was_sent_without_a_reply_is_sent_once_more(self) -> None:
        assert self.judge_all("no_reply", 2)[0] == [1.0, None]
        assert self.judge_all("no_reply", 2, most=2)[0] == [1.0, None]
        assert self.judge_all("connect", 3)[0] == [1.0, 2.0, None]

    def test_other_failures_before_it_do_not_keep_it_from_being_sent_once_more(self) -> None:
        def judge(most: int, *kinds: str) -> list[bool]:
            retries, tries = Retries(1000, most, Draws()), Tries()
            failures = (Failure(kind, None, False, "No.") for kind in kinds)
            return [
                retries.judge(each, tries, streamed=False, left=1e9).wait is not None
                for each in failures
            ]

        assert judge(3, "503", "no_reply", "503") == [True, True, False]
        assert judge(3, "no_reply", "503", "no_reply") == [True, True, False]
        assert judge(4, "503", "no_reply", "503", "503") == [True, True, True, False]

    def test_who_allows_more_attempts_allows_more_of_those_that_are_perhaps_billed(self) -> None:
        assert self.judge_all("no_reply", 3, most=4)[0] == [1.0, 2.0, None]
        assert self.judge_all("no_reply", 4, most=5)[0] == [1.0, 2.0, 4.0, None]

    def test_429s_wait_up_to_a_power_of_two_and_eight_times(self) -> None:
        waits, asked = self.judge_all("429", MAX_429S + 1)

        assert waits == [2.0, 4.0, 8.0, 16.0, 20.0, 20.0, 20.0, 20.0, None]
        assert asked[:5] == [1.0, 3.0, 7.0, 15.0, 19.0]  # above the second that each waits

    def test_jitter_is_full(self) -> None:
        """Waits are spread from nothing to the bound; after a 429 from one second."""
        failure, limited = Failure("503", 503, True, "No."), Failure("429", 429, False, "No.")
        retries = Retries(10**6, 3, SkippingClock())
        waits = [
            retries.judge(failure, Tries(), streamed=False, left=99).wait or 0 for _ in range(500)
        ]
        pauses = [
            retries.judge(limited, Tries(mostly_refused=2), streamed=False, left=99).wait or 0
            for _ in range(500)
        ]

        assert min(waits) < 0.05
        assert 0.95 < max(waits) <= 1
        assert 1 <= min(pauses) < 1.2
        assert 7.5 < max(pauses) <= 8

    @pytest.mark.parametrize("most", [1, 3])
    def test_a_hint_pauses_all_even_if_its_own_call_is_given_up(self, most: int) -> None:
        retries = Retries(10, most, Draws())
        later = Failure("429", 429, False, "Slow down.", retry_after=40)
        verdict = retries.judge(later, Tries(), streamed=False, left=99)

        assert (verdict.wait is None) == (most == 1)
        assert verdict.pause == 40

    def test_a_wait_that_nobody_asked_for_is_not_told_as_the_servers(self) -> None:
        endpoint = connect_faulty(faults={"*": [429] * 3})

        call = run_skipping(["Who?"], endpoint, timeout=0.5).calls[0]

        assert "no time is left for another attempt" in (call.error or "")


class TestPoliteness:
    def test_the_server_is_quoted_where_the_run_is_stopped(self) -> None:
        """Row 5."""
        run = run_skipping(["Q"], connect_faulty(faults={"*": "free-limit"}))

        assert "free limit for the hour" in (run.stopped or "")
        assert "free limit for the hour" in (run.calls[0].error or "")


class TestSpend:
    def test_a_call_lost_in_a_kill_counts_against_the_caps(self, tmp_path: Path) -> None:
        endpoint, path = connect_faulty(), tmp_path / "j.jsonl"
        options: dict[str, Any] = {"max_tokens": 100, "prices": (0.0, 1e4), "max_cost": 2.5}
        run_skipping(["A", "B"], endpoint, strategy="sequential", journal=path, **options)
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [n for n in lines if b'"timing"' not in n and b'"aiml_nb_end"' not in n]
        path.write_bytes(b"".join(kept))  # as if it had been killed with both in flight

        journal, plan = reopen(path, endpoint, max_cost=2.5)
        again = execute(plan, journal=journal, clock=SkippingClock())

        # Two lost calls may have cost 1 dollar each; a third fits no more than half.
        assert [call.error_type for call in again.calls] == ["blocked_by_budget"] * 2
        assert again.stopped is not None
        assert "$2.000000 are spent or reserved" in again.stopped

    def test_the_plan_is_printed_before_the_first_paid_call(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        said_before: list[str] = []
        with raw_server(JSON_HEAD + BODY) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            monkeypatch.setattr(type(endpoint), "may_cost", property(lambda _: True))
            plan = make_plan(["Who?"] * 3, endpoint, max_tokens=50, strategy="sequential")
            watch(server, lambda: said_before.append(capsys.readouterr().out))
            execute(plan)

        assert "at most 1 in flight and 56 requests in all" in said_before[0]
        assert "at most 150 out" in said_before[0]

    def test_the_plan_of_a_run_that_goes_on_is_of_what_is_left(
        self, endpoint: nb.Endpoint, tmp_path: Path
    ) -> None:
        path = tmp_path / "j.jsonl"
        nb.run(["A", "B", "C"], endpoint, journal=path, max_calls=1, max_tokens=50)

        journal, plan = reopen(path, endpoint)
        journal.close_without_writing()

        assert describe_plan(plan).startswith("Plan: 2 calls to")
        assert "and 38 requests in all" in describe_plan(plan)
        assert "at most 100 out" in describe_plan(plan)

    def test_the_plan_counts_what_each_prompt_may_use(self, endpoint: nb.Endpoint) -> None:
        own = [{"prompt": "a", "max_tokens": 5000}] * 3

        assert "at most 15,000 out" in describe_plan(make_plan(own, endpoint, max_tokens=20))
        assert "at most 30,000 out" in describe_plan(make_plan(own, endpoint, n=2))
        some = describe_plan(make_plan([*own, "b"], endpoint))
        assert "max_tokens is not set for 1 of them." in some

    def test_the_budgets_of_a_run_that_goes_on_are_for_what_is_left(self, tmp_path: Path) -> None:
        endpoint, path = connect_faulty(), tmp_path / "j.jsonl"
        nb.run([f"Q{n}" for n in range(120)], endpoint, journal=path, max_calls=118)

        journal, plan = reopen(path, endpoint, max_calls=None)
        caller = CallRunner(plan, on_finished=lambda call: None)
        journal.close_without_writing()

        assert caller._after_attempt.retries.max_requests == 2 + 4 + 16 + 16
        assert "and 38 requests in all" in describe_plan(plan)

    @BOTH
    def test_the_warm_up_is_a_list_of_models_and_costs_nothing(self, strategy: str) -> None:
        with raw_server(JSON_HEAD + BODY) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            nb.run(["Who?"], endpoint, strategy=strategy)

        assert [request.split(b" HTTP")[0] for request in server.requests] == [
            b"GET /v1/models",
            b"POST /v1/chat/completions",
        ]
        for request in server.requests:
            assert b"accept-encoding: identity\r\n" in request.lower()  # row 14


def watch(server: RawServer, do: Any) -> None:
    """Call `do` when the server gets its first chat completion."""

    class Watched(list[bytes]):
        def append(self, request: bytes) -> None:
            if b"/chat/completions" in request and not server.chats:
                do()
            super().append(request)

    server.requests = Watched(server.requests)


class TestInterrupt:
    @pytest.mark.parametrize("strategy", ["sequential", "threads", "gather", "workers"])
    def test_ctrl_c_while_it_sleeps_between_attempts(self, strategy: str) -> None:
        """Row 40: the sleep ends at once, and the call that slept is a record."""
        endpoint = connect_faulty(faults={"*": ["retry-after:25"] * 3})

        def press() -> None:
            wait_until(lambda: any(r["finished"] for r in read_log(endpoint)["requests"]))
            let_pass(0.2)
            os.kill(os.getpid(), signal.SIGINT)

        pressing = threading.Thread(target=press)
        began = time.monotonic()
        pressing.start()
        with pytest.raises(KeyboardInterrupt):
            nb.run(["A", "B", "C"], endpoint, strategy=strategy, max_concurrency=2)
        pressing.join()

        assert time.monotonic() - began < 10  # and not 25
        run = nb.last_run()
        assert run is not None
        assert {call.outcome for call in run.calls} <= {"cancelled", "not_started"}
        assert run.calls[0].attempts[0].status == 429
        before = len(read_log(endpoint)["requests"])
        let_pass(0.3)
        assert len(read_log(endpoint)["requests"]) == before

    def test_ctrl_c_in_asyncio_run(self) -> None:
        endpoint = nb.connect(verbose=False)
        threading.Timer(0.8, os.kill, (os.getpid(), signal.SIGINT)).start()

        with pytest.raises(KeyboardInterrupt):
            asyncio.run(nb.run_async(nb.prompts.FAQ[::-1] * 3, endpoint, max_concurrency=2))

        run = nb.last_run()
        assert run is not None
        outcomes = [call.outcome for call in run.calls]
        assert outcomes.count("cancelled") == 2
        assert set(outcomes) <= {"ok", "cancelled", "not_started"}


async def test_the_loop_is_never_held_for_long_by_a_run_with_its_display() -> None:
    """Promise R11. Counted is the work between two turns: a loaded machine adds none."""
    endpoint = nb.connect(speed=5, verbose=False)
    await nb.run_async(["Who?"], endpoint, progress=True)  # imports what is needed
    gaps: list[float] = []

    async def beat() -> None:
        before = time.thread_time()
        while True:
            await give_way()
            now = time.thread_time()
            gaps.append(now - before)
            before = now

    heart = asyncio.create_task(beat())
    run = await nb.run_async(
        [f"Q{n}" for n in range(15)], endpoint, stream=True, progress=True, max_concurrency=5
    )
    heart.cancel()

    assert {call.outcome for call in run.calls} == {"ok"}
    assert len(gaps) > 100
    assert max(gaps) <= 0.05


class TestPlainData:
    """Row 49: what a run leaves can be copied, pickled and sent to another process."""

    @BOTH
    def test_records_of_every_kind_are(self, strategy: str) -> None:
        faults = {"Q0": 400, "Q1": "close", "Q2": "surrogate", "Q3": "html:200", "Q4": [503, 200]}
        run = run_skipping(
            [f"Q{n}" for n in range(8)],
            connect_faulty(faults=faults),
            strategy=strategy,
            max_concurrency=1,
        )

        assert len({call.error_type for call in run.calls}) >= 4
        assert pickle.loads(pickle.dumps(run)) == run  # noqa: S301  our own
        assert deepcopy(run) == run
        assert only_plain(asdict(run))

    def test_a_forked_process_can_run_while_its_parent_does(self, endpoint: nb.Endpoint) -> None:
        script = """
import os, sys, warnings
import aiml_nb as nb
endpoint = nb.connect(base_url=sys.argv[1], verbose=False)
nb.run(["Who?"], endpoint)
with endpoint.open() as client:
    try:
        client.models.list()
    except Exception as error:
        assert "404" in str(error)
    child = os.fork()
    run = nb.run(["Who?"] * 3, endpoint, max_concurrency=2)
    assert {call.outcome for call in run.calls} == {"ok"}, run.calls
    if child == 0:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("done")
"""
        with raw_server(JSON_HEAD + BODY) as server:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", script, server.base_url],
                check=False,
                capture_output=True,
                text=True,
                timeout=60,
            )
        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def only_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and only_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(only_plain, value))
    return value is None or type(value) in {str, int, float, bool}


class TestNames:
    """Row 47: no name that others give leads a file out of its place."""

    @pytest.mark.parametrize("name", ["../../x", "/etc/x", "CON", "x\0y", "x" * 300, "a/b\\c"])
    def test_names_of_models_and_calls_make_no_paths(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path / "a" / "b"
        home.mkdir(parents=True)
        monkeypatch.chdir(home)
        monkeypatch.setattr(journal_path, "JOURNALS", Path("aiml-nb-journals"))
        prompt = {"custom_id": name, "body": {"messages": [{"role": "user", "content": name}]}}
        with raw_server(JSON_HEAD + BODY) as server:
            endpoint = nb.connect(base_url=server.base_url, model=name, verbose=False)
            run = nb.run([prompt], endpoint, journal=True)
        nb.to_csv(run, "run.csv")
        nb.to_jsonl(run, "run.jsonl")
        nb.to_chrome_trace(run, "run.json")

        assert run.calls[0].outcome == "ok"
        files = {each.relative_to(tmp_path) for each in tmp_path.rglob("*") if each.is_file()}
        (journal,) = {each for each in files if each.parent.name == "aiml-nb-journals"}
        assert set(journal.name) <= set("0123456789abcdef-.jsonl")
        assert {each.name for each in files - {journal}} == {"run.csv", "run.jsonl", "run.json"}
        assert {each.parent for each in files - {journal}} == {Path("a/b")}


QUIET = """
import sys
asked = []
def hear(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind",
                 "subprocess.Popen", "os.posix_spawn"}:
        asked.append((event, str(arguments)))
sys.addaudithook(hear)
import importlib, pkgutil
import aiml_nb
for module in pkgutil.walk_packages(aiml_nb.__path__, "aiml_nb."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
aiml_nb.connect(verbose=False, base_url="http://127.0.0.1:9/v1")
assert asked == [], asked
print(len(sys.modules))
"""


def test_importing_everything_asks_no_network_and_starts_no_program() -> None:
    """Promise S7."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert int(done.stdout) > 500


@pytest.mark.parametrize("strategy", ["sequential", "threads", "gather"])
def test_the_users_variables_for_another_provider_change_nothing(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise S7: in the requests themselves."""
    for name in ("API_KEY", "BASE_URL", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET", "ADMIN_KEY"):
        monkeypatch.setenv(f"OPENAI_{name}", "canary-0123456789")
    with raw_server(JSON_HEAD + BODY) as server:
        run = nb.run(
            ["Who?"], nb.connect(base_url=server.base_url, verbose=False), strategy=strategy
        )

    assert run.calls[0].outcome == "ok"
    assert not any(b"canary" in request for request in server.requests)


def test_hostile_answers_break_no_table_no_picture_no_file_and_no_page(tmp_path: Path) -> None:
    """Promises R12, S4: all that is made of a run, with all that an answer can hold."""
    nasty = [
        *("\0 \x1b[2J \x07", "\u2028\u2029\x85", "$$ $\\frac{1}{$ $x_$", "\u202e \u2066 \u200b"),
        *(
            "\ud800",
            "=1+1",
            "<script>alert(1)</script>",
            "![x](http://127.0.0.1/x.png)",
            "é" * 9999,
        ),
    ]
    replies = {n: {"status": 200, "text": text} for n, text in enumerate(nasty, 1)}
    prompts = [text.replace("\ud800", "?") + "?" for text in nasty]
    endpoint = connect_faulty(faults=replies)
    run = run_skipping(prompts, endpoint, strategy="sequential", journal=tmp_path / "j.jsonl")

    assert [call.text for call in run.calls] == nasty
    assert len(run.to_frame()) == len(run.attempts_frame()) == len(nasty)
    assert len(run.summary()) == 1
    nb.plot_timeline(run).savefig(tmp_path / "run.png")
    page = run._repr_mimebundle_()
    assert "<script>alert" not in json.dumps(page.get("text/html", ""))
    assert "127.0.0.1/x.png" not in json.dumps({k: v for k, v in page.items() if "markdown" in k})
    for write in (nb.to_csv, nb.to_jsonl, nb.to_chrome_trace):
        write(run, tmp_path / write.__name__, texts=True)
    journal, plan = reopen(tmp_path / "j.jsonl", endpoint)
    journal.close_without_writing()
    assert plan.run.calls == run.calls

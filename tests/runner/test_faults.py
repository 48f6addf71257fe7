"""Every fault a server can make has its outcome, its attempts and its time; sync equals async.

The rows are numbered as the project's table of faults; those about journals, plots and names are
tested where those are.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.runner.retries.retry_policy import FIRST_RETRIES

from ..raw_server import raw_server
from ..rows import in_turn
from ..waiting import wait_until_async
from .conftest import connect_faulty, run_skipping
from .test_run import read_log

STRATEGIES = ("sequential", "gather")


@dataclass(frozen=True)
class Row:
    """A fault that every request of a call meets, and what becomes of the call."""

    number: str
    fault: Any
    outcome: str
    error_type: str | None
    attempts: int = 1
    stream: bool = False
    keeps_text: bool | None = False  # None: the client may or may not have passed it on
    timeout: float = 20.0


ROWS = [
    *(Row("1", status, "error", str(status)) for status in (400, 404, 422)),
    *(Row("2", status, "error", str(status)) for status in (413, 418, 425)),
    Row("3", 408, "error", "408", attempts=3),
    Row("3", 409, "error", "409"),
    Row("4", 429, "error", "429", attempts=9, timeout=1000.0),
    *(Row("6", status, "error", str(status), attempts=3) for status in (500, 502, 503, 504, 529)),
    Row("6", 501, "error", "501"),
    Row("7", "should-retry", "error", "400"),
    Row("7", "should-not-retry", "error", "503"),
    Row("8", {"status": 502, "fault": "html"}, "error", "502", attempts=3),
    Row("11", "close", "error", "no_reply", attempts=2),
    Row("11", "reset", "error", "no_reply", attempts=2),
    Row("12", "close:50%", "error", "no_reply", attempts=2),
    Row("12", "reset:50%", "error", "no_reply", attempts=2),
    Row("13", "garbage", "error", "protocol"),
    Row("13", "bad-status-line", "error", "protocol"),
    Row("13", "huge-header", "error", "protocol"),
    Row("14", "bad-gzip", "error", "encoding"),
    Row("14", "gzip", "ok", None, keeps_text=True),
    Row("17", "bad-json", "error", "bad_response"),
    Row("17", "empty", "error", "bad_response"),
    Row("18", "bad-utf8", "error", "bad_response"),
    Row("18", "deep-json", "error", "bad_response"),
    Row("19", "html:200", "error", "bad_response"),
    Row("19", "unasked-stream", "ok", None, keeps_text=True),
    *(
        Row("20", name, "error", "bad_response")
        for name in ("null", "list", "object", "string", "error-in-200", "no-choices")
    ),
    Row("20", "wrong-choices", "error", "bad_response"),
    Row("21", "empty-choices", "incomplete", None),
    Row("21", "null-content", "incomplete", None),
    Row("22", "nan", "ok", None, keeps_text=True),
    Row("23", "wrong-type", "ok", None, keeps_text=True),
    Row("23", "no-type", "ok", None, keeps_text=True),
    Row("24", "end:60%", "incomplete", None, stream=True, keeps_text=True),
    Row("25", "half-event", "incomplete", None, stream=True, keeps_text=True),
    Row("26", "reset:70%", "error", "no_reply", stream=True, keeps_text=True),
    Row("26", "close:70%", "error", "no_reply", stream=True, keeps_text=True),
    Row("27", "bad-event", "error", "bad_response", stream=True, keeps_text=True),
    Row("27", "bad-utf8-event", "error", "bad_response", stream=True, keeps_text=True),
    Row("28", "error-event", "error", "stream", stream=True, keeps_text=True),
    Row("28", "error-text-event", "error", "stream", stream=True, keeps_text=True),
    Row("29", "json-for-stream", "ok", None, stream=True, keeps_text=True),
    Row("29", "html:200", "error", "bad_response", stream=True),
    Row("30", "usage-event", "ok", None, stream=True, keeps_text=True),
    Row("30", "comments", "ok", None, stream=True, keeps_text=True),
    Row("31", "stall", "timeout", "deadline", timeout=1.0),
    Row("32", "trickle-head:0.1", "timeout", "deadline", timeout=1.0),
    Row("32", "trickle-body:0.1", "timeout", "deadline", timeout=1.0),
    Row("32", "pings:0.1", "timeout", "deadline", timeout=1.0, stream=True),
    Row("33", "huge-body", "error", "too_large"),
    Row("33", "gzip-bomb", "error", "too_large"),
    Row("34", "huge-line", "error", "too_large", stream=True, keeps_text=None),
    Row("35", {"status": 302, "headers": {"location": "/v1/models"}}, "error", "redirect"),
    Row("36", "redirect:http://127.0.0.1:1/v1", "error", "redirect"),
    Row("37", "redirect-loop", "error", "redirect"),
    Row("44", "surrogate", "ok", None, keeps_text=True),
    Row("48", "hostile-text", "ok", None, keeps_text=True),
]


# What ends a whole run: the row, and the fault.
STOPPING: list[tuple[int, int | str]] = [
    *((1, 401), (1, 403)),
    *((5, "no-credit"), (5, "free-limit"), (5, "no-quota")),
    (9, "echo-key"),
]


def name_row(row: Row) -> str:
    return f"{row.number}-{row.fault if isinstance(row.fault, int | str) else row.fault['status']}"


@pytest.mark.parametrize(
    ("row", "strategy"),
    in_turn(ROWS, STRATEGIES),
    ids=lambda value: name_row(value) if isinstance(value, Row) else None,
)
def test_each_fault_has_its_outcome_attempts_and_time(row: Row, strategy: str) -> None:
    endpoint = connect_faulty(faults={"*": [row.fault] * 10})

    began = time.perf_counter()
    call = run_skipping(
        ["Who?"], endpoint, strategy=strategy, stream=row.stream, timeout=row.timeout
    ).calls[0]
    took = time.perf_counter() - began

    assert (call.outcome, call.error_type) == (row.outcome, row.error_type)
    assert len(call.attempts) == row.attempts
    assert row.keeps_text in (None, bool(call.text))
    assert all(attempt.finished is not None for attempt in call.attempts)
    chats = [r for r in read_log(endpoint)["requests"] if r["number"] is not None]
    assert len(chats) == row.attempts
    if row.outcome == "timeout":
        assert took <= row.timeout + 0.5
    if row.outcome != "ok":
        assert call.error
        assert len(call.error) < 600


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "faults", [[503], [500, 502], [429], [429] * 5, ["reset"], ["close:50%"], [408, 429, 503]]
)
def test_what_passes_is_tried_again_until_it_has(strategy: str, faults: list[Any]) -> None:
    endpoint = connect_faulty(faults={"*": faults})

    call = run_skipping(["Who?"], endpoint, strategy=strategy, timeout=1000).calls[0]

    assert call.outcome == "ok"
    assert call.error is None
    assert len(call.attempts) == len(faults) + 1
    for attempt in call.attempts[1:]:
        assert attempt.backoff_time > 0
    assert call.backoff_time == pytest.approx(
        (call.duration or 0) - sum(a.finished - a.started for a in call.attempts),  # type: ignore[operator]
        abs=1e-6,
    )
    assert [a.status == 200 for a in call.attempts] == [False] * len(faults) + [True]


@pytest.mark.parametrize("strategy", [*STRATEGIES, "threads"])
@pytest.mark.parametrize("fault", [fault for _, fault in STOPPING])
def test_what_no_call_can_survive_stops_the_run(strategy: str, fault: Any) -> None:
    """Rows 1, 5, 9: of 100 prompts at most `max_concurrency` are sent; the server is quoted."""
    endpoint = connect_faulty(faults={"*": [fault] * 3})

    run = run_skipping(
        [f"Question {n}?" for n in range(100)], endpoint, strategy=strategy, max_concurrency=5
    )

    outcomes = [call.outcome for call in run.calls]
    assert outcomes.count("error") <= 5
    assert outcomes.count("error") + outcomes.count("not_started") == 100
    assert len([r for r in read_log(endpoint)["requests"] if r["number"] is not None]) <= 5
    assert run.stopped
    assert len(run.stopped) < 400
    assert endpoint.key.reveal() not in repr(run.calls) + run.stopped
    left = next(call for call in run.calls if call.outcome == "not_started")
    assert left.error
    assert "stopped" in left.error


@pytest.mark.parametrize("strategy", STRATEGIES)
class TestRetryAfter:
    @pytest.mark.parametrize(
        ("fault", "least", "most"),
        [
            ("retry-after:7", 7, 8),
            ("retry-after-ms:2500", 2.5, 3.5),
            ("retry-after-date:9", 7.5, 9.5),
            ("retry-after:0", 1, 1.5),
            ("retry-after:58", 58, 59),
            ({"status": 503, "headers": {"retry-after": "35"}}, 35, 36),
        ],
    )
    def test_is_honoured_but_never_under_a_second(
        self, strategy: str, fault: Any, least: float, most: float
    ) -> None:
        endpoint = connect_faulty(faults={"*": [fault]})

        call = run_skipping(["Who?"], endpoint, strategy=strategy).calls[0]

        assert call.outcome == "ok"
        assert least <= call.backoff_time <= most

    @pytest.mark.parametrize(("fault", "timeout"), [("retry-after:40", 30), ("retry-after:9", 5)])
    def test_beyond_its_time_the_call_fails_and_says_when_to_come_back(
        self, strategy: str, fault: str, timeout: float
    ) -> None:
        endpoint = connect_faulty(faults={"*": [fault]})

        call = run_skipping(["Who?"], endpoint, strategy=strategy, timeout=timeout).calls[0]

        assert (call.outcome, call.error_type, len(call.attempts)) == ("error", "429", 1)
        assert call.error is not None
        assert f"come back in {fault[-2:].strip(':')} s" in call.error


@pytest.mark.parametrize("strategy", STRATEGIES)
class TestBudgetsOfTheRun:
    def test_a_server_that_only_fails_is_soon_left_alone(
        self, strategy: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        endpoint = connect_faulty(faults={"*": [500] * 9}, speed=1000)

        run = run_skipping([f"Q{n}" for n in range(120)], endpoint, strategy=strategy)

        assert {call.outcome for call in run.calls} == {"error"}
        most = max(FIRST_RETRIES, run.max_concurrency)
        assert sum(len(call.attempts) for call in run.calls) == 120 + most
        (said,) = run.notices
        assert "retry_share=0.5" in said
        assert "retry_failed=True" in said
        assert capsys.readouterr().err.count(said) == 1

    def test_three_failures_in_ten_use_no_budget_up(self, strategy: str) -> None:
        endpoint = connect_faulty(fault_shares={500: 0.3}, seed=4, speed=1000)

        questions = [f"Q{n}" for n in range(300)]
        run = run_skipping(questions, endpoint, strategy=strategy, timeout=100_000)

        assert run.notices == []
        lost = [call for call in run.calls if call.outcome != "ok"]
        assert {len(call.attempts) for call in lost} <= {3}
        assert len(lost) < 300 * 0.05

    def test_429s_are_retried_as_often_as_there_are_calls_but_at_least_twenty_times(
        self, strategy: str
    ) -> None:
        endpoint = connect_faulty(faults={"*": [429] * 99})

        run = run_skipping(
            [f"Q{n}" for n in range(5)], endpoint, strategy=strategy, timeout=100_000
        )

        assert {call.outcome for call in run.calls} == {"error"}
        assert sum(len(call.attempts) for call in run.calls) == 5 + 20

    def test_one_attempt_means_one(self, strategy: str) -> None:
        endpoint = connect_faulty(faults={"*": [429] * 3})

        run = run_skipping(["Who?"], endpoint, strategy=strategy, max_attempts=1)

        assert len(run.calls[0].attempts) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_https_address_of_an_http_server_gets_a_hint(strategy: str) -> None:
    """Row 15."""
    with raw_server(b"") as server:
        endpoint = nb.connect(base_url=server.base_url.replace("http:", "https:"), verbose=False)
        with pytest.raises(nb.EndpointError, match="http or https"):
            nb.run(["Who?"], endpoint, strategy=strategy)


def test_the_pool_never_makes_a_call_wait() -> None:
    """Row 38: queue time stands apart from durations."""
    endpoint = nb.connect(speed=20, verbose=False)

    run = nb.run([f"Q{n}" for n in range(120)], endpoint, max_concurrency=100)

    assert {call.outcome for call in run.calls} == {"ok"}
    waited = [call for call in run.calls if (call.queue_time or 0) > 0.01]
    assert len(waited) >= 15


async def test_a_cancelled_run_leaves_the_next_one_unharmed() -> None:
    """Row 39."""
    prompts = [f"Q{n}" for n in range(20)]
    endpoint = connect_faulty(faults=dict.fromkeys(prompts, "stall"))
    handle = nb.start(prompts, endpoint, max_concurrency=20)
    calls = handle.partial.calls
    await wait_until_async(lambda: all(call.started is not None for call in calls))
    handle.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handle

    assert {call.outcome for call in handle.partial.calls} == {"cancelled"}
    assert (await nb.run_async(["Who?"], endpoint)).calls[0].outcome == "ok"

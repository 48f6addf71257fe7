"""The records that the golden files tell of: one of every kind, and every outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiml_nb.records import Attempt, Call, Comparison, LimitChange, Run

from ..analysis import watched
from ..analysis.builders import call, faq, make_run, make_sync, timed, with_retries

Shown = Run | Comparison | list[Run]
HOSTILE = 'a\ud800b, "=1+1"\r\n\u202e\u5bd2\u3044 <b>$x_1$</b> \x1b[31mred'


def _reply(*texts: str | None, **more: Any) -> dict[str, Any]:
    choices = [
        {
            "index": number,
            "message": {"role": "assistant", "content": text} | more,
            "finish_reason": "tool_calls" if "tool_calls" in more else "stop",
        }
        for number, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m-2026",
        "choices": choices,
        "usage": usage,
    }


def _answered(started: float, finished: float, text: str, **fields: Any) -> Call:
    known: dict[str, Any] = {
        "text": text,
        "finish_reason": "stop",
        "input_tokens": 11,
        "output_tokens": 7,
        "cost": 0.00012,
        "model": "m-2026",
        "body": _reply(text),
    }
    return call(started, finished, **known | fields)


def every_outcome() -> Run:
    """Return a streamed run in which every outcome occurs, with tools, choices and odd texts."""
    tool = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}
    lost = Attempt(number=1, started=2.0, finished=2.4, error_type="no_reply", possibly_billed=True)
    again = Attempt(
        number=2,
        started=3.1,
        first_token=3.3,
        finished=4.0,
        status=200,
        backoff_time=0.7,
        request_id="req-9",
        reconnects=1,
    )
    calls = [
        _answered(0.0, 1.5, "Four.", first_token=0.4),
        _answered(0.0, 1.2, "", first_token=0.5, body=_reply(None, tool_calls=[tool])),
        _answered(0.1, 1.9, "red", first_token=0.6, body=_reply("red", "blue", reasoning="Hm.")),
        _answered(1.2, 2.0, HOSTILE, first_token=1.3, parameters={"temperature": 0.5}),
        _answered(2.0, 4.0, "Late.", first_token=3.3, attempts=[lost, again]),
        with_retries(2.0, times=(0.1, 1.5, 0.9)),
        with_retries(2.0, times=(0.1, 1.6, 0.9, 2.0, 0.2), outcome="error"),
        call(2.0, 3.0, outcome="incomplete", text="Half", finish_reason="length", first_token=2.2),
        call(2.0, 2.6, outcome="refused", error="No.", finish_reason="content_filter"),
        call(2.1, 5.1, outcome="timeout", error_type="deadline", error="It took over 3 s."),
        call(3.0, 3.2, outcome="cancelled"),
        call(outcome="not_started", error_type="blocked_by_budget"),
    ]
    limits = [
        LimitChange(at=0.0, limit=4, cause="start"),
        LimitChange(at=2.1, limit=3, cause="429"),
    ]
    return make_run(
        *calls,
        prompts=[f"Question {number}? {HOSTILE if number == 4 else ''}" for number in range(12)],
        stream=True,
        max_concurrency=4,
        run_id="0123456789ab",
        limit_history=limits,
        loop_lag_max=0.004,
        loop_lag_total=0.02,
        stopped="max_calls=12 was reached",
        parameters={"max_tokens": 50, "system": "Be brief."},
        notices=["The server was away for 3 s."],
        strategy="workers",
        simulated=True,
        seed=3,
        service="scenario=hiccups",
        started_at=1_700_000_000.0,
    )


def one_by_one() -> Run:
    return make_sync(*timed((0, 1), (1, 3), (3, 3.5)), prompts=["a", "b", "c"])


def several_pairs() -> Comparison:
    pairs = []
    for factor in (1.0, 1.1, 0.9, 1.05, 0.97):
        sync = make_sync(*timed(*((factor * i, factor * (i + 1)) for i in range(6))))
        concurrent = make_run(*timed(*((0, factor * (1 + i / 5)) for i in range(6))))
        pairs.append((sync, concurrent))
    return Comparison(pairs=pairs, order_seed=7)


def several_strategies() -> list[Run]:
    return [
        one_by_one(),
        make_run(*timed((0, 1.1), (0, 2), (0, 0.6)), prompts=["a", "b", "c"]),
        make_run(
            *timed((0, 1.0), (0, 2.1), (1.0, 1.6)),
            prompts=["a", "b", "c"],
            strategy="workers",
            max_concurrency=2,
        ),
    ]


def many() -> Run:
    """Return more calls than rows fit on a page."""
    spans = [(0.1 * (i // 5), 0.1 * (i // 5) + 0.3 + 0.01 * (i * 7 % 13)) for i in range(120)]
    return make_run(*timed(*spans), max_concurrency=25)


CASES: dict[str, Callable[[], Shown]] = {
    "faq": faq,
    "every-outcome": every_outcome,
    "one-by-one": one_by_one,
    "several-pairs": several_pairs,
    "several-strategies": several_strategies,
    "many": many,
    "watched": watched.mixed,
    "functions": lambda: watched.agents(3),
}

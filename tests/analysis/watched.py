"""Runs as a watch or a function leaves them: calls of several kinds, and calls within calls."""

from __future__ import annotations

from aiml_nb.records import Attempt, Call, Run

from .builders import LONG, SHORT, call, item, make_run, step, watch_run
from .schedules import seeded


def faq_sync() -> Run:
    return watch_run(
        call(0, 3.05, first_token=0.62, text="Wayne Gretzky and four more"),
        call(3.06, 4.21, first_token=3.6, text="4"),
        prompts=[LONG, SHORT],
    )


def faq_concurrent() -> Run:
    return watch_run(
        call(0, 3.12, first_token=0.71, text="Wayne Gretzky and four more"),
        call(0.002, 1.29, first_token=0.6, text="4"),
        prompts=[LONG, SHORT],
    )


def chain(n: int = 50, *, slots: int = 8) -> Run:
    """Return items of three steps, each with a call: of embeddings, of chat, of chat."""
    draw, free, made = seeded(5), [0.0] * slots, []
    for i in range(n):
        slot = free.index(min(free))
        at = started = free[slot]
        steps = []
        for name, api, mean in (
            ("look up", "embeddings", 0.25),
            ("draft", "chat", 0.9),
            ("check", "chat", 0.4),
        ):
            took = mean * draw.uniform(0.6, 1.5)
            first = at + 0.02 + 0.3 * took if api == "chat" else None
            inner = call(at + 0.01, at + 0.01 + took, first_token=first, api=api, prompt="p")
            steps.append(step(name, at, at + took + 0.03, inner))
            at += took + 0.04
        free[slot] = at
        made.append(item(started, at, *steps, prompt=f"Ticket {i + 1}"))
    return make_run(*made, strategy="workers", max_concurrency=slots)


def agents(n: int = 8) -> Run:
    """Return agents that ask, use a tool or two at once, and ask again: 3 to 6 calls each."""
    draw, made = seeded(8), []
    for i in range(n):
        at, children = 0.0, []
        for turn in range(draw.randint(2, 4)):
            took = draw.uniform(0.5, 1.4)
            children.append(call(at, at + took, first_token=at + 0.3, prompt=f"turn {turn}"))
            at += took
            if turn < 2:
                tools = [
                    call(at + 0.01 * k, at + draw.uniform(0.2, 0.6), api="embeddings")
                    for k in range(1 + (i + turn) % 2)
                ]
                children.append(step("search", at, at + 0.62, *tools))
                at += 0.64
        made.append(item(0, at, *children, prompt=f"Find a flight to city {i + 1}"))
    return make_run(*made, max_concurrency=n)


def mixed() -> Run:
    """Return a watch of calls of several kinds and models."""
    return watch_run(
        call(0, 0.31, api="embeddings", model="text-embedding-3-small", prompt="All our documents"),
        call(0.02, 0.24, api="moderations", model="omni-moderation", prompt="Is this allowed?"),
        call(0.33, 1.9, first_token=0.7, model="gpt-5-mini", prompt="Summarise them"),
        call(0.34, 2.6, first_token=0.9, api="responses", model="gpt-5", prompt="Criticise them"),
        call(0.35, 1.2, model="gpt-5-mini", prompt="Name them"),
        call(2.62, 5.1, api="images", model="flux", prompt="Draw the best of them"),
        call(2.63, 3.4, api="speech", model="tts-1", prompt="Read it out"),
    )


def hidden_retries() -> Run:
    """Return a watch of a client that tried twice again before it was answered."""
    tries = [
        Attempt(number=1, started=0.0, finished=0.1, status=429, error_type="429"),
        Attempt(
            number=2, started=0.6, finished=0.7, status=429, error_type="429", backoff_time=0.5
        ),
        Attempt(number=3, started=1.7, finished=2.6, status=200, backoff_time=1.0),
    ]
    return watch_run(
        call(0, 2.6, attempts=tries, prompt="The one that was refused"),
        call(0, 0.8, prompt="The one that was not"),
        call(0.1, 1.1, prompt="And a third"),
    )


def unfinished() -> Run:
    """Return a watch that was left while calls went on, or had been given up."""
    return watch_run(
        call(0, 1.0, first_token=0.3, prompt="answered"),
        call(0.1, None, outcome="incomplete", prompt="still under way"),
        call(0.1, 0.9, first_token=0.4, outcome="incomplete", prompt="left early"),
        call(0.2, 0.7, outcome="cancelled", prompt="given up"),
        call(0.3, 1.4, outcome="error", error_type="connect", error="No way.", prompt="lost"),
        call(0.3, 2.0, outcome="timeout", error_type="deadline", prompt="late"),
    )


def many(n: int = 2000, *, slots: int = 40) -> Run:
    """Return a watch of many calls, of which every fifth is of embeddings."""
    draw, free, made = seeded(4), [0.0] * slots, []
    for i in range(n):
        slot = free.index(min(free))
        started = free[slot]
        took = draw.lognormvariate(-0.2, 0.5) * (0.2 if i % 5 == 0 else 1)
        free[slot] = started + took
        chat = i % 5 != 0
        first = started + 0.3 * took if chat else None
        made.append(
            call(started, started + took, first_token=first, api="chat" if chat else "embeddings")
        )
    return watch_run(*made)


def hostile_items() -> list[Call]:
    """Return items whose children are where none should be, and names that nobody would give."""
    deep = call(0.4, 0.5)
    for _ in range(50):
        deep = item(0.3, 0.6, deep, api="step", prompt="x" * 10_000)
    crowd = [call(0.1 + 0.0001 * i, 0.9, api="embeddings") for i in range(1000)]
    return [
        item(0, 1, call(-5, -4), call(3, 4), call(0.5, 9), call(-1, 0.2), prompt="outside"),
        item(0, 1, call(), call(None, 0.5), call(0.5, None), call(0.7, 0.6), prompt="no stamps"),
        item(0, 1, *crowd, prompt="a crowd"),
        item(0, 1, deep, prompt="deep"),
        item(0, 1, step("<b>$\\frac{1}{$\x00\u202e" * 900, 0.1, 0.9, call(0.2, 0.8, api="<i>$x"))),
        item(0, None, call(0.2, 0.5), step("", 0.5, None, call(0.6, None)), prompt="never ended"),
        item(None, None, call(0.2, 0.5), outcome="not_started"),
        call(0, 1, children=[call(0.2, 0.4, api="responses")], prompt="a call within a call"),
    ]

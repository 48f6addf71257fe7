"""Print by how much caps are passed, one line a case: ``python -m tests.runner.caps_table``.

Servers report in wrong ways what their answers used; shown is what the answers really used above
the cap, and by how much more the bound allows that is stated in `aiml_nb.runner.limits.caps`: what
an answer has above what was set aside for it when it was sent.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import aiml_nb as nb
from aiml_nb.endpoint import Endpoint
from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.records import Run

from ..waiting import block
from .gated_server import Reply, gated_server

CAP = 60_000
DEFAULT_RESERVE, RESERVE_FACTOR, ASSUMED = 4096, 2, 500
# A text of so many tokens, about as common tokenizers have it.
SCRIPTS: dict[str, Callable[[int], str]] = {
    "Latin": lambda n: "word " * n,
    "Chinese": lambda n: "好" * n,
    "Hindi": lambda n: "न" * n,
    "code": lambda n: "x=🙂;\n" * (n // 5),  # three signs, and an emoji of two
}
LENGTHS: dict[str, Callable[[int], int]] = {
    "one length": lambda number: 2_000,
    "longer than the room": lambda number: 9_000,
    "longer each time": lambda number: 100 * number,
    "short, then long": lambda number: 20 if number < 30 else 6_000,
}
# What a server says of the tokens that went in and came out.
REPORTS: dict[str, Callable[[int, int], Any]] = {
    "right": lambda i, o: {"prompt_tokens": i, "completion_tokens": o, "total_tokens": i + o},
    "missing": lambda i, o: ...,
    "null": lambda i, o: None,
    "text": lambda i, o: {"prompt_tokens": str(i), "completion_tokens": str(o)},
    "negative": lambda i, o: {"prompt_tokens": -i, "completion_tokens": -o, "total_tokens": -1},
    "zero": lambda i, o: {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    "too few": lambda i, o: {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    "NaN": lambda i, o: {"prompt_tokens": float("nan"), "completion_tokens": float("nan")},
    "endless": lambda i, o: {"prompt_tokens": 10**400, "completion_tokens": 10**400},
    "a list": lambda i, o: [i, o],
    "bool": lambda i, o: {"prompt_tokens": True, "completion_tokens": True},
    "total alone": lambda i, o: {"total_tokens": i + o},
    "other names": lambda i, o: {"tokens_in": i, "tokens_out": o},
}


@dataclass
class Row:
    """A case: how the server reports, the script and the lengths of its answers, and the run."""

    report: str
    script: str
    lengths: str
    in_flight: int
    strategy: str

    def __str__(self) -> str:
        return f"{self.report}, {self.script}, {self.lengths}, {self.in_flight}, {self.strategy}"


ROWS = [
    Row(report, script, lengths, in_flight, strategy)
    for number, (report, script, in_flight) in enumerate(product(REPORTS, SCRIPTS, (1, 8, 200)))
    for lengths in [list(LENGTHS)[(number + number // 4 + number // 12) % 4]]
    for strategy in [("gather", "threads")[number % 2] if in_flight < 200 else "gather"]
]


def reply(text: str, **more: Any) -> Reply:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return 200, json.dumps(body | {k: v for k, v in more.items() if v is not ...}).encode()


def connect_to(base_url: str, *, provider: str = "custom") -> Endpoint:
    return Endpoint(
        base_url=base_url, model="m", provider=provider, key=ApiKey("none", source="the test")
    )


def run_row(row: Row, **options: Any) -> tuple[Run, int]:
    """Make the calls of a row with a cap on tokens; return what its answers have really used."""
    numbers, lock = iter(range(1, 10_000)), threading.Lock()
    prompt = SCRIPTS[row.script](40)

    def answer(body: dict[str, Any]) -> Reply:
        with lock:
            tokens = LENGTHS[row.lengths](next(numbers))
        block(0.005)
        return reply(SCRIPTS[row.script](tokens), usage=REPORTS[row.report](44, tokens))

    with gated_server(chat=answer) as server:
        run = nb.run(
            [prompt] * 300,
            connect_to(server.base_url),
            strategy=row.strategy,
            max_concurrency=row.in_flight,
            max_total_tokens=CAP,
            progress=False,
            **options,
        )
    return run, sum(44 + tokens_of(row, call.text) for call in run.calls if call.attempts)


def tokens_of(row: Row, text: str) -> int:
    if row.script == "code":
        return text.count("x=") * 5
    return len(text) // len(SCRIPTS[row.script](1))


def bound_of(row: Row, run: Run) -> int:
    """Return what the answers have above what is set aside for them, by the stated rule."""
    calls = [call for call in run.calls if call.started is not None]
    excess = 0
    for call in calls:
        before = [tokens_of(row, c.text) for c in calls if ended(c) <= (call.started or 0.0)]
        is_alone = not any(
            c is not call and (c.started or 0.0) <= (call.started or 0.0) < ended(c) for c in calls
        )
        largest = max(before, default=0)
        room = (largest or ASSUMED) if is_alone else max(DEFAULT_RESERVE, RESERVE_FACTOR * largest)
        excess += max(0, tokens_of(row, call.text) - room)
    return excess


def ended(call: nb.Call) -> float:
    return call.finished or 0.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runner.caps_table", description=__doc__)
    parser.add_argument("every", nargs="?", type=int, default=1, help="only each n-th row (1)")
    every, worst = parser.parse_args(arguments).every, 0.0
    print(f"{'report, script, answers, in flight, strategy':<58} sent  used   above  bound")
    for row in ROWS[::every]:
        run, used = run_row(row)
        above, bound = max(0, used - CAP), bound_of(row, run)
        sent = sum(call.started is not None for call in run.calls)
        verdict = "" if above <= bound else "  FAILED"
        worst = max(worst, above - bound)
        print(f"{row!s:<58} {sent:>4} {used:>6} {above:>6} {bound:>6}{verdict}", flush=True)
    print(f"largest above the bound: {worst:g}")
    return int(worst > 0)


def telling_rows() -> Iterator[Row]:
    """Yield what the ordinary tests try."""
    yield Row("negative", "Chinese", "longer than the room", 200, "gather")
    yield Row("too few", "Hindi", "one length", 8, "threads")
    yield Row("right", "Latin", "short, then long", 200, "gather")


if __name__ == "__main__":
    raise SystemExit(main())

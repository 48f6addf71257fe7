"""Runs of every layout, with prompts and names that are hard to place, for tests of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from aiml_nb.records import Call, Comparison, Grid, LimitChange, LoopDelay, Run

from ..analysis import watched
from ..analysis.builders import call, make_run, make_sync, timed, watch_run, with_retries
from ..analysis.schedules import chunked, first_come, seeded

PROMPTS = {
    "short": ["a", "b?"],
    "long": [
        "List the 5 most famous hockey players of all times, and say for each of them why: ",
        "Jumping gypsies: quickly, jog by my puppy, and explain what the queue is good for! ",
    ],
    "unbroken": ["W" * 300, "https://example.org/" + "a/very/long/path/without/any/blank" * 9],
    "emoji": ["🎉🏒🥅🎊 Who won the hockey game? 🏆🇨🇦👩‍👩‍👧‍👦", "🤖" * 60],
    "chinese": ["谁赢得了昨晚的冰球比赛？请列出五位最有名的球员并说明理由", "二加二等于几？" * 9],
    "arabic": ["من فاز في مباراة الهوكي الليلة الماضية؟ اذكر خمسة لاعبين", "מי ניצח במשחק? " * 9],
    "accents": ["Ǻ̧̊ẤỆỖǛ ÅÄÖ̈ jpqgy Ạ̣̄" * 3, "Th́ẹ qu̧ìck ǰu̧mpy gypsy, " * 4],
}
MODELS = [
    "meta-llama/Llama-3.3-70B-Instruct-Turbo-Quantized-W8A8",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "通义千问二点五七十二乘十亿指令微调版",
]
Shown = Any
Builder = Callable[[int, list[str]], Shown]


def _prompted(calls: list[Call], prompts: list[str]) -> list[str]:
    return [prompt for prompt, _ in zip(cycle(prompts), calls, strict=False)]


def _varied(n: int, slots: int) -> list[Call]:
    """Return calls of lengths that differ, some of which fail, are tried again or are cut."""
    draw, free, made = seeded(n * 31 + slots), [0.0] * slots, []
    for i in range(n):
        slot = free.index(min(free))
        start, took = free[slot], draw.lognormvariate(0.3, 0.8)
        if i % 11 == 4:
            made.append(with_retries(start, times=(0.2, 0.3, took)))
        elif i % 13 == 5:
            made.append(with_retries(start, times=(0.1, 0.2, took), outcome="error"))
        elif i % 17 == 6:
            made.append(call(start, start + took, outcome="timeout", error_type="deadline"))
        else:
            cut: dict[str, Any] = {"outcome": "incomplete", "finish_reason": "length"}
            streamed = start + 0.3 * took if i % 2 else None
            fields = cut if i % 5 == 3 else {}
            made.append(call(start, start + took, first_token=streamed, **fields))
        free[slot] = made[-1].finished or 0.0
    return made


def _run(n: int, prompts: list[str], *, slots: int | None = None, **fields: Any) -> Run:
    calls = _varied(n, min(n, slots or n))
    return make_run(
        *calls,
        prompts=_prompted(calls, prompts),
        max_concurrency=slots or max(n, 1),
        **fields,
    )


def _sync(n: int, prompts: list[str], *, slower: float = 1.0) -> Run:
    draw = seeded(n * 37)
    spans, at = [], 0.0
    for _ in range(n):
        took = slower * draw.lognormvariate(0.3, 0.8)
        spans.append((at, at + took))
        at += took
    calls = timed(*spans)
    return make_sync(*calls, prompts=_prompted(calls, prompts))


def alone(n: int, prompts: list[str]) -> Run:
    return _run(n, prompts, slots=max(1, n // 3))


def all_at_once(n: int, prompts: list[str]) -> Run:
    return _run(n, prompts)


def in_turn(n: int, prompts: list[str]) -> Run:
    return _sync(n, prompts)


def pair(n: int, prompts: list[str]) -> Comparison:
    return Comparison(pairs=[(_sync(n, prompts), _run(n, prompts, slots=min(n, 5)))])


def close_pair(n: int, prompts: list[str]) -> Comparison:
    """Return a pair that is nearly equally fast: the bound and the bars end beside each other."""
    sync = _sync(n, prompts, slower=0.25)
    return Comparison(pairs=[(sync, _run(n, prompts, slots=min(n, 2)))])


def fast_pair(n: int, prompts: list[str]) -> Comparison:
    return Comparison(pairs=[(_sync(n, prompts, slower=9), _run(n, prompts, slots=min(n, 20)))])


def even_pair(n: int, prompts: list[str]) -> Comparison:
    """Return a pair whose calls all end just before the bound."""
    spans = [(0.0, 3 - 0.02 * i) for i in range(n)]
    calls = timed(*spans)
    run = make_run(*calls, prompts=_prompted(calls, prompts))
    return Comparison(pairs=[(_sync(n, prompts, slower=1.2), run)])


def limited(n: int, prompts: list[str]) -> Run:
    history = [
        LimitChange(at=0.0, limit=1200, cause="start"),
        LimitChange(at=0.3, limit=4, cause="429"),
        LimitChange(at=1.0, limit=5, cause="ok"),
    ]
    return _run(n, prompts, slots=8, limit_history=history, strategy="adaptive")


def in_batches(n: int, prompts: list[str]) -> Run:
    draw = seeded(n)
    run = chunked([draw.lognormvariate(0.2, 1) for _ in range(n)], slots=max(2, n // 6))
    for made, prompt in zip(run.calls, cycle(prompts), strict=False):
        made.prompt = prompt
    return run


def repeats(n: int, prompts: list[str]) -> Comparison:
    draw = seeded(n)
    return Comparison(
        pairs=[(_sync(4, prompts, slower=draw.uniform(0.4, 2)), _run(4, prompts)) for _ in range(n)]
    )


def strategies(n: int, prompts: list[str]) -> list[Run]:
    names = ["gather", "batches", "workers", "a strategy of a name that nobody would give " * 3]
    slots = [1, 3, 5, 40]
    return [
        _run(n, prompts, slots=slot, strategy=name) for slot, name in zip(slots, names, strict=True)
    ]


def named_runs(n: int, prompts: list[str]) -> dict[str, Run]:
    return {name[:200]: _run(n, prompts, slots=1 + i) for i, name in enumerate([*prompts, *MODELS])}


def grid(n: int, prompts: list[str]) -> Grid:
    """Return variants of long names, whose calls took turns."""
    names = [f"{model}, temperature={heat}" for model in MODELS for heat in (0, 0.7)]
    return Grid(
        runs={name: _run(n, prompts, slots=1 + i, variant=name) for i, name in enumerate(names)}
    )


def watched_models(n: int, prompts: list[str]) -> Run:
    calls = _varied(n, max(1, n // 2))
    for made, model in zip(calls, cycle(MODELS), strict=False):
        made.model = model
    return watch_run(*calls, prompts=_prompted(calls, prompts))


def kinds(n: int, prompts: list[str]) -> Run:
    run = watched.mixed()
    for made, prompt in zip(run.calls, cycle(prompts), strict=False):
        made.prompt = prompt
    return run


def chain(n: int, prompts: list[str]) -> Run:
    run = watched.chain(n, slots=max(1, min(n, 8)))
    for made, prompt in zip(run.calls, cycle(prompts), strict=False):
        made.prompt = prompt
        made.children[0].prompt = prompt[:40]
    return run


def agents(n: int, prompts: list[str]) -> Run:
    run = watched.agents(n)
    for made, prompt in zip(run.calls, cycle(prompts), strict=False):
        made.prompt = prompt
    return run


def many_slots(n: int, prompts: list[str]) -> Comparison:
    draw = seeded(n)
    run = first_come([draw.lognormvariate(0, 1) for _ in range(n)], slots=max(1, n // 8))
    for made in run.calls[::3]:
        made.outcome, made.error_type = "error", "503"
    sync = make_sync(*timed(*((i, i + 1.7) for i in range(n))))
    return Comparison(pairs=[(sync, run)])


def by_workers(n: int, prompts: list[str], *, workers: int = 8) -> Run:
    """Return a run whose attempts were sent by workers, of names that are numbers or addresses."""
    draw = seeded(n * 41 + workers)
    run = _run(n, prompts, slots=max(2, min(n, 4 * workers)))
    for made in run.calls:
        for attempt in made.attempts:
            number = int(draw.random() * workers) + 1
            long = f"tcp://{prompts[0][:20].strip()}.10.0.0.{number}:40{number:03d}"
            attempt.worker = long if n % 2 else f"{number}"
    return run


def by_two(n: int, prompts: list[str]) -> Run:
    return by_workers(n, prompts, workers=2)


def by_forty(n: int, prompts: list[str]) -> Run:
    return by_workers(n, prompts, workers=40)


def pair_by_workers(n: int, prompts: list[str]) -> Comparison:
    return Comparison(pairs=[(_sync(n, prompts), by_workers(n, prompts, workers=3))])


def runs_by_workers(n: int, prompts: list[str]) -> list[Run]:
    return [_run(n, prompts, slots=4), by_two(n, prompts), by_workers(n, prompts)]


def held(n: int, prompts: list[str]) -> Run:
    delays = [
        LoopDelay(started=0.2, duration=0.5, function=each, file="notes.py", line=3)
        for each in ("save_notes", "a_name_that_is_far_too_long_" * 9)
    ]
    return _run(n, prompts, slots=3, loop_delays=delays)


def nothing(n: int, prompts: list[str]) -> Run:
    calls = [call(outcome="not_started") for _ in range(n)]
    return make_run(*calls, prompts=_prompted(calls, prompts))


# Of each layout the numbers of calls it is drawn with, or of pairs.
LAYOUTS: dict[Builder, tuple[int, ...]] = {
    alone: (1, 2, 6, 7, 24, 25, 300, 10_000),
    all_at_once: (2, 6, 24, 60),
    in_turn: (1, 5, 24, 200),
    pair: (1, 2, 6, 7, 24, 60, 500, 10_000),
    close_pair: (2, 6, 20, 30),
    fast_pair: (2, 20, 24, 400),
    even_pair: (2, 6, 24),
    limited: (5, 20, 80, 3000),
    in_batches: (6, 24, 200, 4000),
    repeats: (2, 3, 20),
    strategies: (3, 20, 2000),
    named_runs: (6, 100),
    grid: (2, 20, 300),
    watched_models: (2, 6, 24, 80),
    kinds: (7,),
    chain: (1, 3, 6, 24, 50, 400),
    agents: (3, 8, 24),
    many_slots: (30, 900, 10_000),
    by_two: (6, 23, 99, 3000),
    by_workers: (7, 24, 100, 8000),
    by_forty: (24, 60, 900, 10_001),
    pair_by_workers: (5, 24, 60, 500),
    runs_by_workers: (20, 301),
    held: (3, 20),
    nothing: (2, 24, 40),
}


def cases() -> Iterator[tuple[Builder, int, str]]:
    """Yield each layout with each number of calls and each kind of prompts."""
    for build, numbers in LAYOUTS.items():
        for n in numbers:
            # Beyond rows no prompt is on the page, unless it names a run.
            kept = n <= 24 or build in (named_runs, grid, chain)
            for name in PROMPTS if kept else ["long"]:
                yield build, n, name

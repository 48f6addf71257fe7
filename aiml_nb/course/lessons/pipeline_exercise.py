"""Exercise 10.6: two steps for each text, and no text waits for another."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

from ..engine.exercises import Exercise, require
from ..engine.expect import expect_function, expect_list, require_new
from ..engine.prepared import Prepared, discard_coroutine, is_unawaited
from ..engine.watched_task import watch_task

# The seconds of the first and the second step, by text.
_CASES: tuple[dict[str, tuple[float, float]], ...] = (
    {"long, short": (0.3, 0.02), "short, long": (0.02, 0.2), "middling": (0.1, 0.1)},
    {"early": (0.02, 0.02), "late": (0.25, 0.02)},
    {"alone": (0.02, 0.02)},
    {f"text {number}": (number / 100, 0.5) for number in range(1, 31)},
    {},
)


class _Models:
    """Two models, the second of which wants what the first one gave."""

    def __init__(self, seconds: dict[str, tuple[float, float]]) -> None:
        self._seconds = seconds
        self.first_begun: list[str] = []
        self.first_done: list[str] = []
        self.second_begun: list[tuple[str, int]] = []
        self.ready: dict[str, float] = {}
        self.went_on: dict[str, float] = {}
        self.asked_raw: list[object] = []
        self.begun_before_any_end = 0
        self.prepared = Prepared()

    def first(self, text: str) -> Coroutine[Any, Any, str]:
        return self.prepared.keep(self._first(text), "first")

    def second(self, written: object) -> Coroutine[Any, Any, str]:
        return self.prepared.keep(self._second(written), "second")

    async def _first(self, text: str) -> str:
        self.first_begun.append(text)
        self.begun_before_any_end += not self.first_done
        await asyncio.sleep(self._seconds[text][0])
        self.first_done.append(text)
        self.ready[text] = asyncio.get_running_loop().time()
        return f"[{text}]"

    async def _second(self, written: object) -> str:
        if not (isinstance(written, str) and written.startswith("[")):
            self.asked_raw.append(written)
            discard_coroutine(written)
            return ""
        text = written[1:-1]
        self.second_begun.append((text, len(self.first_done)))
        self.went_on[text] = asyncio.get_running_loop().time()
        await asyncio.sleep(self._seconds[text][1])
        return f"{written}, checked"


def check_pipeline(pipeline: object) -> str:
    """Try texts whose first step is short and long, one text, and none."""
    function = expect_function(pipeline, "pipeline")
    for seconds in _CASES:
        models, texts = _Models(seconds), list(seconds)
        ending = watch_task(
            lambda: function(models.first, models.second, texts),  # noqa: B023
            models.prepared,
        )
        require(
            not models.asked_raw,
            f"second got {_describe(models.asked_raw)}. It wants what first gave: await that, and "
            "hand it on.",
        )
        if ending.error is not None:
            raise ending.error
        _require_results(ending.value, texts)
        _require_steps(models, texts)
    return "Each text goes on as soon as its first step is done."


def _describe(raw: list[object]) -> str:
    if raw and asyncio.iscoroutine(raw[0]):
        return "a coroutine"
    return f"{raw[0]!r:.60}" if raw else "nothing"


def _require_results(value: Any, texts: list[str]) -> None:
    for each in value if isinstance(value, list | tuple) else ():
        require(
            not is_unawaited(each),
            "a result is still to be awaited. Await all texts with one gather.",
        )
    found = expect_list(value, "a result for each text")
    wanted = [f"[{text}], checked" for text in texts]
    require_new(found, wanted)
    require(len(found) == len(wanted), f"it gave {len(found)} results for {len(wanted)} texts.")
    require(
        found == wanted or sorted(map(str, found)) != sorted(wanted),
        "all results are there, but not in the order of the texts. gather gives that.",
    )
    require(found == wanted, f"it gave {found!r:.90}, and {wanted!r:.90} is wanted.")


def _require_steps(models: _Models, texts: list[str]) -> None:
    require(
        len(models.first_begun) == len(models.second_begun) == len(texts),
        f"for {len(texts)} texts first was called {len(models.first_begun)} times, and second "
        f"{len(models.second_begun)} times. Each once.",
    )
    require(
        models.begun_before_any_end == len(texts),
        "a text began when another one was done: they took turns. Start all at the same time.",
    )
    waited = models.second_begun and models.second_begun[0][1] == len(texts) > 1
    require(
        not waited,
        "no second step began before all first steps were done: the quick texts waited for the "
        "slow ones. Put both steps of a text into one coroutine.",
    )
    for text, ready in models.ready.items():
        require(
            math.isclose(models.went_on[text], ready, abs_tol=1e-6),
            f"the first step of {text!r} was done after {ready:g} s, and its second step began "
            f"after {models.went_on[text]:g} s: it waited for another text. Put both steps of a "
            "text into one coroutine.",
        )


EXERCISE = Exercise(
    check_pipeline,
    hints=(
        "What does a single text need? Write that as a coroutine of its own.",
        "In it:  return await second(await first(text)).",
        "return await asyncio.gather(*(go_through(text) for text in texts)).",
    ),
)

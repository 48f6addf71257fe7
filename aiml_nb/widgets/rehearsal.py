"""The two runs of a race: what goes before them, and what comes out of them."""

from __future__ import annotations

from typing import Any

from ..endpoint import connect
from ..records import Comparison, Run


async def warm_up() -> None:
    """Make a call that nobody sees: what a first call loads would hold up those that are timed."""
    endpoint = connect(simulate=True, scenario="instant", verbose=False)
    messages: list[Any] = [{"role": "user", "content": "Ready?"}]
    async with endpoint.open_async() as client:
        reply = await client.chat.completions.create(
            model=endpoint.model, messages=messages, stream=True
        )
        async with reply:
            async for _ in reply:
                pass


def as_result(runs: list[Run]) -> Comparison | list[Run]:
    """Return both runs as a comparison if one of them is sequential, else as they are."""
    first, second = sorted(runs, key=lambda run: run.strategy != "sequential")
    if first.strategy == "sequential" and second.strategy != "sequential":
        return Comparison(pairs=[(first, second)])
    return runs

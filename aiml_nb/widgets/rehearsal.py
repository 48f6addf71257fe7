"""Before and after a race: warm up the client, and turn its two runs into a result."""

from __future__ import annotations

from typing import Any

from ..endpoint import connect
from ..records import Comparison, Run


async def warm_up() -> None:
    """Make an untimed call: the imports of a first call would delay the timed ones."""
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

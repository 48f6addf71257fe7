"""The calls of a race: two runs at once, watched while they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ..endpoint import Endpoint, connect
from ..loop import LoopLag
from ..records import Call, Run
from ..runner.handle import RunHandle, start
from ..runner.plan import make_plan
from .axis import expected_seconds
from .form import Choice
from .rehearsal import warm_up
from .servers import settings_for
from .side import Side

# Seconds between two pictures.
FRAME_INTERVAL = 0.2


class Contest:
    """The two runs of the race that is chosen, being made or over.

    Parameters
    ----------
    endpoint
        Where the calls go; of a simulator each side gets one of its own.
    options
        Of both runs.

    Attributes
    ----------
    handles
        The two runs, once they have been started.
    lateness
        Seconds by which the event loop was late at worst.
    notices
        Of each side why it sends nothing at present, such as a pause that the server asked for.
    """

    def __init__(self, endpoint: Endpoint, options: dict[str, Any]) -> None:
        self._endpoint, self._options = endpoint, options
        self._previewed: list[Side] = []
        self.handles: list[RunHandle] = []
        self.lateness = 0.0
        self.notices: dict[str, str] = {}

    @property
    def sides(self) -> list[Side]:
        """Both sides: as they are, or before they are started as they are chosen."""
        if len(self.handles) < 2:
            return self._previewed
        return [
            Side(letter, handle.partial, handle.done)
            for letter, handle in zip("AB", self.handles, strict=True)
        ]

    @property
    def runs(self) -> list[Run]:
        """The records of both runs."""
        return [handle.partial for handle in self.handles]

    @property
    def left(self) -> float | None:
        """Seconds that it will still take, about; None if nothing is known."""
        known = [handle.remaining for handle in self.handles]
        return max((each for each in known if each is not None), default=None)

    def preview(self, choice: Choice) -> float:
        """Take what is chosen, and forget the last race; return the seconds it will take, about."""
        expected, known = [], self._mean_duration()
        sides = [self._arguments(strategy, choice) for strategy in choice.strategies]
        runs = [make_plan(*arguments, **options).run for arguments, options in sides]
        for (arguments, options), _run in zip(sides, runs, strict=True):
            prompts, endpoint = arguments
            limit = options["max_concurrency"] or 1
            expected.append(expected_seconds(prompts, endpoint, limit=limit, known=known))
        self._previewed = [Side(letter, run) for letter, run in zip("AB", runs, strict=True)]
        self.handles = []
        return max(expected)

    async def run(self, choice: Choice, on_frame: Callable[[], None]) -> None:
        """Make all calls; call `on_frame` several times a second meanwhile, and at the end.

        Raises
        ------
        AimlNbError, OSError, TypeError, ValueError
            As `runner.run`.
        """
        self.handles, self.lateness, self.notices = [], 0.0, {}
        try:
            if self._endpoint.simulated:
                await warm_up()
            for letter, strategy in zip("AB", choice.strategies, strict=True):
                arguments, options = self._arguments(strategy, choice)
                self.handles.append(start(*arguments, **options))
                self.handles[-1].tell(partial(self.notices.__setitem__, letter))
            await self._watch(on_frame)
            for handle in self.handles:
                await handle
        finally:
            for handle in self.handles:
                handle.cancel()
            # Wait for the cancelled runs, so that the last picture shows their final records.
            await asyncio.gather(*self.handles, return_exceptions=True)
            on_frame()

    async def _watch(self, on_frame: Callable[[], None]) -> None:
        has_begun = False
        async with LoopLag() as lag:
            while not all(handle.done for handle in self.handles):
                if not has_begun and all(run.started_at for run in self.runs):
                    has_begun = True
                    lag.begin_again()  # what was late before delayed no call
                on_frame()
                self.lateness = lag.maximum if has_begun else 0.0
                await asyncio.sleep(FRAME_INTERVAL)
        self.lateness = lag.maximum

    def _arguments(self, strategy: str, choice: Choice) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of one side's run."""
        endpoint = self._endpoint
        if endpoint.simulated:
            asked = endpoint.simulator_settings
            settings = settings_for(choice.server, asked, seed=choice.seed, speed=choice.speed)
            endpoint = connect(simulate=True, model=endpoint.model, verbose=False, **settings)
        limit = None if strategy == "sequential" else choice.max_concurrency
        options = self._options | {"strategy": strategy, "max_concurrency": limit}
        return (choice.prompts, endpoint), options

    def _mean_duration(self) -> float | None:
        """Return how long a call of the last race took, on average."""
        took = [_duration(call) for run in self.runs for call in run.calls]
        known = [each for each in took if each is not None]
        return sum(known) / len(known) if known else None


def _duration(call: Call) -> float | None:
    return call.duration if call.outcome == "ok" else None

"""`Race`: two ways to make the same calls, drawn side by side while they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from ..endpoint import Endpoint, connect, describe_endpoint
from ..errors import AimlNbError
from ..plot import display_bundle
from ..prompts import TWENTY
from ..records import Comparison, Run
from ..report.findings import finding
from ..runner.handle import RunHandle, start
from ..runner.plan import make_plan
from .bridge import Bridge
from .cells import register_for_cell
from .form import Choice, Form, check_prompts, check_strategies
from .rehearsal import as_result, warm_up
from .shown import CellWidget
from .side import Side
from .track import draw_race

# Seconds between two pictures.
FRAME_INTERVAL = 0.25

_DISCLAIMER = (
    "Both sides ran at the same time and were drawn meanwhile: this shows, it does not measure. "
    "For numbers to keep, use nb.compare()."
)
_LINE_STYLE = "margin: 0; line-height: 1.4"


class Race(CellWidget):
    """The same prompts by two strategies at once, drawn live; Start, Cancel and a finding.

    What was found stays below as a picture and in words, in the saved notebook too. Running the
    cell again cancels the race and closes its widgets.

    Parameters
    ----------
    prompts
        As in `run`, at most 200; the sample sets can be chosen as well.
    endpoint
        What `connect` returned; None connects as ``connect()`` does. A simulator is asked for
        anew for each side, so that neither is in the other's way.
    strategies
        The strategies of A and B at first; a blocking one works in a thread here.
    max_concurrency, speed
        The limit and the simulator's speed at first.
    stream
        Ask for the answers piece by piece, so that the first token is seen.
    **options
        As in `run`; the same for both sides.

    Raises
    ------
    EndpointError
        If the address or the key cannot be used, or the simulator does not start.
    TypeError, ValueError
        If an argument is wrong.
    """

    def __init__(
        self,
        prompts: object = TWENTY,
        endpoint: Endpoint | None = None,
        *,
        strategies: Sequence[str] = ("sequential", "gather"),
        max_concurrency: int = 5,
        speed: float | None = None,
        stream: bool = True,
        **options: Any,
    ) -> None:
        self._endpoint = endpoint or connect(verbose=False)
        with self._endpoint.open() as client:
            _ = client.chat.completions  # a lazy import that would delay the first calls
        self._options = {"stream": stream, **options}
        speed = speed or self._endpoint.simulator_settings.get("speed") or 4
        first = Choice(
            prompts=check_prompts(prompts),
            strategies=check_strategies(strategies),
            max_concurrency=max_concurrency,
            speed=speed,
        )
        self._form = Form(
            first,
            has_speed=self._endpoint.simulated,
            on_change=self._preview,
            on_start=self.start,
            on_cancel=self.cancel,
        )
        self._bridge = Bridge()
        self._handles: list[RunHandle] = []
        self._result: Comparison | list[Run] | None = None
        # A fixed height, so that the picture does not move when the text changes.
        message = _paragraph(describe_endpoint(self._endpoint))
        self._status = widgets.HTML(message, layout={"min_height": "36px"})
        self._picture = widgets.HTML(layout={"width": "100%"})
        self._disclaimer = widgets.HTML()
        parts = [self._form.view, self._status, self._picture, self._disclaimer]
        super().__init__(widgets.VBox(parts))
        self._preview()
        register_for_cell(self)

    @property
    def result(self) -> Comparison | list[Run] | None:
        """What came out: a `Comparison` if one side was sequential, else both runs; None before."""
        return self._result

    @property
    def running(self) -> bool:
        """True while calls are being made."""
        return self._bridge.busy

    def start(self) -> None:
        """Start the race and return at once, as the button does; raise LoopError in a script."""
        self._bridge.start(self._race)

    def cancel(self) -> None:
        """Give up the calls in flight and send no more; what is known stays."""
        self._bridge.cancel()

    def close(self) -> None:
        """Cancel the race and take it off the page; what stays below stays."""
        self._bridge.cancel()
        super().close()

    def __repr__(self) -> str:
        choice = self._form.choice
        return (
            f"<Race: {choice.strategies[0]} against {choice.strategies[1]}, "
            f"{len(choice.prompts)} prompts>"
        )

    async def _race(self) -> None:
        """Make the calls of both sides and draw them; show how the race ended."""
        self._form.set_running(True)
        self._result, message = None, ""
        self._status.value, self._disclaimer.value = _status("Connecting."), ""
        self._static.update()
        try:
            await self._make_calls()
            message = self._show_finding()
        except asyncio.CancelledError:
            message = _status(f"Cancelled. {self._scores()}")
            raise
        except (AimlNbError, OSError, TypeError, ValueError) as error:
            message = _error(str(error))
        except Exception as error:  # the task is never awaited: show it here, or it is lost
            message = _error(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._status.value = message
            self._form.set_running(False)
            self._static.update()

    async def _make_calls(self) -> None:
        choice = self._form.choice
        if choice.strategies[0] == choice.strategies[1]:
            raise ValueError("Both sides do the same. Choose another strategy for A or B.")
        self._handles = []
        try:
            if self._endpoint.simulated:
                await warm_up()
            for strategy in choice.strategies:
                arguments, options = self._side(strategy, choice)
                self._handles.append(start(*arguments, **options))
            self._status.value = _status("Running.")
            while not all(handle.done for handle in self._handles):
                self._draw()
                await asyncio.sleep(FRAME_INTERVAL)
            for handle in self._handles:
                await handle
        finally:
            for handle in self._handles:
                handle.cancel()
            # Wait for the cancelled runs, so that the last picture shows their final records.
            await asyncio.gather(*self._handles, return_exceptions=True)
            self._draw()

    def _side(self, strategy: str, choice: Choice) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of one side's run."""
        endpoint = self._endpoint
        if endpoint.simulated:
            settings = endpoint.simulator_settings | {"speed": choice.speed}
            endpoint = connect(simulate=True, model=endpoint.model, verbose=False, **settings)
        limit = None if strategy == "sequential" else choice.max_concurrency
        options = self._options | {"strategy": strategy, "max_concurrency": limit}
        return (choice.prompts, endpoint), options

    def _preview(self) -> None:
        """Draw the race that is chosen, before any call is made."""
        choice = self._form.choice
        sides = [self._side(strategy, choice) for strategy in choice.strategies]
        runs = [make_plan(*arguments, **options).run for arguments, options in sides]
        self._picture.value = draw_race(
            [Side(letter, run) for letter, run in zip("AB", runs, strict=True)],
            mark=self._caption(),
        )

    def _sides(self) -> list[Side]:
        return [
            Side(letter, handle.partial, handle.done)
            for letter, handle in zip("AB", self._handles, strict=False)
        ]

    def _draw(self) -> None:
        if not self._handles:
            return
        self._picture.value = draw_race(self._sides(), mark=self._caption())

    def _caption(self) -> str:
        if not self._endpoint.simulated:
            return ""
        speed = self._form.choice.speed
        return "Simulated." if speed == 1 else f"Simulated, {speed:g} times as fast as life."

    def _scores(self) -> str:
        return " ".join(f"{side.letter}: {side.score}." for side in self._sides())

    def _show_finding(self) -> str:
        self._result = as_result([handle.partial for handle in self._handles])
        self._disclaimer.value = _paragraph(f"{self._caption()} {_DISCLAIMER}".strip())
        return _status(f"{finding(self._result)}.")

    def _static_bundle(self) -> dict[str, Any]:
        """Return the picture and the table of calls; collapsed where the widget itself is shown."""
        if self._result is None:
            return {"text/plain": "No race has finished yet.", "text/html": ""}
        bundle = display_bundle(self._result)
        folded = "<details><summary>The race as a picture and in words, to keep</summary>"
        return {**bundle, "text/html": f"{folded}{bundle['text/html']}</details>"}


def _status(text: str) -> str:
    size = "1.3em; font-weight: bold"
    return f'<p role="status" style="{_LINE_STYLE}; font-size: {size}">{escape(text)}</p>'


def _paragraph(text: str) -> str:
    return f'<p role="status" style="{_LINE_STYLE}">{escape(text)}</p>'


def _error(text: str) -> str:
    return f'<p role="alert" style="{_LINE_STYLE}"><b>The race ended early.</b> {escape(text)}</p>'

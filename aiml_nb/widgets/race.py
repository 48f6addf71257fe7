"""`Race`: two ways to make the same calls, drawn side by side while they are made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ipywidgets as widgets

from ..endpoint import Endpoint, connect, describe_endpoint
from ..errors import AimlNbError
from ..plot import display_bundle
from ..prompts import TWENTY
from ..records import Comparison, Run
from ..report.findings import finding
from .axis import Axis
from .bridge import Bridge
from .cells import register_for_cell
from .contest import Contest
from .controls import Controls
from .fields import as_rows
from .form import Choice, Form, check_prompts, check_strategies
from .projection import Projection
from .rehearsal import as_result
from .screen import Pulse, Screen
from .servers import describe_clock, describe_server, server_names
from .shown import CellWidget
from .side import Side
from .standing import lateness, notices
from .stop_button import StopButton

_DISCLAIMER = (
    "Both sides ran at the same time and were drawn meanwhile: this shows, it does not measure. "
    "For numbers to keep, use nb.compare()."
)


class Race(CellWidget):
    """The same prompts by two strategies at once, drawn live; Start, Cancel and a finding.

    It can be paused, gone through step by step, and shown again at any speed. What was found stays
    below as a picture and in words, in the saved notebook too. Running the cell again cancels the
    race and closes its widgets.

    Parameters
    ----------
    prompts
        As in `run`, at most 200; the sample sets, and questions of one's own, can be chosen as
        well.
    endpoint
        What `connect` returned; None connects as ``connect()`` does. A simulator is asked for
        anew for each side, so that neither is in the other's way.
    strategies
        The strategies of A and B at first; a blocking one works in a thread here.
    max_concurrency, speed
        The limit and the speed of the simulator's clock at first.
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
        self._contest = Contest(self._endpoint, {"stream": stream, **options})
        self._is_making_calls = False
        asked = self._endpoint.simulator_settings
        servers = server_names(asked) if self._endpoint.simulated else []
        first = Choice(
            prompts=check_prompts(prompts),
            strategies=check_strategies(strategies),
            max_concurrency=max_concurrency,
            speed=speed or asked.get("speed") or 4,
            server=servers[0] if servers else "",
            seed=self._endpoint.seed or 0,
        )
        self._form = Form(
            first,
            servers=servers,
            on_change=self._preview,
            on_start=self.start,
            on_cancel=self.cancel,
        )
        self._screen, self._controls = Screen(), Controls()
        presses = [*self._form.presses, *self._controls.row]
        fields = as_rows(self._form.fields, presses, below=self._form.below)
        super().__init__(widgets.VBox([fields, *self._screen.parts]), kind="race")
        self._pulse, self._beaten = Pulse(self._view), 0.0
        self._bridge, self._axis = Bridge(), Axis(1.0)
        self._stop_button = StopButton(self.cancel)
        self._result: Comparison | list[Run] | None = None
        self._on_end: list[Callable[[], None]] = []
        self._projection = Projection(
            self._controls,
            self._screen,
            get_sides=lambda: self._contest.sides,
            draw=self._draw,
            is_running=lambda: self._is_making_calls,
        )
        self._choose()
        self._projection.forget()
        self._screen.note(describe_endpoint(self._endpoint))
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
        self._projection.close()
        super().close()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever a race has run to its end: then there is a `result`."""
        self._on_end.append(callback)

    def __repr__(self) -> str:
        first, second = self._choice.strategies
        return f"<Race: {first} against {second}, {len(self._choice.prompts)} prompts>"

    async def _race(self) -> None:
        """Make the calls of both sides and draw them; show how the race ended."""
        ending: Callable[[], None] = self._show_finding
        self._is_making_calls, self._result = True, None
        self._form.set_running(True)
        self._screen.say("Connecting.")
        self._screen.remark("")
        self._static.update()
        try:
            self._choose()
            self._projection.begin()
            await self._contest.run(self._choice, self._show_frame)
            self._result = as_result(self._contest.runs)
        except asyncio.CancelledError:
            ending = self._show_cancelled
            raise
        except (AimlNbError, OSError, TypeError, ValueError) as error:
            ending = partial(self._show_error, str(error))
        except Exception as error:  # the task is never awaited: show it here, or it is lost
            ending = partial(self._show_error, f"{type(error).__name__}: {error}")
            raise
        finally:
            self._is_making_calls = False
            self._pulse.stop()
            self._stop_button.ignore()
            try:
                ending()
            finally:
                self._form.set_running(False)
                self._static.update()

    def _choose(self) -> None:
        """Take what the form holds; raise ValueError if that is no race."""
        choice = self._form.choice
        if choice.strategies[0] == choice.strategies[1]:
            raise ValueError("Both sides do the same. Choose another strategy for A or B.")
        self._axis = Axis(self._contest.preview(choice))
        self._choice = choice

    def _preview(self) -> None:
        """Draw the race that is chosen, before any call is made; refuse what cannot be one."""
        try:
            self._choose()
        except ValueError as error:
            self._screen.refuse("Not possible.", str(error))
            return
        self._projection.forget()
        if self._endpoint.simulated:
            asked = self._endpoint.simulator_settings
            self._screen.note(describe_server(self._choice.server, asked))
        else:
            self._screen.note(describe_endpoint(self._endpoint))

    def _show_frame(self) -> None:
        self._stop_button.listen()
        elapsed = max((side.elapsed for side in self._contest.sides), default=0.0)
        self._axis.cover(elapsed, left=self._contest.left)
        if time.monotonic() > self._beaten + 1:
            self._beaten = time.monotonic()
            self._pulse.beat()
            said = (notices(self._contest.notices), lateness(self._contest.lateness))
            self._screen.remark(" ".join(filter(None, said)))
        self._projection.show()

    def _draw(self, sides: list[Side]) -> None:
        large, clock = self._controls.large, describe_clock(self._endpoint, self._choice.speed)
        (self._view.add_class if large else self._view.remove_class)("aiml-nb-large")
        self._screen.draw(sides, mark=clock, end=self._axis.end, large=large)

    def _show_finding(self) -> None:
        clock = describe_clock(self._endpoint, self._choice.speed)
        remarks = (clock, lateness(self._contest.lateness), _DISCLAIMER)
        self._screen.remark(" ".join(filter(None, remarks)))
        self._projection.end(f"{finding(self._result or [])}.")
        for callback in self._on_end:
            callback()

    def _show_cancelled(self) -> None:
        scores = " ".join(f"{side.letter}: {side.score}." for side in self._contest.sides)
        self._projection.end(f"Cancelled. {scores}")

    def _show_error(self, why: str) -> None:
        self._projection.end(f"The race ended early. {why}")
        self._screen.refuse("The race ended early.", why)

    def _static_bundle(self) -> dict[str, Any]:
        """Return the picture and the table of calls; collapsed where the widget itself is shown."""
        if self._result is None:
            return {"text/plain": "No race has finished yet.", "text/html": ""}
        bundle = display_bundle(self._result)
        folded = "<details><summary>The race as a picture and in words, to keep</summary>"
        return {**bundle, "text/html": f"{folded}{bundle['text/html']}</details>"}

"""The buttons under a race: pause, step, play again at any speed, and large type."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from .fields import NumberField, buttons
from .playback import MAX_RATE, MIN_RATE


class Controls:
    """What moves the moment that is shown; nothing here touches the calls.

    Attributes
    ----------
    row
        The buttons and fields.
    """

    def __init__(self) -> None:
        self._pause, self._step, self._replay = buttons(
            ("Pause", "Stand still; the calls go on"),
            ("Step", "To the next moment at which something happens"),
            ("Replay", "Show the last race again"),
        )
        self._rate = NumberField(
            "Replay speed", 1, least=MIN_RATE, most=MAX_RATE, whole=False, width="150px"
        )
        self._large = widgets.Checkbox(
            False, description="Projector", indent=False, layout={"width": "max-content"}
        )
        self.row = [self._pause, self._step, self._replay, self._rate.view, self._large]

    def connect(
        self,
        *,
        on_pause: Callable[[], None],
        on_step: Callable[[], None],
        on_replay: Callable[[], None],
        on_large: Callable[[], None],
    ) -> None:
        """Say what is called.

        Parameters
        ----------
        on_pause, on_step, on_replay
            When a button is pressed: Pause, which is Play while it stands still; Step; Replay.
        on_large
            When the type is to be large, or not any more.
        """
        self._pause.on_click(lambda _: on_pause())
        self._step.on_click(lambda _: on_step())
        self._replay.on_click(lambda _: on_replay())
        self._large.observe(lambda _: on_large(), names="value")

    @property
    def rate(self) -> float:
        """How many times as fast as it was the race is shown again; raises ValueError."""
        return float(self._rate.value)

    @property
    def large(self) -> bool:
        """Whether the type is large."""
        return bool(self._large.value)

    def set(self, *, has_race: bool, running: bool, paused: bool) -> None:
        """Enable what can be done now, and name it."""
        self._pause.description = "Play" if paused else "Pause"
        self._pause.disabled = self._step.disabled = not has_race
        self._replay.disabled = not has_race or running

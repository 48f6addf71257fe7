"""How a race is shown: as it is made, standing still, step by step, or again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .bridge import Bridge
from .contest import FRAME_INTERVAL
from .controls import Controls
from .moment import moments
from .playback import Playback
from .screen import Screen
from .side import Side
from .standing import headline


class Projection:
    """Moves the moment that is shown, as the buttons ask for.

    Parameters
    ----------
    controls
        The buttons.
    screen
        Says what is shown.
    get_sides
        Returns the sides as they are.
    draw
        Draws those that it is given.
    is_running
        Tells whether calls are being made: then whoever makes them asks for each picture.
    """

    def __init__(
        self,
        controls: Controls,
        screen: Screen,
        *,
        get_sides: Callable[[], list[Side]],
        draw: Callable[[list[Side]], None],
        is_running: Callable[[], bool],
    ) -> None:
        self._controls, self._screen = controls, screen
        self._get_sides, self._draw, self._is_running = get_sides, draw, is_running
        self._playback, self._bridge = Playback(), Bridge()
        self._has_race, self._ending = False, ""
        controls.connect(
            on_pause=self._toggle, on_step=self._step, on_replay=self._replay, on_large=self.show
        )
        self._set_controls()

    def begin(self) -> None:
        """Show a race that begins now, as it is made."""
        self._playback.follow()
        self._has_race, self._ending = True, ""
        self._set_controls()

    def forget(self) -> None:
        """There is no race to be shown, but one that is chosen."""
        self._playback.follow()
        self._has_race = False
        self._set_controls()
        self.show()

    def end(self, sentence: str) -> None:
        """Let the race be over, with this to say of it; what stands still goes on standing."""
        self._ending = sentence
        self._set_controls()
        self.show()
        if self._playback.is_playing:
            self._bridge.start(self._play_on)

    def close(self) -> None:
        """Stop what is being shown again."""
        self._bridge.cancel()

    def show(self) -> None:
        """Draw the moment that is to be shown now, and say what has happened by then."""
        sides = self._get_sides()
        if self._playback.has_ended(sides) and not self._playback.is_paused:
            self._playback.follow()
            self._set_controls()
        shown = self._playback.shown(sides)
        self._draw(shown)
        if not self._has_race:
            return
        if self._playback.is_live and not self._is_running():
            self._screen.say(self._ending)
        else:
            self._screen.say(f"{self._manner(sides)}{headline(shown)}")

    def _manner(self, sides: list[Side]) -> str:
        if self._playback.is_live:
            return ""
        if self._playback.is_paused:
            return f"Paused at {self._playback.moment(sides):.2f} s. "
        return f"Replay at {self._rate:g}×. "

    def _toggle(self) -> None:
        sides = self._get_sides()
        if not self._playback.is_paused and (self._is_running() or self._playback.is_playing):
            self._playback.pause(sides)
        else:
            at_end = self._playback.is_live or self._playback.has_ended(sides)
            self._play(at=0.0 if at_end and not self._is_running() else None)
        self._set_controls()
        self.show()

    def _step(self) -> None:
        sides = self._get_sides()
        if self._playback.is_live and not self._is_running():
            self._playback.play(sides, rate=0.0, at=0.0)  # of a race that is over, from its start
        self._playback.step(sides, moments([side.run for side in sides]))
        self._set_controls()
        self.show()

    def _replay(self) -> None:
        self._play(at=0.0)
        self._set_controls()

    def _play(self, *, at: float | None) -> None:
        try:
            self._rate = self._controls.rate
        except ValueError as error:
            self._screen.refuse("Not played.", str(error))
            return
        self._playback.play(self._get_sides(), rate=self._rate, at=at)
        if not self._is_running():
            self._bridge.start(self._play_on)

    async def _play_on(self) -> None:
        while self._playback.is_playing and not self._is_running():
            self.show()
            await asyncio.sleep(FRAME_INTERVAL)

    def _set_controls(self) -> None:
        running = self._is_running()
        still = self._playback.is_paused or (self._playback.is_live and not running)
        self._controls.set(has_race=self._has_race, running=running, paused=still)

"""What a race shows: how it stands, its picture, and what to bear in mind with it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import ipywidgets as widgets

from .page_style import BEATS
from .side import Side
from .standing import podium, running_speedup
from .track import draw_race

# Longer sentences are written smaller, so that they fit on the lines that are kept for them.
_LONG = 64


class Screen:
    """The parts of a race's view that tell something.

    Attributes
    ----------
    status, standing, picture, disclaimer
        What has happened, which is read out; how it stands meanwhile, which is not; the timelines;
        what to bear in mind.
    """

    def __init__(self) -> None:
        # Their heights are fixed, so that the picture does not move when a text changes.
        self.status, self.standing = _line("status"), _line("standing")
        self.picture = widgets.HTML(layout={"width": "100%"})
        self.disclaimer = widgets.HTML()

    @property
    def parts(self) -> list[widgets.Widget]:
        """The parts, top to bottom."""
        return [self.status, self.standing, self.picture, self.disclaimer]

    def say(self, text: str) -> None:
        """Say what has happened; it is read out, so it is only said when it changes."""
        size = " aiml-nb-long" if len(text) > _LONG else ""
        self.status.value = f'<p role="status" class="aiml-nb-headline{size}">{escape(text)}</p>'

    def note(self, text: str) -> None:
        """Say something about the race that is chosen."""
        self.status.value = f'<p role="status" style="margin: 0">{escape(text)}</p>'

    def refuse(self, what: str, why: str) -> None:
        """Say that something did not happen, and why."""
        said = f"<b>{escape(what)}</b> {escape(why)}".strip()
        self.status.value = f'<p role="alert" style="margin: 0; font-size: 16px">{said}</p>'

    def remark(self, text: str) -> None:
        """Say what to bear in mind."""
        self.disclaimer.value = f'<p style="margin: 0">{escape(text)}</p>' if text else ""

    def draw(self, sides: Sequence[Side], *, mark: str, end: float, large: bool) -> None:
        """Show the sides as they are, on an axis that ends at `end` seconds."""
        self.picture.value = draw_race(sides, mark=mark, end=end, large=large)
        said = f"<p>{escape(running_speedup(sides))}</p>"
        self.standing.value = f'<div class="aiml-nb-standing">{podium(sides)}{said}</div>'


def _line(name: str) -> widgets.HTML:
    line = widgets.HTML(layout={"margin": "0 2px"})
    line.add_class(f"aiml-nb-{name}-line")
    return line


class Pulse:
    """Tells the page that the kernel is alive, while something is being made.

    Parameters
    ----------
    view
        Carries a class that changes with each beat.
    """

    def __init__(self, view: widgets.DOMWidget) -> None:
        self._view, self._count = view, 0

    def beat(self) -> None:
        """Tell it again; to be called every second or so."""
        self._set(BEATS[self._count % 2])
        self._count += 1

    def stop(self) -> None:
        """Tell the page not to wait for news any more."""
        self._set()

    def _set(self, *beat: str) -> None:
        others = (name for name in self._view._dom_classes if name not in BEATS)
        self._view._dom_classes = (*others, *beat)

"""Fields of a form: lists to choose from, and numbers that are refused rather than changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from ..printable import printable

_MAX_SHOWN = 40


class NumberField:
    """A field for a number. What is none, or out of range, stays in the field and is refused.

    Parameters
    ----------
    name
        Its label.
    value
        At first.
    least, most
        The range; `most` may change.
    whole
        Take whole numbers only.
    width
        Of the field with its label, for CSS.
    """

    def __init__(
        self,
        name: str,
        value: float,
        *,
        least: float,
        most: float,
        whole: bool = True,
        width: str = "80px",
    ) -> None:
        self.name, self._least, self.most, self._whole = name, least, most, whole
        self.view = widgets.Text(
            f"{value:g}" if value < 1e6 else str(value),
            description=name,
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": width},
        )

    @property
    def value(self) -> Any:
        """The number.

        Raises
        ------
        ValueError
            If the field holds none, or one out of range.
        """
        text = self.view.value.strip()
        try:
            number = int(text) if self._whole else float(text.replace(",", "."))
        except ValueError:
            number = None
        if number is None or not self._least <= number <= self.most:
            what = "a whole number" if self._whole else "a number"
            shown = printable(self.view.value)[:_MAX_SHOWN]
            raise ValueError(
                f"{self.name} must be {what} from {self._least:,} to {self.most:,}; not {shown!r}."
            )
        return number

    @value.setter
    def value(self, number: float) -> None:
        self.view.value = str(number)

    def observe(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` when something else has been typed."""
        self.view.observe(lambda _: on_change(), names="value")


def dropdown(
    name: str,
    options: Sequence[tuple[str, object]],
    value: object,
    *,
    like: widgets.Dropdown | None = None,
) -> widgets.Dropdown:
    """Return a list to choose one of, with its label before it; in the looks of another one."""
    own = {"style": {"description_width": "initial"}, "layout": {"width": "max-content"}}
    looks = own if like is None else {"style": like.style, "layout": like.layout}
    return widgets.Dropdown(options=list(options), value=value, description=name, **looks)


def buttons(*named: tuple[str, str]) -> list[widgets.Button]:
    """Return buttons of one size, by what is written on each and what it says of itself."""
    shared = {"layout": widgets.Layout(width="82px"), "style": widgets.ButtonStyle()}
    return [widgets.Button(description=name, tooltip=tip, **shared) for name, tip in named]


def as_rows(*groups: Sequence[widgets.Widget], below: widgets.Widget) -> widgets.VBox:
    """Return groups of fields and buttons, each in as many rows as it needs, and what is below."""
    wraps = {"flex_flow": "row wrap"}
    rows = widgets.VBox([*(widgets.HBox(group, layout=wraps) for group in groups), below])
    rows.add_class("aiml-nb-form")
    return rows

"""The form of a race: its fields, and the buttons that start and cancel it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets as widgets

from ..prompts import FAQ, TWENTY, Prompt, as_prompts
from ..report.wording import pluralize
from ..runner.options import check_strategy
from ..runner.strategies import ASYNC_STRATEGIES, BLOCKING_STRATEGIES

STRATEGIES = (*BLOCKING_STRATEGIES, *ASYNC_STRATEGIES)
MAX_PROMPTS = 200
SPEEDS = (1, 2, 4, 10, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The values of the form.

    Parameters
    ----------
    prompts
        The prompts of both sides.
    strategies
        Those of A and of B.
    max_concurrency
        The most calls in flight, for concurrent strategies.
    speed
        The speed of the simulator; 1 is real time.
    """

    prompts: list[Prompt] | list[str]
    strategies: tuple[str, str]
    max_concurrency: int
    speed: float


class Form:
    """The fields and the buttons of a race.

    Parameters
    ----------
    first
        The initial values. Its prompts come first in the list, before the sample sets.
    has_speed
        Show the field for the speed, because the calls go to the simulator.
    on_change, on_start, on_cancel
        Called when a field changes or a button is pressed, in the thread that handles the front
        end's messages.
    """

    def __init__(
        self,
        first: Choice,
        *,
        has_speed: bool,
        on_change: Callable[[], None],
        on_start: Callable[[], None],
        on_cancel: Callable[[], None],
    ) -> None:
        sets = _prompt_sets(first.prompts)
        self._prompts = _dropdown("Prompts", [(name, i) for i, (name, _) in enumerate(sets)], 0)
        self._prompt_sets = [prompts for _, prompts in sets]
        self._a, self._b = (
            _dropdown(letter, [(name, name) for name in STRATEGIES], strategy)
            for letter, strategy in zip("AB", first.strategies, strict=True)
        )
        self._limit = widgets.BoundedIntText(
            first.max_concurrency,
            min=1,
            max=MAX_PROMPTS,
            description="Limit",
            style={"description_width": "initial"},
            layout={"width": "92px"},
        )
        speeds = sorted({*SPEEDS, first.speed})
        self._speed = _dropdown("Speed", [(f"{speed:g}×", speed) for speed in speeds], first.speed)
        self._start = widgets.Button(description="Start", button_style="primary")
        self._cancel = widgets.Button(description="Cancel", disabled=True)
        self._start.on_click(lambda _: on_start())
        self._cancel.on_click(lambda _: on_cancel())
        for button in (self._start, self._cancel):
            button.layout.width = "82px"
        fields = [self._prompts, self._a, self._b, self._limit]
        self._fields = [*fields, *([self._speed] if has_speed else [])]
        for field in self._fields:
            field.observe(lambda _: on_change(), names="value")
        self.view = widgets.HBox(
            [*self._fields, self._start, self._cancel], layout={"flex_flow": "row wrap"}
        )

    @property
    def choice(self) -> Choice:
        """The current values."""
        return Choice(
            prompts=self._prompt_sets[self._prompts.value],
            strategies=(self._a.value, self._b.value),
            max_concurrency=self._limit.value,
            speed=self._speed.value,
        )

    def set_running(self, running: bool) -> None:
        """Disable the fields and Start during a race, and Cancel otherwise."""
        for field in (*self._fields, self._start):
            field.disabled = running
        self._cancel.disabled = not running


def _prompt_sets(
    own: Sequence[Prompt] | Sequence[str],
) -> list[tuple[str, list[Prompt] | list[str]]]:
    samples = {"FAQ: 2 questions": FAQ, "20 questions": TWENTY}
    names = [name for name, prompts in samples.items() if prompts == own]
    others = [(name, prompts) for name, prompts in samples.items() if name not in names]
    first = names[0] if names else f"my {pluralize(len(own), 'prompt')}"
    return [(first, list(own)), *others]  # type: ignore[list-item]


def _dropdown(name: str, options: list[tuple[str, object]], value: object) -> widgets.Dropdown:
    return widgets.Dropdown(
        options=options,
        value=value,
        description=name,
        style={"description_width": "initial"},
        layout={"width": "max-content"},
    )


def check_prompts(prompts: object) -> list[Prompt] | list[str]:
    """Return the prompts of a race; raise as `prompts.as_prompts`, and ValueError for too many."""
    found = as_prompts(prompts)
    if len(found) > MAX_PROMPTS:
        raise ValueError(
            f"A race shows at most {MAX_PROMPTS} prompts; not {len(found):,}. "
            "aiml_nb.compare() takes any number."
        )
    return prompts if isinstance(prompts, list) else found


def check_strategies(strategies: Sequence[str]) -> tuple[str, str]:
    """Return the two strategies; raise ValueError unless they are two different ones."""
    for strategy in strategies:
        check_strategy(strategy)
    if isinstance(strategies, str) or len(strategies) != 2 or strategies[0] == strategies[1]:
        raise ValueError(
            "strategies must be two different ones, such as ('sequential', 'gather'); "
            f"not {strategies!r}."
        )
    return strategies[0], strategies[1]

"""The form of a race: what is run, where, and the buttons that start and cancel it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import ipywidgets as widgets

from ..prompts import FAQ, TWENTY, Prompt, as_prompts
from ..report.wording import pluralize
from ..runner.options import check_strategy
from ..runner.strategies import ASYNC_STRATEGIES, BLOCKING_STRATEGIES
from .fields import NumberField, buttons, dropdown

STRATEGIES = (*BLOCKING_STRATEGIES, *ASYNC_STRATEGIES)
MAX_PROMPTS = 200
SPEEDS = (1, 2, 4, 10, 20)
_OWN = -1


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
        The speed of the simulator's clock; 1 is real time.
    server
        The name of the simulated server, as in `servers`.
    seed
        Of the simulator.
    """

    prompts: list[Prompt] | list[str]
    strategies: tuple[str, str]
    max_concurrency: int
    speed: float
    server: str = ""
    seed: int = 0


class Form:
    """The fields and the buttons of a race.

    Parameters
    ----------
    first
        The initial values. Its prompts come first in the list, before the sample sets.
    servers
        The names of the simulated servers to choose from; none where the calls go to a real one.
    on_change, on_start, on_cancel
        Called when a field changes or a button is pressed, in the thread that handles the front
        end's messages.

    Attributes
    ----------
    fields, presses, below
        The fields; the buttons; what is shown below them for questions of one's own.
    """

    def __init__(
        self,
        first: Choice,
        *,
        servers: Sequence[str],
        on_change: Callable[[], None],
        on_start: Callable[[], None],
        on_cancel: Callable[[], None],
    ) -> None:
        sets = _prompt_sets(first.prompts)
        numbered = [(name, number) for number, (name, _) in enumerate(sets)]
        self._prompts = dropdown("Prompts", [*numbered, ("your own …", _OWN)], 0)
        self._prompt_sets = [prompts for _, prompts in sets]
        strategies = [(name, name) for name in STRATEGIES]
        more = partial(dropdown, like=self._prompts)
        self._a = more("A", strategies, first.strategies[0])
        self._b = more("B", strategies, first.strategies[1])
        self._limit = NumberField("Limit", first.max_concurrency, least=1, most=MAX_PROMPTS)
        self._server = more("Server", [(name, name) for name in servers or [""]], first.server)
        self._seed = NumberField("Seed", first.seed, least=0, most=2**63 - 1)
        speeds = sorted({*SPEEDS, first.speed})
        self._speed = more("Simulator's clock", [*map(_as_option, speeds)], first.speed)
        self._own = _own_questions()
        self._start, self._cancel = buttons(("Start", ""), ("Cancel", ""))
        self._start.button_style, self._cancel.disabled = "primary", True
        self._start.on_click(lambda _: on_start())
        self._cancel.on_click(lambda _: on_cancel())
        simulated = [self._server, self._seed.view, self._speed] if servers else []
        self.fields = [self._prompts, self._a, self._b, self._limit.view, *simulated]
        self.presses, self.below = [self._start, self._cancel], self._own
        self._prompts.observe(lambda _: self._show_own(), names="value")
        for field in (*self.fields, self._own):
            field.observe(lambda _: on_change(), names="value")

    @property
    def choice(self) -> Choice:
        """The current values.

        Raises
        ------
        ValueError
            If a field holds something that cannot be run.
        """
        return Choice(
            prompts=self._read_own() if self._asks_own else self._prompt_sets[self._prompts.value],
            strategies=(self._a.value, self._b.value),
            max_concurrency=self._limit.value,
            speed=self._speed.value,
            server=self._server.value,
            seed=self._seed.value,
        )

    def set_running(self, running: bool) -> None:
        """Disable the fields and Start during a race, and Cancel otherwise."""
        for field in (*self.fields, self._own, self._start):
            field.disabled = running
        self._cancel.disabled = not running

    @property
    def _asks_own(self) -> bool:
        return bool(self._prompts.value == _OWN)

    def _read_own(self) -> list[str]:
        questions = [line.strip() for line in self._own.value.splitlines() if line.strip()]
        if not questions:
            raise ValueError("Write your own questions below, one a line.")
        if len(questions) > MAX_PROMPTS:
            raise ValueError(f"At most {MAX_PROMPTS} questions; these are {len(questions):,}.")
        return questions

    def _show_own(self) -> None:
        self._own.layout.display = "flex" if self._asks_own else "none"


def _own_questions() -> widgets.Textarea:
    return widgets.Textarea(
        description="Your questions",
        placeholder="One question a line",
        continuous_update=False,
        rows=4,
        style={"description_width": "initial"},
        layout={"width": "min(100%, 640px)", "display": "none"},
    )


def _as_option(speed: float) -> tuple[str, float]:
    return ("real time" if speed == 1 else f"{speed:g} times real time"), speed


def _prompt_sets(
    own: Sequence[Prompt] | Sequence[str],
) -> list[tuple[str, list[Prompt] | list[str]]]:
    samples = {"FAQ: 2 questions": FAQ, "20 questions": TWENTY}
    names = [name for name, prompts in samples.items() if prompts == own]
    others = [(name, prompts) for name, prompts in samples.items() if name not in names]
    first = names[0] if names else f"my {pluralize(len(own), 'prompt')}"
    return [(first, list(own)), *others]  # type: ignore[list-item]


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

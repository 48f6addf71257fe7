"""A question with answers to choose one of: a native group, named by its question.

The radio buttons of ipywidgets belong to no group: the arrow keys do not move among them, and
nothing says what they answer. So these are plain HTML, and choosing one presses a button of
ipywidgets that is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from itertools import count
from typing import Any

import ipywidgets as widgets
import traitlets

_numbers = count(1)
# Else JupyterLab takes the arrow keys, to move from cell to cell.
_KEYS = 'data-lm-suppress-shortcuts="true"'
_PRESS = "this.closest('.aiml-nb-radios').querySelectorAll('.aiml-nb-presses button')[{}].click()"


class RadioGroup(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no stubs
    """The answers to a question, one of which can be chosen.

    Parameters
    ----------
    question
        What is asked: the name of the group.
    options
        The answers.

    Attributes
    ----------
    value
        The one that is chosen, None before.
    """

    value = traitlets.Any(None, allow_none=True)

    def __init__(self, question: str, options: Sequence[str]) -> None:
        self._question, self._options = question, list(options)
        self._name, self._is_told = f"aiml-nb-radios-{next(_numbers)}", False
        self._group = widgets.HTML()
        buttons = [widgets.Button() for _ in options]
        for button, option in zip(buttons, options, strict=True):
            button.on_click(partial(self._choose, option))
        presses = widgets.Box(buttons, layout={"display": "none"})
        presses.add_class("aiml-nb-presses")
        super().__init__([self._group, presses])
        self.add_class("aiml-nb-radios")
        self.observe(self._on_value, names="value")
        self._draw()

    def _choose(self, option: str, _: Any) -> None:
        # Not drawn again: the page shows it, and the focus is there.
        self._is_told = True
        try:
            self.value = option
        finally:
            self._is_told = False

    def _on_value(self, _: Any) -> None:
        if not self._is_told:
            self._draw()

    def _draw(self) -> None:
        answers = "".join(map(self._answer, range(len(self._options))))
        legend = f"<legend>{escape(self._question)}</legend>"
        self._group.value = f'<fieldset class="aiml-nb-question">{legend}{answers}</fieldset>'

    def _answer(self, number: int) -> str:
        option = self._options[number]
        checked = " checked" if option == self.value else ""
        return (
            f'<label><input type="radio" name="{self._name}" value="{number}"{checked} '
            f'{_KEYS} onchange="{_PRESS.format(number)}"> {escape(option)}</label>'
        )

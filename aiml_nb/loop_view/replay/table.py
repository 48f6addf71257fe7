"""The steps as a table: what is left of a replay where no script runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from .moments import Moment, Recording
from .sentences import Words

_COLUMNS = ("Step", "Time", "Who", "What happened", "READY then", "WAITING then")


def make_table(recording: Recording, moments: Sequence[Moment]) -> str:
    """Return the steps as an HTML table: a row a step, with what its replay says."""
    heads = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    rows = "".join(_rows(recording, moments))
    caption = "<caption>The steps of the event loop</caption>"
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _rows(recording: Recording, moments: Sequence[Moment]) -> Iterator[str]:
    words = Words(recording)
    names = {task["id"]: task["name"] for task in recording["tasks"]}
    for number, step in enumerate(recording["steps"]):
        own = [moment for moment in moments if moment.step == number]
        said = " ".join(words.text([*each.sentence, " ", *each.outlook]).strip() for each in own)
        cells = (
            str(number + 1),
            f"{step['start']:.3f}\N{NO-BREAK SPACE}s",
            names[step["task"]],
            said,
            ", ".join(names[task] for task in own[-1].ready),
            ", ".join(names[task] for task in own[-1].waiting),
        )
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"

"""The prompts of a run, from whatever users have, and the table that they came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..prompts import Prompt, as_prompts
from ..prompts.inputs import iter_prompts
from ..prompts.rows import is_series
from ..prompts.template import Template

ARGUMENTS = ("prompt", "on_bad")  # of `run`, about what is asked


def take_prompts(
    prompts: object, given: dict[str, Any], **how: Any
) -> tuple[list[Prompt], dict[str, Any]]:
    """Return the prompts, and what of `given` is about the run.

    With a template ``system`` is one, too: where it has fields each prompt has its own.

    Parameters
    ----------
    how
        How a file is read, as in `prompts.read_prompts`.

    Raises
    ------
    TypeError, ValueError
        As `prompts.as_prompts`.
    """
    rest = {name: each for name, each in given.items() if name not in ARGUMENTS}
    template, system = given.get("prompt"), given.get("system")
    found = as_prompts(
        prompts, prompt=template, system=system, on_bad=given.get("on_bad") or "raise", **how
    )
    if template is not None and isinstance(system, str):
        del rest["system"]
        about = Template(system, name="system")
        if not about.fields:
            rest["system"] = about.fill({})
    return found, rest


def stream_prompts(
    prompts: object, given: dict[str, Any]
) -> tuple[Iterator[Prompt], dict[str, Any]]:
    """Return the same one after the other: those of a file, or a list, are made as they are taken.

    Raises
    ------
    TypeError, ValueError
        As `prompts.as_prompts`; of a line that is wrong when it is reached.
    """
    if isinstance(prompts, Iterator):  # of the command, which has its own way with wrong lines
        return prompts, given
    if given.get("prompt") is not None:
        found, rest = take_prompts(prompts, given)
        return iter(found), rest
    rest = {name: each for name, each in given.items() if name not in ARGUMENTS}
    return iter_prompts(prompts, on_bad=given.get("on_bad") or "raise"), rest


def refuse_template(function: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a run with a function; raise TypeError for a template."""
    if given.get("prompt") is not None:
        raise TypeError(
            f"prompt= is a template for an endpoint, and {function} makes its own: it is called "
            "with each row. Leave prompt= out, and write the text in the function."
        )
    if given.get("on_bad") not in (None, "raise"):
        raise TypeError(
            f"on_bad= is for rows that cannot be asked, and {function} takes any item. Leave it "
            "out."
        )
    return {name: each for name, each in given.items() if name not in ARGUMENTS}


def refuse_for_several(given: dict[str, Any], *, caller: str) -> None:
    """Raise ValueError for what only one run can have: one journal, or workers of its own."""
    if given.get("keep_texts", True) is False:
        raise ValueError(f"keep_texts=False is for run() and resume(). Leave it out of {caller}().")
    for name in ("cluster", "processes"):
        if given.get(name) is not None:
            raise ValueError(
                f"{name} is for run(), start(), resume() and grid(). {caller}() sends all calls by "
                f"this process, so that its runs are alike. Leave {name} out, or make the runs by "
                f"yourself: run(…, {name}=…) and run(…)."
            )


def own_table(prompts: Any) -> Any:
    """Return the DataFrame that prompts are made from, None for anything else."""
    if is_series(prompts) and hasattr(prompts, "to_frame"):
        return prompts.to_frame("prompt" if prompts.name is None else prompts.name)
    if hasattr(prompts, "iloc") and hasattr(prompts, "columns"):
        # Shallow: columns that are added to it later are not those of the run.
        return prompts.copy(deep=False)
    return None

"""Whether there is a front end that shows what is displayed."""

from __future__ import annotations

from IPython.core.getipython import get_ipython


def has_front_end() -> bool:
    """Tell whether there is a front end: a notebook or IPython's terminal."""
    return get_ipython() is not None

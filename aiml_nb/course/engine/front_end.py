"""Whether somebody sees what is displayed."""

from __future__ import annotations

from IPython.core.getipython import get_ipython


def has_front_end() -> bool:
    """Tell whether what is displayed is seen by somebody: in a notebook or IPython's terminal."""
    return get_ipython() is not None

"""`show_number`: numbers in messages for learners, as one writes them by hand."""

from __future__ import annotations

from math import floor, isfinite, log10


def show_number(number: float, *, digits: int = 3) -> str:
    """Return a number with that many significant digits, and never as a power of ten.

    Parameters
    ----------
    number
        Any; the part before the point is never cut.
    digits
        How many are shown; more where the part before the point has more.
    """
    if not isfinite(number) or number == 0:
        return f"{number:g}"
    places = max(digits - 1 - floor(log10(abs(number))), 0)
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text

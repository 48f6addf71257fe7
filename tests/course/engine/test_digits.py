"""Numbers in messages are written as by hand, never as powers of ten."""

from __future__ import annotations

from math import inf

import pytest

from aiml_nb.course.engine.digits import show_number


@pytest.mark.parametrize(
    ("number", "digits", "shown"),
    [
        (1440.0, 3, "1,440"),
        (17_283_333.3, 4, "17,283,333"),
        (2.0, 3, "2"),
        (0.0000123456, 3, "0.0000123"),
        (-0.25, 3, "-0.25"),
        (99.96, 3, "100"),
        (120, 3, "120"),
        (0.0, 3, "0"),
        (inf, 3, "inf"),
    ],
)
def test_a_number_has_its_digits_and_no_exponent(number: float, digits: int, shown: str) -> None:
    assert show_number(number, digits=digits) == shown

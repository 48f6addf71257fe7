from __future__ import annotations

from aiml_nb.plot.text import (
    BASE_FONT,
    MISSING,
    cut,
    drawable,
    families,
    headline,
    width_of,
    wrapped,
)

# Comes with matplotlib, and has mathematical letters that the base font lacks.
OTHER = "STIXGeneral"
ONLY_IN_OTHER = "\N{MATHEMATICAL MONOSPACE DIGIT ZERO}"


def test_what_no_font_has_becomes_a_square() -> None:
    assert drawable("a\N{EGYPTIAN HIEROGLYPH A001}b", others=()) == f"a{MISSING}b"
    assert drawable("a\ufffd▲×·…", others=()) == "a\ufffd▲×·…"


def test_other_fonts_are_taken_only_where_needed() -> None:
    assert families("plain", others=(OTHER,)) == [BASE_FONT]
    assert families("\U00013000", others=(OTHER, "No such font")) == [BASE_FONT]


def test_lines_break_at_blanks_and_fit() -> None:
    text = "The calls finished in the order submitted. " * 8
    lines = wrapped(text, width=400, size=8.5)

    assert " ".join(lines) == text.strip()
    assert all(width_of(line, size=8.5) <= 400 for line in lines)


def test_a_number_stays_with_its_unit() -> None:
    text = "It took 0.70 s, then 12 ms of 3 s. A house has 3 stories, s stands alone"
    for width in range(40, 500, 5):
        lines = wrapped(text, width=width, size=8.5)
        assert " ".join(lines) == text or width < 80
        assert not [line for line in lines if line.startswith(("s,", "ms", "s."))]


def test_a_headline_shrinks_before_it_wraps() -> None:
    text = "Async answered both prompts in 3.12 s instead of 4.21 s: 1.3× faster"
    full = width_of(text, size=12, bold=True)

    assert headline(text, width=full, sizes=(12, 10)) == ([text], 12)
    assert headline(text, width=full - 1, sizes=(12, 10)) == ([text], 10)
    assert len(headline(text, width=300, sizes=(12, 10))[0]) == 2


def test_a_name_is_cut_to_its_room() -> None:
    shown = cut("W" * 26, width=120, size=9)

    assert shown.endswith("W…")
    assert width_of(shown, size=9) <= 120
    assert cut("short", width=120, size=9) == "short"

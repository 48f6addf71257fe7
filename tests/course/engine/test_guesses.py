"""A guess is shown beside what was measured; without one the measurement stands alone."""

from __future__ import annotations

import pytest

from aiml_nb.course import predict, reveal

ORDER = ["the long one", "the short one"]


def revealed(capsys: pytest.CaptureFixture[str], key: str, measured: str | float) -> str:
    capsys.readouterr()
    reveal(key, measured)
    return capsys.readouterr().out.strip()


def test_no_guess_leaves_the_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    predict("99.1", "Which comes first?", choices=ORDER)
    predict("99.2", "How long?", unit="s")

    assert revealed(capsys, "99.1", ORDER[1]) == "It was: the short one. (You made no guess.)"
    assert revealed(capsys, "99.2", 2.345) == "Measured: 2.35 s. (You made no guess.)"


def test_a_right_and_a_wrong_choice(capsys: pytest.CaptureFixture[str]) -> None:
    asked = predict("99.1", "Which comes first?", choices=ORDER)

    asked.guess = ORDER[1]
    assert revealed(capsys, "99.1", ORDER[1]).startswith("✓ It was: the short one.")
    asked.guess = ORDER[0]
    text = revealed(capsys, "99.1", ORDER[1])
    assert text.startswith("It was: the short one. You guessed: the long one.")


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        (10.0, "You guessed 10 s, which is close."),
        (30, "You guessed 30 s, 3.0 times as much."),
        (2.5, "You guessed 2.5 s, 4.0 times too little."),
        (0, "You guessed 0 s."),
        (123.4, "You guessed 123 s, 12.3 times as much."),
    ],
)
def test_a_number_is_compared_as_a_ratio(
    capsys: pytest.CaptureFixture[str], guess: float, said: str
) -> None:
    predict("99.2", "How long?", unit="s").guess = guess

    assert revealed(capsys, "99.2", 10.0) == f"Measured: 10 s. {said}"


@pytest.mark.parametrize(
    ("guess", "said"),
    [(24, ", which is right"), (20, ", 4 too few"), (25, ", 1 too many"), (0, ", 24 too few")],
)
def test_what_is_counted_is_right_or_not_and_never_close(
    capsys: pytest.CaptureFixture[str], guess: float, said: str
) -> None:
    predict("99.2", "How many requests?", unit="requests").guess = guess

    assert revealed(capsys, "99.2", 24) == (
        f"Measured: 24 requests. You guessed {guess} requests{said}."
    )


def test_the_question_is_there_where_no_front_end_shows_it() -> None:
    asked = predict("99.1", "Which comes first?", choices=ORDER)

    assert "Which comes first? (the long one / the short one)" in repr(asked)


def test_what_was_never_asked_or_is_no_choice_is_refused() -> None:
    predict("99.1", "Which comes first?", choices=ORDER)

    with pytest.raises(ValueError, match=r"predict\('99\.8'"):
        reveal("99.8", 1)
    with pytest.raises(ValueError, match="one of"):
        reveal("99.1", "neither")

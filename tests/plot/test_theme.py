"""Colours in both themes: contrast, what colour-blind readers see, and what a page shows."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba_array

from aiml_nb.plot import draw_png
from aiml_nb.plot.kinds import KIND_BARS
from aiml_nb.plot.pair_bars import SYNC_COLOUR
from aiml_nb.plot.style import (
    BACKOFF_COLOUR,
    BARS,
    FAILED_INK,
    GREEN,
    GREY,
    INK,
    MARKS,
    NOTE_INK,
    PAUSE,
    QUEUED_COLOUR,
    RULE,
)
from aiml_nb.plot.theme import on_dark

from ..golden.cases import every_outcome
from ..rows import slow
from .gallery import LAYOUTS, PROMPTS, Builder, chain, fast_pair

WHITE = "#FFFFFF"


def luminance(colour: str, *, dark: bool) -> float:
    """Return the relative luminance of WCAG 2."""
    values = on_dark(colour)[0, :3] if dark else np.array(to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str, *, dark: bool) -> float:
    low, high = sorted(luminance(colour, dark=dark) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, WHITE) for ink in (INK, GREY, NOTE_INK, GREEN, FAILED_INK)),
        (INK, SYNC_COLOUR),  # the time in the bar of a sync run
        (WHITE, BARS["streaming"].face),  # in that of the other
        (INK, BARS["waiting"].face),  # notes, through their paler ground
        (INK, KIND_BARS["step"].face),  # names of steps
        (INK, PAUSE.face),
    ],
)
def test_text_has_a_contrast_of_4_5(ink: str, ground: str, dark: bool) -> None:
    assert contrast(ink, ground, dark=dark) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "mark",
    [
        "black",  # the bound and the limit
        *(colour for _, colour in MARKS.values()),
        *(QUEUED_COLOUR, BACKOFF_COLOUR, RULE, GREEN, GREY),
    ],
)
def test_marks_and_lines_have_a_contrast_of_3(mark: str, dark: bool) -> None:
    assert contrast(mark, WHITE, dark=dark) >= 3


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_face_or_the_edge_of_all_bars_has_a_contrast_of_3(dark: bool) -> None:
    for state, look in (BARS | KIND_BARS | {"pause": PAUSE}).items():
        best = max(contrast(colour, WHITE, dark=dark) for colour in (look.face, look.edge))

        assert best >= 3, state


# Of linear light, at full strength: Machado, Oliveira and Fernandes 2009, their tables.
SEEN = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, *, dark: bool, seen: str) -> np.ndarray:
    """Return a colour as somebody sees it, in CIE L*a*b*."""
    values = on_dark(colour)[0, :3] if dark else to_rgba_array(colour)[0, :3]
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    if seen in SEEN:
        linear = np.clip(np.array(SEEN[seen]) @ linear, 0, 1)
    if seen == "none":
        linear = np.full(3, linear @ (0.2126, 0.7152, 0.0722))
    x, y, z = (
        c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116
        for c in _TO_XYZ @ linear / (0.9505, 1, 1.089)
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("seen", ["all", *SEEN, "none"])
def test_states_are_told_apart_by_whoever_looks(seen: str, dark: bool) -> None:
    """By a difference of colour that anybody sees (20 in L*a*b*), or by their hatches."""
    for one, other in combinations(["waiting", "streaming", "retried", "failed", "cancelled"], 2):
        colours = [lab(BARS[state].face, dark=dark, seen=seen) for state in (one, other)]
        apart = float(np.linalg.norm(colours[0] - colours[1]))

        assert apart >= 20 or BARS[one].hatch != BARS[other].hatch, (one, other, apart)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(matplotlib.image.imread(BytesIO(png)))[..., :3]


@pytest.mark.parametrize(
    ("build", "n"),
    [
        (chain, 3),
        (fast_pair, 400),
        *(slow(build, numbers[-1]) for build, numbers in LAYOUTS.items()),
    ],
)
def test_a_dark_picture_is_what_a_page_makes_of_the_light_one(build: Builder, n: int) -> None:
    """So no artist keeps a colour that is meant for white paper."""
    shown = build(n, PROMPTS["long"])
    light, dark = (pixels(draw_png(shown, theme=theme)) for theme in ("light", "dark"))
    expected = on_dark(light.reshape(-1, 3))[:, :3].reshape(light.shape)

    assert np.median(dark) < 0.1
    # Where two colours blend, one of which is out of the map's range, they differ a little.
    wrong = np.abs(dark - expected).max(axis=2) > 0.13
    assert wrong.mean() < 1e-4


def test_every_outcome_has_a_dark_version() -> None:
    light, dark = (pixels(draw_png(every_outcome(), theme=theme)) for theme in ("light", "dark"))
    expected = on_dark(light.reshape(-1, 3))[:, :3].reshape(light.shape)

    assert (np.abs(dark - expected).max(axis=2) > 0.13).mean() < 1e-4

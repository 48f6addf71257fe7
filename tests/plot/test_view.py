"""What is asked of a picture: its width, its theme, how much of it."""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

import pytest
from matplotlib.text import Text

from aiml_nb.plot import display_bundle, draw_png, plot_timeline
from aiml_nb.plot.theme import FILTER
from aiml_nb.plot.view import View
from aiml_nb.report import alt_text, describe

from ..analysis.builders import faq
from .extents import faults
from .gallery import PROMPTS, Builder, fast_pair, in_batches, limited, many_slots, pair, strategies

ADVANCED = re.compile(
    r"bound|efficiency|Kendall|pairs overtook|(?<!call )in flight$|slower per call|"
    r"quicker per call|idle|not ok|÷|empty"
)


def words(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("width", [480, 900, 1333, 1920, 4000])
def test_a_picture_is_as_wide_as_asked(width: int) -> None:
    assert size_of(draw_png(faq(), width=width))[0] == width


@pytest.mark.parametrize("width", [1440, 1920])
def test_the_smallest_type_of_a_wide_picture_has_16_pixels(width: int) -> None:
    for shown in (pair(6, PROMPTS["long"]), pair(60, PROMPTS["long"])):
        figure = plot_timeline(shown, width=width)
        sizes = [text.get_fontsize() * figure.dpi / 72 for text in figure.findobj(Text)]

        assert min(sizes) >= 16


def test_saved_at_other_dots_per_inch_nothing_is_cut() -> None:
    """A letter that had whole pixels would be wider or narrower there."""
    figure = plot_timeline(pair(6, PROMPTS["long"]))
    for dpi in (72, 130, 200, 300):
        figure.set_dpi(dpi)

        assert faults(figure) == []


@pytest.mark.parametrize(
    ("build", "n"),
    [
        *((pair, 2), (pair, 7), (fast_pair, 24), (limited, 20), (strategies, 20)),
        *((in_batches, 24), (many_slots, 900)),
    ],
)
def test_the_simple_view_has_bars_order_and_times_alone(build: Builder, n: int) -> None:
    shown = build(n, PROMPTS["short"])
    simple, full = (words(plot_timeline(shown, detail=each)) for each in ("simple", "full"))  # type: ignore[arg-type]
    said = describe(shown, simple=True) + alt_text(shown, simple=True)

    assert [text for text in simple if ADVANCED.search(text) and "At the same" not in text] == []
    assert [text for text in full if ADVANCED.search(text) and "At the same" not in text] != []
    assert not re.search("bound|efficiency|Kendall|slower per call|empty", said)


def test_a_simple_bundle_has_its_words_too() -> None:
    bundle = display_bundle(faq(), detail="simple")

    assert bundle["text/plain"] == describe(faq(), simple=True) != describe(faq())
    assert f'alt="{alt_text(faq(), simple=True)}"' in bundle["text/html"]
    assert (
        bundle["text/html"]
        == plot_timeline(faq(), detail="simple")._repr_mimebundle_()[  # type: ignore[attr-defined]
            "text/html"
        ]
    )


def test_classes_say_what_a_page_does_with_a_picture() -> None:
    def classes(**asked: Any) -> set[str]:
        found = re.search('class="([^"]*)"', display_bundle(faq(), **asked)["text/html"])
        assert found
        return {each.removeprefix("aiml-nb-") for each in found[1].split()}

    assert classes() == {"picture", "grows", "auto"}
    assert classes(width="full", theme="dark") == {"picture", "full"}
    assert classes(width=700, theme="light") == {"picture"}
    assert f"filter: {FILTER}" in display_bundle(faq())["text/html"]


def test_the_picture_of_a_bundle_has_two_pixels_for_one_of_the_page() -> None:
    bundle = display_bundle(faq(), width=1000)

    assert size_of(base64.b64decode(bundle["image/png"]))[0] == 2000
    assert 'width="1000"' in bundle["text/html"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"width": 479}, r"from 480 to 4,000 pixels, or 'full'.*; not 479"),
        ({"width": 4001}, "not 4001"),
        ({"width": 0}, "not 0"),
        ({"theme": "drak"}, "theme must be 'auto', 'light' or 'dark'; not 'drak'"),
        ({"theme": None}, "theme must be .*; not None"),
        ({"detail": "some"}, "detail must be 'full' or 'simple'; not 'some'"),
    ],
)
def test_other_values_are_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plot_timeline(faq(), **asked)


@pytest.mark.parametrize("width", [900.5, True, "wide", [900]])
def test_other_widths_are_refused(width: Any) -> None:
    with pytest.raises(TypeError, match="whole number of pixels, 'full'"):
        View(width=width)

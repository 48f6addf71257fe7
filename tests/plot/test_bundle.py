from __future__ import annotations

import base64
import struct
import subprocess
import sys
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import matplotlib.image
import matplotlib.style
import numpy as np

from aiml_nb.export import to_jsonl
from aiml_nb.plot import display_bundle, draw_png, plot_timeline
from aiml_nb.report import alt_text, describe

from ..analysis.builders import faq, make_run, timed

NASTY = ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "\ud800&amp;'"]


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_bundle_is_picture_page_and_words() -> None:
    bundle = display_bundle(faq())
    _, (image, attributes), *_ = tags(bundle["text/html"])

    assert size_of(base64.b64decode(bundle["image/png"])) == (1800, 548)
    assert image == "img"
    assert attributes["alt"] == alt_text(faq())
    assert attributes["width"] == "900"
    assert attributes["src"] == f"data:image/png;base64,{bundle['image/png']}"
    assert bundle["text/plain"] == describe(faq())


def test_records_and_figures_show_themselves_with_it() -> None:
    comparison = faq()
    figure = plot_timeline(comparison)

    assert set(comparison._repr_mimebundle_()) == {"image/png", "text/html", "text/plain"}
    assert set(comparison.sync._repr_mimebundle_()) == {"image/png", "text/html", "text/plain"}
    assert alt_text(comparison) in figure._repr_mimebundle_()["text/html"]  # type: ignore[attr-defined]


def test_prompts_never_become_markup() -> None:
    html = display_bundle(make_run(*timed((0, 1), (0, 2), (0, 3)), prompts=NASTY))["text/html"]

    assert [tag for tag, _ in tags(html)] == ["style", "img", "details", "summary", "pre"]
    assert set(tags(html)[1][1]) == {"alt", "class", "width", "style", "src"}
    html.encode()


def test_the_words_of_many_calls_are_folded() -> None:
    few, many = (make_run(*timed(*((0, i + 1) for i in range(n)))) for n in (6, 7))

    assert "<details open>" in display_bundle(few)["text/html"]
    assert "<details>" in display_bundle(many)["text/html"]


def test_the_picture_is_the_same_each_time() -> None:
    first, second = (display_bundle(faq())["image/png"] for _ in range(2))

    assert first == second


def test_a_png_file_is_900_pixels_wide() -> None:
    assert size_of(draw_png(faq()))[0] == 900


def test_the_card_is_white_whatever_the_notebook_has_set(tmp_path: Path) -> None:
    figure = plot_timeline(faq())
    with matplotlib.style.context("dark_background"):
        figure.savefig(tmp_path / "x.png")
        bundle = display_bundle(faq())["image/png"]

    for file in (tmp_path / "x.png", BytesIO(base64.b64decode(bundle))):
        pixels = matplotlib.image.imread(file)
        corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert (corners == 1).all()
        assert np.median(pixels) == 1


def test_runs_and_saved_files_have_a_bundle_too(tmp_path: Path) -> None:
    run = faq().concurrent
    several = display_bundle([run, run])
    saved = display_bundle(to_jsonl(run, tmp_path / "x.jsonl", texts=True))

    assert "<details open>" in several["text/html"]
    assert several["text/plain"] == describe([run, run])
    assert saved["text/plain"] == describe(run)


def test_plotting_does_not_need_pyplot_or_pandas() -> None:
    code = (
        "import sys; from aiml_nb.plot import display_bundle; from aiml_nb.records import Run; "
        "display_bundle(Run(strategy='gather', max_concurrency=1, stream=False, model='', "
        "base_url='', simulated=False, started_at=0, calls=[])); "
        "print([m for m in ('matplotlib.pyplot', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

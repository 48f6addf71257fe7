"""A lesson's slides as one HTML file that needs nothing else: pictures, replays, style and keys."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template

from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from .slides import Slide, make_slides

PAGE = Path(__file__).parent / "deck_page"


def write_deck(notebook: NotebookNode, path: Path) -> None:
    """Write the slides of a lesson that was run into a file.

    Parameters
    ----------
    notebook
        As `run_notebooks` returns it.
    path
        The file.
    """
    slides = make_slides(notebook)
    style = HtmlFormatter(style="default", nobackground=True).get_style_defs(".code")
    path.parent.mkdir(exist_ok=True)
    page = Template((PAGE / "page.html").read_text()).substitute(
        title=escape(re.sub(r"<[^>]+>", "", slides[0].title), quote=False),
        style=f"{(PAGE / 'deck.css').read_text()}\n{style}",
        script=(PAGE / "deck.js").read_text(),
        book=f"../notebooks/{path.name}",
        slides="\n".join(
            _to_section(slide, number, len(slides)) for number, slide in enumerate(slides, start=1)
        ),
    )
    path.write_text(page, encoding="utf-8")


def _to_section(slide: Slide, number: int, count: int) -> str:
    title = f"<h2>{slide.title}</h2>" if slide.title else ""
    return (
        f'<section id="{number}" class="slide {slide.kind}" aria-label="Slide {number} of {count}">'
        f'{title}<div class="body">{"".join(slide.body)}</div></section>'
    )

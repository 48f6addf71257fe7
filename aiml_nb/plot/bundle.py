"""What a notebook shows of a picture: the image, a page with its words, and plain text."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from typing import Any

from PIL import Image

from ..analysis.subject import Subject
from ..report.alt_text import alt_text
from ..report.next_step import next_step
from ..report.text_table import describe
from .theme import FILTER
from .view import View

# The words of more calls than this are folded away under the picture.
_MAX_UNFOLDED = 6
# From this width of the window on, a picture is as wide as the output area, and the column of
# Jupyter Notebook, of 1,200 pixels else, so wide that the smallest type in it has 16 pixels.
_WIDE, _COLUMN = 1600, 1500
_WHITE = 252

# How front ends say that they are dark: JupyterLab, Notebook and Voila, VS Code, Colab. Of a page
# that says nothing, the reader's own setting counts. Paper stays white.
_STYLE = f"""<style>
.aiml-nb-picture {{ max-width: 100%; height: auto }}
.aiml-nb-full {{ width: 100% }}
@media (min-width: {_WIDE}px) {{
  .aiml-nb-grows {{ width: 100% }}
  body[data-notebook="notebooks"] {{ --jp-notebook-max-width: {_COLUMN}px }}
}}
@media screen {{
  [data-jp-theme-light="false"] .aiml-nb-auto, [data-vscode-theme-kind="vscode-dark"] .aiml-nb-auto,
  [data-vscode-theme-kind="vscode-high-contrast"] .aiml-nb-auto,
  [theme="dark"] .aiml-nb-auto {{ filter: {FILTER} }}
}}
@media screen and (prefers-color-scheme: dark) {{
  :root:not([theme]) body:not([data-jp-theme-light], [data-vscode-theme-kind]) .aiml-nb-auto
  {{ filter: {FILTER} }}
}}
</style>
"""


def small_png(pixels: bytes, *, width: int) -> bytes:
    """Return a PNG file of few colours, a fourth as long as one of all.

    Parameters
    ----------
    pixels
        Four bytes each.
    width
        Of a line.
    """
    size = (width, len(pixels) // 4 // width)
    every = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1).convert("RGB")
    few = every.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = few.getpalette() or []
    # The mean of what is nearly white; the page shall be white.
    few.putpalette([255 if value >= _WHITE else value for value in palette])
    with BytesIO() as file:
        few.save(file, format="png")
        return file.getvalue()


def make_bundle(png: bytes, subject: Subject, view: View, *, width: int) -> dict[str, Any]:
    """Return what a notebook shows of a picture, by MIME type.

    Parameters
    ----------
    png
        The picture.
    subject, view
        What it shows, and how it was asked for.
    width
        How wide it is on the page, in pixels, unless it is as wide as the output area.
    """
    image = base64.b64encode(png).decode("ascii")
    words = describe(subject, simple=view.is_simple)
    few = max(len(run.calls) for run in subject.shown) <= _MAX_UNFOLDED
    unfolded = few or subject.are_several
    html = (
        f'{_STYLE}<img alt="{escape(alt_text(subject, simple=view.is_simple))}" '
        f'class="{_classes(view)}" width="{width}" style="max-width: 100%; height: auto" '
        f'src="data:image/png;base64,{image}">\n'
        f"<details{' open' if unfolded else ''}><summary>The calls in words</summary>"
        f'<pre style="word-break: normal">{escape(words)}</pre></details>'
    )
    if step := next_step(subject):
        html += f'\n<pre style="word-break: normal">{escape(step)}</pre>'
        words += f"\n\n{step}"
    return {"image/png": image, "text/html": html, "text/plain": words}


def _classes(view: View) -> str:
    classes = ["aiml-nb-picture"]
    if view.width is None:
        classes.append("aiml-nb-grows")
    if view.width == "full":
        classes.append("aiml-nb-full")
    if view.theme == "auto":
        classes.append("aiml-nb-auto")
    return " ".join(classes)

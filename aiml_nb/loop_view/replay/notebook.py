"""A replay as the output of a notebook's cell."""

from __future__ import annotations

from html import escape

from ...printable import printable
from .moments import Recording, make_moments
from .page import as_printable, default_title, to_html
from .picture import make_picture
from .table import make_table

# As high as one screen leaves room for; where a cell is narrow, its parts stand below one another.
_FRAME_STYLE = """
.aiml-nb-replay { container-type: inline-size; }
.aiml-nb-replay iframe {
  width: 100%; height: clamp(640px, 80vh, 1100px); border: 0; display: block;
}
@container (max-width: 760px) { .aiml-nb-replay iframe { height: max(980px, 80vh); } }
"""
# Jupyter's theme is not the browser's, and a frame of its own sees only the latter: it is told.
_TELL_THEME = """
(() => {
  const frame = document.currentScript.parentElement.querySelector("iframe");
  const tell = () => {
    const light = document.body.dataset.jpThemeLight;
    const theme = light === "true" ? "light" : "dark";
    if (light) frame.contentWindow?.postMessage({ theme }, "*");
  };
  frame.addEventListener("load", tell);
  new MutationObserver((_, observer) => (frame.isConnected ? tell() : observer.disconnect()))
    .observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  tell();
})();
"""


def to_notebook(recording: Recording, *, title: str | None = None) -> str:
    """Return a recording as HTML for the output of a cell: the replay, and its steps as a table.

    The replay stands in an ``iframe`` of its own, made from its source (``srcdoc``) and allowed
    scripts and nothing else: what somebody's code printed cannot reach the notebook, the page's
    styles and keys do not meet those of the front end, and a saved notebook replays without a
    kernel, in a book, too. A widget (anywidget) would need its front end's manager for widgets and
    the state of widgets to be saved, and would run in the notebook's own page.

    Beside it stands one small script of ours, which tells it of Jupyter's light or dark theme.
    Front ends that take frames or scripts out show the picture and the table that stand below.
    """
    recording = as_printable(recording)
    moments = make_moments(recording)
    name = escape(printable(title or default_title(recording)))
    page = escape(to_html(recording, title=title))
    frame = (
        f'<iframe title="{name}" sandbox="allow-scripts" allow="fullscreen" srcdoc="{page}">'
        "</iframe>"
    )
    static = f"{make_picture(recording)}{make_table(recording, moments)}"
    steps = f"<details><summary>The steps as a picture and a table</summary>{static}</details>"
    shown = f"{frame}<script>{_TELL_THEME}</script>"
    return f'<style>{_FRAME_STYLE}</style><div class="aiml-nb-replay">{shown}</div>{steps}'

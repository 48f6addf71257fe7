"""Cut a lesson into slides: a heading begins one, and so does what the last one has no room for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from markdown_it import MarkdownIt
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from .lesson import exercise_of, is_hint, shown_by

# How much a slide holds, in letters of prose; a line of code or of a table takes a line of it.
ROOM = 640
TITLE_ROOM = 800
LINE = 40
MAX_LINES = 14
MAX_ROWS = 10
MARKDOWN = MarkdownIt("commonmark").enable("table")
LINK = re.compile(r"\[([^]]+)\]\((?!https?:)([^)#]+)\)")


@dataclass
class Slide:
    """A title, and HTML below it; `used` tells how much room that takes.

    `section` is the heading that it is under, which the next slide goes on with.
    """

    title: str
    kind: str = "text"
    section: str = ""
    body: list[str] = field(default_factory=list)
    used: float = 0


@dataclass(frozen=True)
class Block:
    """A piece that is not cut: its HTML, the room it takes, and the kind of slide it is on."""

    html: str
    room: float
    kind: str = "text"


def make_slides(notebook: NotebookNode) -> list[Slide]:
    """Return the slides of a lesson that was run.

    Parameters
    ----------
    notebook
        As `run_notebooks` returns it.
    """
    slides: list[Slide] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _add_text(slides, cell.source)
        elif cell.cell_type == "code" and not is_hint(cell):
            if task := exercise_of(cell):
                title = MARKDOWN.renderInline(task)
                slides.append(Slide(title, "exercise", slides[-1].section))
            for block in _cut_code(cell):
                _add(slides, block)
    return [slide for slide in slides if slide.body or slide.kind == "title"]


def _add_text(slides: list[Slide], source: str) -> None:
    for kind, html, room in _cut_markdown(source):
        if kind == "h1":
            slides.append(Slide(html, "title", html))
        elif kind == "heading":
            slides.append(Slide(html, section=html))
        else:
            _add(slides, Block(html, room))


def _add(slides: list[Slide], block: Block) -> None:
    """Put a block on the last slide, or on a new one if there is no room."""
    last = slides[-1]
    shares = block.kind == "text" and last.kind in ("text", "title")
    room = TITLE_ROOM if last.kind == "title" else ROOM
    if last.body and (not shares or last.used + block.room > room):
        slides.append(last := Slide(last.section, section=last.section))
    if block.kind != "text":
        last.kind = block.kind
    last.body.append(block.html)
    last.used += ROOM if block.kind != "text" else block.room


def _cut_markdown(source: str) -> Iterator[tuple[str, str, float]]:
    """Yield kind, HTML and room of each block of a text."""
    tokens = MARKDOWN.parse(LINK.sub(_link_slides, source))
    begin = 0
    for end, token in enumerate(tokens, start=1):
        if token.level or token.nesting > 0:
            continue
        block = tokens[begin:end]
        begin = end
        html = MARKDOWN.renderer.render(block, MARKDOWN.options, {})
        if block[0].type == "heading_open":
            kind = "h1" if block[0].tag == "h1" else "heading"
            yield kind, re.sub(r"</?h\d>\n?", "", html), 0
        elif token.type == "fence":
            yield "text", to_code(token.content), _measure_lines(token.content)
        else:
            items = sum(part.type in ("list_item_open", "tr_open") for part in block)
            yield "text", html, len(re.sub(r"<[^>]+>", "", html)) + LINE * items / 2


def _link_slides(found: re.Match[str]) -> str:
    """Link to the slides of another lesson; of what is no lesson keep the words."""
    text, target = found.groups()
    is_lesson = target.endswith(".ipynb") and "/" not in target
    return f"[{text}]({target.removesuffix('.ipynb')}.html)" if is_lesson else text


def _cut_code(cell: NotebookNode) -> Iterator[Block]:
    code = cell.source.strip()
    if exercise_of(cell):
        yield Block(to_code(code.partition("\n")[2].strip()), _measure_lines(code))
        return
    is_hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
    if "asked" not in cell.metadata and not is_hidden and not _only_imports(code):
        yield Block(to_code(code), _measure_lines(code))
    for output in shown_by(cell):
        yield from _cut_output(output, asked="asked" in cell.metadata)


def _cut_output(output: NotebookNode, *, asked: bool) -> Iterator[Block]:
    data = output.get("data", {})
    html = data.get("text/html", "")
    if asked:
        yield Block(html, ROOM, "question")
    elif frame := re.search(r"<iframe .*?</iframe>", html, re.S):
        later = frame[0].replace(" srcdoc=", " data-srcdoc=", 1)
        yield Block(later, ROOM, "replay")
    elif picture := re.search(r"<img .*?>", html, re.S):
        yield Block(re.sub(r' (?:width|style|class)="[^"]*"', "", picture[0]), ROOM, "picture")
    elif "<table" in html:
        html = _shorten_table(html)
        words = re.sub(r"<table.*?</table>|<[^>]+>", "", html, flags=re.S)
        yield Block(html, 1.3 * LINE * html.count("<tr") + len(words))
    elif output.output_type != "error" and (text := output.get("text") or data.get("text/plain")):
        yield Block(f'<pre class="output">{escape(_shorten(text))}</pre>', _measure_lines(text))


def to_code(code: str) -> str:
    """Return highlighted Python, many lines of it cut."""
    close = re.sub(r"\n{3,}", "\n\n", code)
    return str(highlight(_shorten(close), PythonLexer(), HtmlFormatter(cssclass="code")))


def _shorten(text: str) -> str:
    lines = text.rstrip().splitlines()
    kept = lines if len(lines) <= MAX_LINES else [*lines[: MAX_LINES - 1], "…"]
    return "\n".join(kept)


def _shorten_table(html: str) -> str:
    """Return a table with so many rows as a slide can show."""
    rows = html.split("</tr>")
    if len(rows) <= MAX_ROWS:
        return html
    return "</tr>".join([*rows[: MAX_ROWS - 1], "<tr><td>…</td>", rows[-1]])


def _measure_lines(text: str) -> float:
    return LINE * min(len(text.strip().splitlines()), MAX_LINES) + LINE / 2


def _only_imports(code: str) -> bool:
    lines = [line for line in code.splitlines() if line.strip()]
    return all(re.match(r"import |from |%load_ext|#", line) for line in lines)

"""From a recording to one HTML document, which asks nothing of anybody: no file, no kernel."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import chain
from typing import Any

from ...printable import printable
from .moments import Moment, Recording, make_moments
from .picture import make_picture
from .table import make_table

_SCRIPTS = ("data", "code", "stage", "scale", "timeline", "quiz", "player", "controls")
_SLOT = re.compile(r"\{\{(\w+)\}\}")
# Nothing may be loaded from anywhere, and no script may run but the page's own: not even one that
# a recording should manage to smuggle in.
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def to_html(recording: Recording, *, title: str | None = None) -> str:
    """Return a recording as one HTML document that replays it.

    It needs no kernel and no network, and can be opened as a file. Where scripts do not run, it is
    a table of the steps.

    Parameters
    ----------
    recording
        What the recorder wrote; all texts in it are shown as text.
    title
        The page's title; None takes the names of the tasks.
    """
    recording = as_printable(recording)
    moments = make_moments(recording)
    slots = {
        "policy": escape(_policy()),
        "title": escape(printable(title or default_title(recording))),
        "style": _style(),
        "script": _script(),
        "static": f"{make_picture(recording)}{make_table(recording, moments)}",
        "data": _as_data(recording, moments),
    }
    # In one pass: what stands in the data is not looked through for slots.
    return _SLOT.sub(lambda slot: slots[slot.group(1)], _read("page.html"))


def as_printable(value: Any) -> Any:
    """Return a recording whose texts hold nothing that turns, hides or breaks what is beside it."""
    if isinstance(value, Mapping):
        return {name: as_printable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_printable(each) for each in value]
    return printable(value) if isinstance(value, str) else value


def default_title(recording: Recording) -> str:
    """Return the names of the tasks that somebody started by hand."""
    roots = [task for task in recording["tasks"] if task["started_by"] is None and task["yours"]]
    names = [task["name" if len(roots) > 1 else "label"] for task in roots]
    shown = names[:4] + ([f"{len(names) - 4} more"] if len(names) > 4 else [])
    return ", ".join(shown) + " on the event loop" if shown else "The event loop"


def _as_data(recording: Recording, moments: list[Moment]) -> str:
    """Return JSON that cannot end the element it stands in."""
    data = {"recording": recording, "moments": [moment.as_json() for moment in moments]}
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _policy() -> str:
    return _POLICY.format(script=_digest(_script()), style=_digest(_style()))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode("ascii")


@cache
def _script() -> str:
    lines = chain.from_iterable(_read(f"script/{name}.js").splitlines() for name in _SCRIPTS)
    code = [line for line in lines if not line.lstrip().startswith(("//", "/**"))]  # no comments
    return "\n".join(['(() => {\n"use strict";', *code, "})();"])


@cache
def _style() -> str:
    return _read("style.css")


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")

"""Sphinx's settings. Nothing in a page comes from elsewhere: no fonts, no scripts, no pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiml_nb
from aiml_nb.plot.theme import FILTER

_ROOT = Path(__file__).parents[1]
_ADDRESS = (_ROOT / "binder" / "repository.txt").read_text().strip()

project = "aiml_nb"
author = "the authors of aiml_nb"
copyright = author  # noqa: A001  Sphinx's own name
version = release = aiml_nb.__version__
language = "en"
smartquotes_action = "D"  # dashes; what is quoted is often code
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# Lessons are run before (docs/execute.py), as a learner runs them.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True

html_theme = "sphinx_book_theme"
html_title = "aiml_nb: calls one at a time and many at once"
html_static_path = [str(_ROOT / "docs" / "static")]
html_favicon = str(_ROOT / "docs" / "static" / "icon.svg")
html_css_files = ["book.css"]
html_js_files = ["theme.js"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "repository_url": f"https://github.com/{_ADDRESS}",
    "repository_branch": "main",
    "path_to_docs": "",
    "use_repository_button": True,
    "use_issues_button": False,
    "use_download_button": False,
    "launch_buttons": {
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
        "notebook_interface": "jupyterlab",
    },
    "show_navbar_depth": 1,
    "home_page_in_toc": False,
    "navbar_persistent": [],
}


def _show_factories(*signature: Any) -> tuple[str, str] | None:
    """Write a default that is made anew for each object as Python would read it."""
    arguments, returned = signature[-2:]
    return arguments and (arguments.replace("<factory>", "..."), returned)


def setup(app: Any) -> None:
    """Have signatures that Sphinx can read, and pictures as they are meant."""
    app.connect("autodoc-process-signature", _show_factories)
    told = f'document.documentElement.style.setProperty("--dark-picture", "{FILTER}")'
    app.add_js_file(None, body=told)

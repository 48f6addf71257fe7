from __future__ import annotations

import functools
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..browser.conftest import browser  # noqa: F401  a fixture
from ..kernels.environments import REPOSITORY


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built book's folder: what .ci/run has built, or one that is built now."""
    if built := os.environ.get("AIML_NB_BOOK"):
        return Path(built)
    if importlib.util.find_spec("sphinx_book_theme") is None:
        pytest.skip("the book's tools are not installed: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("book")
    program = [sys.executable, "-m", "docs", "--folder", str(folder)]
    ran = subprocess.run(program, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-5000:]
    return folder / "html"


@pytest.fixture(scope="session")
def address(book: Path) -> Iterator[str]:
    """The book's address on a server of this machine."""
    handler = functools.partial(_Quiet, directory=str(book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

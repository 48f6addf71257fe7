from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiml_nb.loop_view.replay import to_html

from ...browser.conftest import browser

__all__ = ["browser"]


@pytest.fixture
def replay(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a recording's page as a file, with nothing moving; closed after the test."""
    from .replays import Replay

    contexts: list[Any] = []

    def open_it(
        recording: dict[str, Any],
        *,
        size: tuple[int, int] = (1280, 800),
        reduced_motion: str = "reduce",
        color_scheme: str = "light",
        html: str | None = None,
        **options: Any,
    ) -> Replay:
        place = tmp_path / f"{len(contexts)}.html"
        place.write_text(html or to_html(recording), encoding="utf-8")
        contexts.append(
            browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                reduced_motion=reduced_motion,
                color_scheme=color_scheme,
                **options,
            )
        )
        return Replay(contexts[-1].new_page(), place)

    yield open_it
    for context in contexts:
        context.close()

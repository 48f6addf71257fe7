"""The built book in a real browser: whole, silent, and readable by everybody, on a phone too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

import aiml_nb as nb
from aiml_nb import course, simulator, widgets

from ..kernels.environments import REPOSITORY
from .pages import PHONE, find_violations, open_page, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

LESSONS = sorted(path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb"))
ADDRESS = (REPOSITORY / "binder" / "repository.txt").read_text().strip()


def pages_of(book: Path) -> list[str]:
    """Every page that Sphinx has written."""
    found = (path.relative_to(book) for path in book.rglob("*.html"))
    return sorted(str(path) for path in found if path.parts[0] not in ("_static", "slides"))


def test_every_page_asks_nobody_has_no_errors_and_fits_a_phone(
    book: Path, address: str, browser: Any
) -> None:
    assert len(pages_of(book)) > len(LESSONS) + 20
    for name in pages_of(book):
        with open_page(browser, address + name, size=PHONE) as page:
            assert too_wide(page) <= 0, name


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("notebooks/02-the-loop", "light"),
        ("notebooks/02-the-loop", "dark"),
        ("notebooks/gallery", "light"),
        ("reference/runs", "light"),
        ("index", "dark"),
    ],
)
def test_axe_finds_nothing(address: str, browser: Any, name: str, scheme: str) -> None:
    with open_page(browser, f"{address}{name}.html", color_scheme=scheme) as page:
        assert find_violations(page) == []


@pytest.mark.parametrize("name", ["01-sync-and-async", "03-how-many-at-once", "gallery"])
def test_a_lesson_holds_its_pictures(address: str, browser: Any, name: str) -> None:
    with open_page(browser, f"{address}notebooks/{name}.html") as page:
        pictures = page.locator(".cell_output img.aiml-nb-picture").all()
        assert len(pictures) >= 4
        for picture in pictures:
            assert picture.evaluate("img => img.complete && img.naturalWidth") > 500
            assert len((picture.get_attribute("alt") or "").split()) > 8


def test_replays_play_in_the_book(address: str, browser: Any) -> None:
    with open_page(browser, f"{address}notebooks/02-the-loop.html") as page:
        replay = page.frame_locator("iframe").first
        before = replay.locator("body").inner_text()
        replay.get_by_role("button", name=re.compile("next|forward", re.I)).first.click()

        expect(replay.locator("body")).not_to_have_text(before)


@pytest.mark.parametrize("name", LESSONS)
def test_exercises_are_folded_and_solutions_are_elsewhere(book: Path, name: str) -> None:
    text = (book / "notebooks" / f"{name}.html").read_text()
    solved = REPOSITORY / "notebooks" / "solutions" / f"{name}.ipynb"
    tasks = text.count("NotImplementedError")
    exercises = re.findall(r'<p class="collapsed admonition-title">Exercise \d', text)

    assert "Traceback" not in text
    if not solved.exists():
        assert tasks == 0
        return
    cells = nbformat.read(solved, as_version=4).cells
    of_exercises = [c for c in cells if "exercise" in c.metadata.get("tags", [])]
    assert len(exercises) == len(of_exercises)
    told = re.sub(r"<[^>]+>", "", (book / f"notebooks/solutions/{name}.html").read_text())
    for cell in of_exercises:
        task = cell.source.partition("\n")[0].removeprefix("# ").partition("`")[0]
        assert task in told


def test_a_lesson_links_to_its_notebook_its_slides_and_binder(address: str, browser: Any) -> None:
    lesson = "notebooks/01-sync-and-async"
    with open_page(browser, f"{address}{lesson}.html") as page:
        launches = page.locator(".dropdown-launch-buttons a")
        links = launches.evaluate_all("links => links.map(link => link.href)")
        with page.expect_download() as download:
            page.get_by_role("link", name="The notebook, to work in").click()
        original = REPOSITORY / f"{lesson}.ipynb"
        assert download.value.path().read_text() == original.read_text()
        page.locator("article").get_by_role("link", name="Slides", exact=True).click()
        assert page.url.startswith(f"{address}slides/01-sync-and-async.html")

    assert f"https://mybinder.org/v2/gh/{ADDRESS}/main?urlpath=lab/tree/{lesson}.ipynb" in links
    assert f"https://colab.research.google.com/github/{ADDRESS}/blob/main/{lesson}.ipynb" in links


def test_every_public_name_is_in_the_reference(book: Path) -> None:
    named = {
        found
        for path in (book / "reference").glob("*.html")
        for found in re.findall(r'id="(aiml_nb[\w.]*)"', path.read_text())
    }

    for package in (nb, nb.prompts, widgets, course, simulator):
        for name in package.__all__:
            known = f"{package.__name__}.{name}"
            assert known in named or known == "aiml_nb.prompts", known


def test_the_search_finds_a_word(address: str, browser: Any) -> None:
    with open_page(browser, f"{address}search.html?q=makespan") as page:
        expect(page.locator("#search-results li").first).to_be_visible(timeout=20_000)

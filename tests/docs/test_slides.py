"""The slides: one file a lesson, which fits a projector and is moved by keys."""

from __future__ import annotations

from typing import Any

import pytest

from ..kernels.environments import REPOSITORY
from .pages import PHONE, find_violations, open_page, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

LESSONS = sorted(path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb"))
# Whether a slide does not fit, and how large its text is: a share of the window's width.
LOOK = """
number => {
    show(number);
    const slide = slides[number], body = slide.querySelector(".body");
    const words = Number.parseFloat(getComputedStyle(slide).fontSize);
    const over = [slide, body].some(part => part.scrollHeight > part.clientHeight + 1);
    return {over, share: words / innerWidth, wide: slide.scrollWidth > slide.clientWidth + 1};
}
"""


@pytest.mark.parametrize("name", LESSONS)
def test_every_slide_fits_and_can_be_read_from_afar(address: str, browser: Any, name: str) -> None:
    with open_page(browser, f"{address}slides/{name}.html", size=(1280, 720)) as page:
        count = page.evaluate("slides.length")
        looks = [page.evaluate(LOOK, number) for number in range(count)]

    assert count >= 4
    assert [n for n, look in enumerate(looks, 1) if look["over"] or look["wide"]] == []
    assert min(look["share"] for look in looks) >= 0.015


def test_keys_buttons_and_the_address_move(address: str, browser: Any) -> None:
    with open_page(browser, f"{address}slides/02-the-loop.html#3") as page:

        def place() -> str:
            return str(page.locator("#place").inner_text())

        count = place().partition(" / ")[2]
        assert place() == f"3 / {count}"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("PageDown")
        assert place() == f"5 / {count}"
        page.keyboard.press("ArrowLeft")
        page.get_by_role("button", name="Next slide").click()
        page.get_by_role("button", name="Next slide").click()
        assert place() == f"6 / {count}"
        page.keyboard.press("End")
        page.keyboard.press("ArrowRight")
        assert place() == f"{count} / {count}"
        page.keyboard.press("Home")
        assert place() == f"1 / {count}"
        assert page.locator(".slide:visible").count() == 1


def test_a_file_needs_no_other(address: str, browser: Any) -> None:
    """It asks for nothing, and shows its pictures and replays all the same."""
    asked: list[str] = []
    for name in LESSONS:
        with open_page(browser, "about:blank") as page:
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{address}slides/{name}.html")
            for number in range(page.evaluate("slides.length")):
                page.evaluate("number => show(number)", number)
            for replay in page.locator("iframe").all():
                replay.content_frame.get_by_text("RUNNING").first.wait_for(state="attached")
            for picture in page.locator("img").all():
                assert picture.evaluate("img => img.naturalWidth") > 300

    own = [f"{address}slides/{name}.html" for name in LESSONS]
    assert [url for url in asked if not url.startswith(("data:", "about:"))] == own


def test_axe_finds_nothing_and_a_phone_shows_them(address: str, browser: Any) -> None:
    with open_page(browser, f"{address}slides/03-how-many-at-once.html") as page:
        found: list[str] = []
        for number in range(0, page.evaluate("slides.length"), 4):
            page.evaluate("number => show(number)", number)
            found += find_violations(page)
    assert found == []
    with open_page(browser, f"{address}slides/03-how-many-at-once.html", size=PHONE) as page:
        assert too_wide(page) <= 0

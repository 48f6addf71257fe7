"""The document itself: whole in itself, and closed against what stands in a recording."""

from __future__ import annotations

import base64
import html
import json
import re
from html.parser import HTMLParser

import pytest

from aiml_nb.loop_view.replay import to_html, to_notebook

from . import recordings


class Elements(HTMLParser):
    """Collects the elements of a document, and the text of each cell of its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]


def data_of(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def test_the_page_asks_for_nothing():
    page = to_html(recordings.tea_and_eggs())
    policy = next(
        attributes["content"]
        for tag, attributes in Elements(page).found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )

    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http:" not in policy + re.sub(r"http://www\.w3\.org/\S+", "", page)
    assert "https:" not in page
    assert not [attributes for _, attributes in Elements(page).found if "href" in attributes]


def test_what_was_recorded_is_in_the_page_as_it_is():
    recording = recordings.blocked()

    assert data_of(to_html(recording))["recording"] == json.loads(json.dumps(recording))


def test_hostile_texts_stay_texts():
    recording = recordings.hostile()
    page, harmless = to_html(recording), to_html(recordings.tea_and_eggs())

    assert Elements(page).tags() == Elements(harmless).tags()
    assert page.encode()  # half a letter is not written out
    name = data_of(page)["recording"]["tasks"][0]["name"]
    assert name.startswith(f"tea {recordings.EVIL} {{{{data}}}} {{{{script}}}} & \ufffd ")
    assert "\u202e" not in name


def test_hostile_texts_stay_within_the_frame_of_a_notebook():
    shown = Elements(to_notebook(recordings.hostile(), title="<b>title"))
    (frame,) = [attributes for tag, attributes in shown.found if tag == "iframe"]

    assert frame["sandbox"] == "allow-scripts"
    assert frame["srcdoc"] == to_html(recordings.hostile(), title="<b>title")
    assert frame["title"] == "<b>title"
    assert (shown.tags().count("img"), shown.tags().count("script")) == (1, 1)


def test_the_table_tells_each_step():
    page = to_html(recordings.tea_and_eggs())
    cells = Elements(page).cells
    rows = [cells[i : i + 6] for i in range(0, 36, 6)]

    assert rows[0] == ["Step", "Time", "Who", "What happened", "READY then", "WAITING then"]
    assert rows[1][:3] == ["1", "0.000\N{NO-BREAK SPACE}s", "tea"]
    assert rows[1][3].startswith("tea takes the chair and starts at the top of boil.")
    assert rows[1][4:] == ["eggs", "tea"]
    assert [row[2] for row in rows[1:]] == ["tea", "eggs", "eggs", "tea", "eggs"]


@pytest.mark.parametrize("make", [recordings.tea_and_eggs, recordings.crowd, recordings.long])
def test_the_page_adds_at_most_200_kb_to_what_was_recorded(make):
    recording = make()

    assert len(to_html(recording).encode()) - len(json.dumps(recording)) <= 200_000


def test_the_title_is_the_names_of_the_tasks_or_what_is_asked_for():
    assert "<title>tea, eggs on the event loop</title>" in to_html(recordings.tea_and_eggs())
    assert "<title>a &amp; b</title>" in to_html(recordings.tea_and_eggs(), title="a & b")
    assert html.escape("ask(3), 16 more on") in to_html(recordings.crowd())


def test_nothing_was_recorded():
    empty = {**recordings.tea_and_eggs(), "tasks": [], "steps": [], "sources": [], "seconds": 0.0}

    assert data_of(to_html(empty))["moments"] == [[0.0, 0.0, [], [], [], ["Nothing has run."], []]]


def test_a_view_is_shown_and_saved_as_its_replay(tmp_path):
    from aiml_nb.loop_view import LoopView

    view = LoopView.from_recording(recordings.tea_and_eggs())
    saved = view.save(tmp_path / "loop.html", title="Tea")

    assert saved.read_text("utf-8") == to_html(view.recording, title="Tea")
    assert view._repr_html_() == to_notebook(view.recording)


def test_what_programs_really_did_is_told_in_the_order_in_which_they_did_it():
    """Whoever stands first in READY runs next, and each is in one place, in all presets."""
    from itertools import pairwise

    from aiml_nb.loop_view.replay.moments import make_moments

    from ..presets import PRESETS

    for preset in PRESETS.values():
        recording = preset([]).recording
        for moment, following in pairwise(make_moments(recording)):
            chair = [] if moment.running is None else [moment.running]
            seen = [*chair, *moment.ready, *moment.waiting, *moment.done]
            assert len(set(seen)) == len(seen)
            if moment.phase != "run" and moment.ready:
                assert following.running == moment.ready[0]
        assert to_html(recording)


def test_the_picture_shows_who_is_late_from_the_moment_on_at_which_the_timer_rang():
    """All three timers rang in the same moment: their bars begin in one place."""
    page = to_html(recordings.blocked())
    (picture,) = [each for tag, each in Elements(page).found if tag == "img"]
    svg = base64.b64decode((picture["src"] or "").partition("base64,")[2]).decode()
    (late,) = re.findall(r'fill="#FDE7E5"[^>]* d="([^"]*)"', svg)
    begins = [float(x) for x in re.findall(r"M([\d.]+) ", late)]

    assert len(begins) == 3
    assert max(begins) - min(begins) < 1
    assert svg.count("late by 0.40 s") == 3

"""A replay as a file in a real browser: what is seen at each moment, and what the controls do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from aiml_nb.loop_view.replay.moments import make_moments
from aiml_nb.loop_view.replay.sentences import Words

from . import recordings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = ((1280, 800), (1920, 1080))


def names(recording: dict[str, Any], tasks: list[int]) -> list[str]:
    return [recording["tasks"][task]["name"] for task in tasks]


def assert_shows(shown: Any, recording: dict[str, Any], moment: Any) -> None:
    """All four parts show a moment as it was recorded."""
    said = Words(recording).text([*moment.sentence, " ", *moment.outlook]).strip()
    assert shown.text("#sentence").strip() == said
    chair = [] if moment.running is None else [moment.running]
    for part, tasks in (
        ("running", chair),
        ("ready", moment.ready),
        ("waiting", moment.waiting),
        ("done", moment.done),
    ):
        assert shown.names_in(part) == names(recording, tasks), (part, said)
    done = recording["steps"][: moment.step + (moment.phase == "leave")] if moment.step >= 0 else []
    printed = shown.page.locator("#printed pre").text_content() or ""
    assert printed.strip() == "".join(step["printed"] for step in done).strip()
    paused = shown.page.locator(".tag.waits").count()
    last = {step["task"] for step in recording["steps"][: moment.step + 1]}
    assert paused == len(last & {*moment.ready, *moment.waiting})


@pytest.mark.parametrize("make", [recordings.tea_and_eggs, recordings.blocked])
def test_every_moment_is_shown_as_it_was_recorded(replay: Callable[..., Any], make: Any):
    recording = make()
    shown = replay(recording)
    for number, moment in enumerate(make_moments(recording)):
        shown.go_to(number)
        assert_shows(shown, recording, moment)
        if moment.phase == "run":
            step = recording["steps"][moment.step]
            held = step["blocked"]
            marked = shown.page.locator(".line.blocks, .line.current")
            assert marked.count() == 1
            line = held["line"] if held else step["first_line"]
            assert marked.locator(".number").inner_text() == str(line)
            assert shown.page.locator(".line .tag:not(.waits)").count() == 1
    shown.assert_clean()


def test_the_keys_and_the_buttons_do_the_same(replay: Callable[..., Any]):
    shown = replay(recordings.tea_and_eggs())
    keys, click = shown.page.keyboard, shown.page.get_by_role("button", exact=True, name="On").click

    assert (shown.moment, shown.last) == (0, 10)
    keys.press("ArrowRight")
    click()
    assert shown.moment == 2
    keys.press("ArrowLeft")
    assert shown.moment == 1
    shown.page.get_by_role("button", name="Back").click()
    assert shown.moment == 0
    keys.press("End")
    assert shown.moment == 10
    click(force=True)  # there is no further moment
    assert shown.moment == 10
    keys.press("Home")
    assert shown.moment == 0
    shown.page.get_by_role("button", name="Last").click()
    assert shown.moment == 10
    shown.page.get_by_role("button", name="First").click()
    assert shown.moment == 0
    shown.page.get_by_label("Moment").focus()
    keys.press("ArrowRight")
    keys.press("PageUp")
    assert shown.moment > 1


def test_it_plays_to_the_end_and_stops_there(replay: Callable[..., Any]):
    shown = replay(recordings.tea_and_eggs())
    shown.page.get_by_label("Speed").select_option("10")
    shown.page.locator("#replay").focus()
    shown.page.locator("body").press(" ")

    expect(shown.page.locator("#replay")).to_have_attribute("data-moment", "10")
    button = shown.page.get_by_role("button", name="Play")
    button.click()
    expect(shown.page.locator("#replay")).to_have_attribute("data-moment", "1")
    shown.page.get_by_role("button", name="Pause").click()
    expect(button).to_be_visible()


# Written down as it changes: who looks from time to time may miss any of it.
NOTE_CLOCK = """() => {
    const clock = document.getElementById('clock');
    window.clockTexts = [];
    new MutationObserver(() => window.clockTexts.push(clock.textContent)).observe(
        clock, {childList: true, characterData: true, subtree: true});
}"""


def test_with_motion_time_is_seen_to_pass(replay: Callable[..., Any]):
    shown = replay(recordings.blocked(), reduced_motion="no-preference")
    shown.go_to(8)
    shown.page.evaluate(NOTE_CLOCK)
    shown.page.keyboard.press("ArrowRight")
    expect(shown.page.locator("#clock")).to_contain_text("0.60")

    seconds = [float(text.split()[0]) for text in shown.page.evaluate("window.clockTexts")]
    assert seconds == sorted(seconds)
    assert [each for each in seconds if 0.1 < each < 0.6]  # on a slow machine a few
    assert shown.moment == 9


def test_a_step_goes_on_while_the_window_changes_its_size(replay: Callable[..., Any]):
    shown = replay(recordings.blocked(), reduced_motion="no-preference")
    shown.go_to(8)
    shown.page.keyboard.press("ArrowRight")
    width = shown.page.viewport_size["width"]
    shown.page.set_viewport_size({"width": width - 200, "height": 700})

    expect(shown.page.locator("#clock")).to_contain_text("0.60")
    assert shown.moment == 9


def test_who_runs_next_asks_before_each_step_and_keeps_the_score(replay: Callable[..., Any]):
    recording = recordings.tea_and_eggs()
    shown = replay(recording)
    shown.page.get_by_role("button", name="Who runs next?").click()
    choices = shown.page.get_by_role("group", name="Who runs next?")

    asked = []
    while shown.moment < shown.last:
        before = shown.moment
        shown.page.keyboard.press("ArrowRight")
        if choices.is_visible():
            assert shown.moment == before
            asked.append(before)
            assert "Next in READY" not in shown.text("#sentence")
            assert shown.labels_beyond_the_cursor() == []
            assert choices.get_by_role("button").all_inner_texts() == ["1tea", "2eggs"]
            shown.page.keyboard.press("1")  # always tea
            assert shown.moment == before + 1
    # Once tea is done there is nobody but eggs: no question.
    assert asked == [0, 2, 4, 6]
    assert shown.text("#verdict") == ""

    shown.page.keyboard.press("Home")
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("2")
    verdict = shown.text("#verdict")
    assert verdict.startswith("✗ No: tea runs next. It stands first in READY.")
    assert verdict.endswith("2 of 5 right")


def test_what_is_wrong_is_told_by_sign_word_and_colour(replay: Callable[..., Any]):
    shown = replay(recordings.tea_and_eggs())
    shown.page.get_by_role("button", name="Who runs next?").click()
    for key, words in (("1", "✓ Right: tea stands first in READY."), ("2", "✗ No: tea runs next.")):
        shown.page.keyboard.press("Home")
        shown.page.keyboard.press("ArrowRight")
        shown.page.keyboard.press(key)
        assert shown.text("#verdict").startswith(words)
    assert shown.page.locator("#verdict").get_attribute("role") == "status"


@pytest.mark.parametrize("frame", [False, True])
def test_hostile_texts_are_shown_as_text(replay: Callable[..., Any], frame: bool):
    from aiml_nb.loop_view.replay import to_notebook

    recording = recordings.hostile()
    html = f"<title>mine</title>{to_notebook(recording)}" if frame else None
    shown = replay(recording, html=html)
    page = shown.page.frames[-1]
    page.wait_for_selector("#sentence")

    assert recordings.EVIL in page.locator("#sentence").inner_text()
    for number in range(11):
        page.locator("body").press("ArrowRight" if number else "Home")
    assert page.locator("#replay img, #replay script").count() == 0
    assert page.title() not in ("taken", "t")
    assert shown.page.title() not in ("taken", "t")
    assert shown.errors == []
    outside = [each for each in shown.requests if not each.startswith(("file:", "data:", "about:"))]
    assert outside == []


def test_the_loop_was_idle_where_that_was_recorded_and_not_in_every_gap(
    replay: Callable[..., Any],
):
    recording = recordings.tea_and_eggs()
    words = shown_as_idle(replay(recording))
    del recording["idle"][1]

    assert words == ["idle 0.20 s", "idle 0.10 s", "idle 0.20 s"]
    assert shown_as_idle(replay(recording)) == ["idle 0.20 s", "idle 0.20 s"]


def shown_as_idle(shown: Any) -> list[str]:
    assert shown.page.locator("rect.idle").count() == shown.page.locator("text.quiet").count()
    words: list[str] = shown.page.locator("text.quiet").all_text_contents()
    return words


def test_who_never_came_to_the_chair_again_is_late_to_the_end(replay: Callable[..., Any]):
    recording = recordings.blocked()
    number = next(i for i, step in enumerate(recording["steps"]) if step["blocked"])
    del recording["steps"][number + 1 :]
    recording["steps"][-1].update(waits_for=None)
    recording.update(complete=False, notes=["Stopped."], seconds=recording["steps"][-1]["end"])
    for task in recording["tasks"]:
        task.update(ending="unfinished", finished=None)
    shown = replay(recording)

    lane = shown.page.locator("[data-lane='0']")
    assert lane.locator("text.on-late").all_text_contents() == ["late by 0.40 s"]


def test_a_window_that_grows_shows_what_a_large_one_shows(replay: Callable[..., Any]):
    def look(shown: Any) -> Any:
        shown.go_to(9)
        boxes = "each => [each.className, Math.round(each.getBoundingClientRect().width)]"
        return shown.page.evaluate(
            f"() => [...document.querySelectorAll('.line, rect')].map({boxes})"
        )

    large = replay(recordings.blocked())
    grown = replay(recordings.blocked(), size=(870, 640))
    assert look(grown) != look(large)
    grown.page.set_viewport_size({"width": 1280, "height": 800})
    wide = large.page.locator("#loop-lane svg").get_attribute("width")
    expect(grown.page.locator("#loop-lane svg")).to_have_attribute("width", wide or "")

    assert look(grown) == look(large)


def test_nothing_was_recorded(replay: Callable[..., Any]):
    empty = {**recordings.tea_and_eggs(), "tasks": [], "steps": [], "sources": [], "seconds": 0.0}
    shown = replay(empty)
    for key in ("ArrowRight", " ", "End", "Home"):
        shown.page.keyboard.press(key)

    assert shown.text("#sentence").strip() == "Nothing has run."
    shown.assert_clean()


def test_without_scripts_the_steps_stand_there_as_a_picture_and_a_table(
    replay: Callable[..., Any],
):
    shown = replay(recordings.blocked(), java_script_enabled=False)

    assert shown.page.get_by_role("row").count() == 10
    picture = shown.page.get_by_role("img")
    assert "time.sleep(0.5) in line 3 held the loop for 0.50 s." in (
        picture.get_attribute("alt") or ""
    )
    assert not shown.page.locator("#replay").is_visible()


def test_the_table_is_there_with_scripts_too(replay: Callable[..., Any]):
    shown = replay(recordings.tea_and_eggs())
    button = shown.page.get_by_role("button", name="Steps as a table")

    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    assert shown.page.get_by_role("table").is_visible()
    button.click()
    assert not shown.page.get_by_role("table").is_visible()


@pytest.mark.parametrize("size", [*SIZES, (870, 640), (700, 980)])
def test_it_fits_and_is_accessible_at_every_moment(
    replay: Callable[..., Any], size: tuple[int, int]
):
    shown = replay(recordings.blocked(), size=size)
    assert shown.axe_violations() == []
    for number in range(shown.last + 1):
        shown.go_to(number)
        assert shown.faults() == [], number
    shown.page.get_by_role("button", name="Who runs next?").click()
    shown.go_to(4)
    shown.page.keyboard.press("ArrowRight")
    assert shown.faults() == []
    shown.page.get_by_role("button", name="Light or dark").click()
    assert shown.axe_violations() == []
    small = shown.page.evaluate(
        "() => [...document.querySelectorAll('button, select, input')]"
        ".map(each => each.getBoundingClientRect())"
        ".filter(box => box.width && (box.width < 24 || box.height < 24)).length"
    )
    assert small == 0
    shown.assert_clean()


@pytest.mark.parametrize("make", [recordings.crowd, recordings.long, recordings.hostile])
@pytest.mark.parametrize("size", [*SIZES, (828, 640)])
def test_many_tasks_many_steps_and_long_names_are_shown_too(
    replay: Callable[..., Any], make: Any, size: tuple[int, int]
):
    recording = make()
    shown = replay(recording, size=size)
    for number in range(0, shown.last + 1, max(1, shown.last // 12)):
        shown.go_to(number)
        down, across = shown.page.evaluate(
            "() => [document.documentElement.scrollHeight - innerHeight,"
            " document.documentElement.scrollWidth - innerWidth]"
        )
        assert (down, across) == (0, 0)
    lines = shown.page.locator("#lines")  # a long one goes on below itself
    assert lines.evaluate("each => each.scrollWidth - each.clientWidth") == 0
    rows = shown.page.evaluate(
        "() => [...document.querySelectorAll('#controls > :not([hidden])')]"
        ".map(each => each.getBoundingClientRect()).map(box => (box.top + box.bottom) / 2)"
    )
    assert max(rows) - min(rows) < 6  # all buttons in one
    assert shown.axe_violations() == []
    assert json.loads(shown.page.locator("#data").text_content() or "")["recording"]["version"] == 1

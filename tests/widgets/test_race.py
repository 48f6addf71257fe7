"""The race without a front end: what it says, keeps and gives up."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET

import pytest

import aiml_nb as nb
from aiml_nb.report import finding
from aiml_nb.widgets import Race
from aiml_nb.widgets.side import Side
from aiml_nb.widgets.track import draw_race

from ..analysis.builders import call, make_run
from ..waiting import give_way, wait_until_async

HOSTILE = '</text><script>alert(1)</script>\x00\x1b <img src=x onerror="alert(2)">'


async def finish(race: Race) -> None:
    """Start the race and wait until it is over."""
    race.start()
    await give_way()
    await wait_until_async(lambda: not race.running)


def svg_of(race: Race) -> ET.Element:
    """Return the picture, which must be well-formed."""
    data = re.search(r"base64,([^\"]+)", race._picture.value)
    assert data is not None
    return ET.fromstring(base64.b64decode(data[1]))  # noqa: S314  our own picture


def words_of(race: Race) -> list[str]:
    """Return the texts in the picture."""
    return [element.text or "" for element in svg_of(race).iter() if element.tag.endswith("text")]


async def test_a_race_ends_with_its_finding_and_keeps_a_picture_and_the_calls_in_words():
    race = Race(nb.prompts.FAQ, speed=20)

    await finish(race)

    assert isinstance(race.result, nb.Comparison)
    assert race.result.finding in race._status.value
    assert "Simulated, 20 times as fast as life." in words_of(race)
    kept = race._static_bundle()
    assert "data:image/png" in kept["text/html"]
    assert "What is 2+2?" in kept["text/plain"]


async def test_the_picture_grows_while_the_calls_are_made():
    race, seen = Race(speed=20), []
    race._picture.observe(lambda change: seen.append(change["new"]), names="value")

    await finish(race)

    pictures = dict.fromkeys(seen)
    sizes = {re.search('width="[0-9]+" height="[0-9]+"', picture)[0] for picture in pictures}  # type: ignore[index]
    assert len(pictures) >= 3
    assert len(sizes) == 1


def test_before_the_start_both_sides_are_shown_as_they_are_chosen():
    race = Race(nb.prompts.FAQ, speed=20)
    assert "B: gather, at most 5 in flight" in words_of(race)

    race._form._b.value = "threads"

    assert "B: threads, at most 5 in flight" in words_of(race)
    assert "0 of 2 answered · 0.0 s" in words_of(race)


def test_options_that_no_run_takes_are_refused_at_once():
    with pytest.raises(ValueError, match="max_attempts"):
        Race(speed=20, max_attempts=0)


async def test_a_cancelled_race_says_how_far_it_came_and_sends_no_more():
    race = Race(speed=4)
    race.start()
    await wait_until_async(lambda: any(handle.progress[0] for handle in race._handles))

    race.cancel()
    await wait_until_async(lambda: not race.running, patience=3)  # it would take 15 s

    assert race.result is None
    assert "Cancelled. A: " in race._status.value
    runs = [handle.partial for handle in race._handles]
    assert all(any(call.outcome != "ok" for call in run.calls) for run in runs)
    assert not race._form._start.disabled


async def test_two_ways_that_are_both_concurrent_are_compared_as_runs():
    race = Race(speed=20, strategies=("batches", "workers"), max_concurrency=5)

    await finish(race)

    assert isinstance(race.result, list)
    assert finding(race.result) in race._status.value


async def test_a_server_that_cannot_be_reached_is_said_in_the_status_line(closed_port: int):
    endpoint = nb.connect(base_url=f"http://127.0.0.1:{closed_port}/v1", model="m", verbose=False)
    race = Race(["Hello?"], endpoint)

    await finish(race)

    assert 'role="alert"' in race._status.value
    assert "connection refused" in race._status.value.lower()
    assert race.result is None


async def test_the_same_way_on_both_sides_is_refused_in_words():
    race = Race(speed=20)
    race._form._b.value = "sequential"

    await finish(race)

    assert "Choose another strategy" in race._status.value


async def test_prompts_are_text_in_the_picture_and_below_it():
    race = Race([HOSTILE, "plain"], speed=20)

    await finish(race)

    assert {"script", "img"}.isdisjoint(
        element.tag.split("}")[-1] for element in svg_of(race).iter()
    )
    for shown in (race._picture.value, race._status.value, race._static_bundle()["text/html"]):
        assert "<script" not in shown
        assert 'onerror="' not in shown


async def test_many_prompts_have_a_row_for_each_slot():
    race = Race(nb.prompts.TWENTY * 5, speed=200, strategies=("threads", "gather"))

    await finish(race)

    assert "100 of 100 answered" in race._picture.value
    svg_of(race)


async def test_closing_a_race_cancels_it():
    race = Race(speed=4)
    race.start()
    await wait_until_async(lambda: race.running)

    race.close()
    await wait_until_async(lambda: not race.running, patience=3)

    assert race._view.comm is None


def test_without_a_loop_starting_says_what_to_write_instead():
    race = Race(speed=20)

    with pytest.raises(nb.LoopError, match=r"aiml_nb\.compare"):
        race.start()
    assert repr(race) == "<Race: sequential against gather, 20 prompts>"


def test_arguments_that_make_no_race_are_refused():
    with pytest.raises(ValueError, match="at most 200 prompts; not 201"):
        Race(["x"] * 201, speed=20)
    with pytest.raises(ValueError, match="two different ones"):
        Race(strategies=("gather", "gather"), speed=20)
    with pytest.raises(ValueError, match="strategy must be one of"):
        Race(strategies=("gather", "fast"), speed=20)


def test_answers_cut_by_max_tokens_count_as_answered() -> None:
    calls = [call(0, 1 + i, outcome="incomplete", finish_reason="length") for i in range(2)]
    side = Side("A", make_run(*calls), over=True)

    assert side.score == "2 of 2 answered · 2.0 s"
    words = base64.b64decode(draw_race([side]).partition("base64,")[2].partition('"')[0]).decode()
    assert "1st · 1.00 s · cut" in words
    assert "incomplete" not in words

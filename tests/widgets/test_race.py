"""The race without a front end: what it says, keeps and gives up."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET

import pytest

import aiml_nb as nb
from aiml_nb.report import finding
from aiml_nb.report.wording import format_seconds
from aiml_nb.widgets import Race, WhatIf
from aiml_nb.widgets.side import Side
from aiml_nb.widgets.track import draw_race

from ..analysis.builders import call, make_run
from ..waiting import block, give_way, let_pass_async, wait_until_async

HOSTILE = '</text><script>alert(1)</script>\x00\x1b <img src=x onerror="alert(2)">'


async def finish(race: Race) -> None:
    """Start the race and wait until it is over."""
    race.start()
    await give_way()
    await wait_until_async(lambda: not race.running)


def svg_of(race: Race) -> ET.Element:
    """Return the picture, which must be well-formed."""
    data = re.search(r"base64,([^\"]+)", race._screen.picture.value)
    assert data is not None
    return ET.fromstring(base64.b64decode(data[1]))  # noqa: S314  our own picture


def words_of(race: Race) -> list[str]:
    """Return the texts in the picture."""
    return [element.text or "" for element in svg_of(race).iter() if element.tag.endswith("text")]


async def test_a_race_ends_with_its_finding_and_keeps_a_picture_and_the_calls_in_words():
    race = Race(nb.prompts.FAQ, speed=20)

    await finish(race)

    assert isinstance(race.result, nb.Comparison)
    assert race.result.finding in race._screen.status.value
    assert "Simulated; its clock runs 20 times as fast as real time." in words_of(race)
    kept = race._static_bundle()
    assert "data:image/png" in kept["text/html"]
    assert "What is 2+2?" in kept["text/plain"]


async def test_the_picture_grows_while_the_calls_are_made():
    race, seen = Race(speed=20), []
    race._screen.picture.observe(lambda change: seen.append(change["new"]), names="value")

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
    await wait_until_async(lambda: any(handle.progress[0] for handle in race._contest.handles))

    race.cancel()
    await wait_until_async(lambda: not race.running, patience=3)  # it would take 15 s

    assert race.result is None
    assert "Cancelled. A: " in race._screen.status.value
    runs = [handle.partial for handle in race._contest.handles]
    assert all(any(call.outcome != "ok" for call in run.calls) for run in runs)
    assert not race._form._start.disabled


async def test_two_ways_that_are_both_concurrent_are_compared_as_runs():
    race = Race(speed=20, strategies=("batches", "workers"), max_concurrency=5)

    await finish(race)

    assert isinstance(race.result, list)
    assert finding(race.result) in race._screen.status.value


async def test_a_server_that_cannot_be_reached_is_said_in_the_status_line(closed_port: int):
    endpoint = nb.connect(base_url=f"http://127.0.0.1:{closed_port}/v1", model="m", verbose=False)
    race = Race(["Hello?"], endpoint)

    await finish(race)

    assert 'role="alert"' in race._screen.status.value
    assert "connection refused" in race._screen.status.value.lower()
    assert race.result is None


async def test_the_same_way_on_both_sides_is_refused_in_words():
    race = Race(speed=20)
    race._form._b.value = "sequential"

    await finish(race)

    assert "Choose another strategy" in race._screen.status.value


async def test_prompts_are_text_in_the_picture_and_below_it():
    race = Race([HOSTILE, "plain"], speed=20)

    await finish(race)

    assert {"script", "img"}.isdisjoint(
        element.tag.split("}")[-1] for element in svg_of(race).iter()
    )
    for shown in (
        race._screen.picture.value,
        race._screen.status.value,
        race._static_bundle()["text/html"],
    ):
        assert "<script" not in shown
        assert 'onerror="' not in shown


async def test_many_prompts_have_a_row_for_each_slot():
    race = Race(nb.prompts.TWENTY * 5, speed=200, strategies=("threads", "gather"))

    await finish(race)

    assert "100 of 100 answered" in race._screen.picture.value
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


@pytest.mark.slow
async def test_the_axis_does_not_move_while_the_race_is_on_time():
    race, ends = Race(speed=10), []
    race._screen.picture.observe(lambda _: ends.append(race._axis.end), names="value")

    await finish(race)

    assert len(ends) > 3
    assert len(set(ends)) <= 2


@pytest.mark.slow
async def test_when_one_side_is_done_it_is_said_at_once_with_what_the_other_has_left():
    race, said = Race(speed=10), []
    race._screen.status.observe(lambda change: said.append(change["new"]), names="value")
    standing: list[str] = []
    race._screen.standing.observe(lambda change: standing.append(change["new"]), names="value")

    await finish(race)

    done = [each for each in said if "is done after" in each]
    assert len(done) == 1  # it is read out, and so it is said once
    found = re.search(r"B is done after (.+?)\. A has (\d+) left\.", done[0])
    assert found is not None
    assert int(found[2]) > 0
    assert any("B is ahead" in each for each in standing)
    assert any("B is at least" in each for each in standing)
    assert f"<b>1st</b> B · {found[1]}" in standing[-1]
    assert "<b>2nd</b> A · " in standing[-1]
    assert "faster" not in standing[-1]  # the finding says it


@pytest.mark.slow
async def test_answers_are_drawn_as_streaming_before_they_end():
    race, streaming = Race(["Why is the sky blue?"] * 3, speed=2), []

    def look(_: object) -> None:
        calls = [call for run in race._contest.runs for call in run.calls]
        arrives = any(call.first_token and not call.finished for call in calls)
        if arrives and not any(call.finished for call in calls):
            streaming.append("answer streaming" in words_of(race))

    race._screen.picture.observe(look, names="value")

    await finish(race)

    assert streaming
    assert all(streaming)


async def test_a_race_is_paused_gone_through_and_shown_again():
    race = Race(nb.prompts.FAQ, speed=10)
    await finish(race)
    ending = race._screen.status.value

    race._controls._step.click()
    assert "Paused at " in race._screen.status.value
    assert "0 of 2 answered" in race._screen.picture.value
    for _ in range(30):
        race._controls._step.click()
    assert race._screen.picture.value.count("2 of 2 answered") == 2

    race._controls._rate.value = 20
    race._controls._replay.click()
    await wait_until_async(lambda: "Replay at 20×" in race._screen.status.value)
    await wait_until_async(lambda: race._screen.status.value == ending)
    assert race._controls._pause.description == "Play"


@pytest.mark.slow
async def test_a_pause_in_the_race_stands_still_and_loses_nothing():
    race = Race(nb.prompts.FAQ, speed=10)
    race.start()
    await wait_until_async(lambda: race._contest.handles)
    await wait_until_async(lambda: all(run.calls[0].first_token for run in race._contest.runs))

    race._controls._pause.click()
    await give_way()
    paused = race._screen.picture.value
    await wait_until_async(lambda: not race.running)

    assert race._screen.picture.value == paused
    assert isinstance(race.result, nb.Comparison)
    race._controls._pause.click()  # now Play
    await wait_until_async(lambda: race.result.finding in race._screen.status.value)
    assert race._screen.picture.value.count("2 of 2 answered") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "typed"),
    [("_limit", "2.5"), ("_limit", "0"), ("_limit", "201"), ("_limit", ""), ("_limit", "many"),
     ("_seed", "-1"), ("_seed", "1e3"), ("_seed", str(2**63))],
)  # fmt: skip
async def test_numbers_that_cannot_be_are_refused_and_stay_as_they_were_typed(
    field: str, typed: str
):
    race = Race(nb.prompts.FAQ, speed=20)
    number = getattr(race._form, field)

    number.view.value = typed

    assert 'role="alert"' in race._screen.status.value
    assert f"not {typed!r}" in race._screen.status.value.replace("&#x27;", "'")
    await finish(race)
    assert race.result is None
    assert number.view.value == typed
    number.view.value = "3"
    await finish(race)
    assert race.result is not None


@pytest.mark.parametrize("typed", ["0", "0.05", "21", "fast", "nan"])
async def test_replay_speeds_that_cannot_be_are_refused(typed: str):
    race = Race(nb.prompts.FAQ, speed=50)
    await finish(race)

    race._controls._rate.view.value = typed
    race._controls._replay.click()

    assert "Replay speed must be a number from 0.1 to 20" in race._screen.status.value


@pytest.mark.slow
async def test_the_server_its_seed_and_ones_own_questions_can_be_chosen():
    race = Race(nb.prompts.FAQ, nb.connect(seed=5, verbose=False), speed=50)
    form = race._form
    form._server.value = "tight"
    assert "Only 5 calls are served at once" in race._screen.status.value
    form._seed.view.value = "7"
    form._prompts.value = -1
    assert "one a line" in race._screen.status.value
    form._own.value = "Who?\n\n  Why? \n"

    await finish(race)

    for run in race._contest.runs:
        assert [call.prompt for call in run.calls] == ["Who?", "Why?"]
        assert (run.seed, run.service) == (7, "scenario=tight, speed=50")


async def test_what_a_simulator_was_connected_with_stays_until_another_is_chosen(tmp_path: object):
    race = Race(nb.prompts.FAQ, nb.connect(scenario="classroom", verbose=False), speed=50)

    assert race._form._server.value == "as connected"
    assert "classroom" in race._contest.sides[0].run.service


@pytest.mark.slow
async def test_a_late_computer_is_said():
    race = Race(nb.prompts.FAQ, speed=4)
    race.start()
    await wait_until_async(lambda: race._contest.sides[0].run.started_at and race._contest.handles)
    await wait_until_async(lambda: any(run.calls[0].started for run in race._contest.runs))
    await let_pass_async(0.3)

    block(0.5)
    await wait_until_async(lambda: not race.running)

    assert "This computer was late by " in race._screen.disclaimer.value


async def test_large_type_is_large_and_leaves_out_what_would_be_small():
    race = Race(speed=50)
    assert any(each.startswith("Name three rivers") for each in words_of(race))

    race._controls._large.value = True

    sizes = [
        float(element.get("font-size", 0))
        for element in svg_of(race).iter()
        if element.tag.endswith("text")
    ]
    assert min(sizes) >= 20
    assert not any(each.startswith("Name three rivers") for each in words_of(race))
    assert "aiml-nb-large" in race._view._dom_classes


@pytest.mark.slow
async def test_what_if_takes_the_calls_of_the_race_itself():
    race = Race(speed=20)
    what_if = WhatIf(race)
    assert "Start the race" in repr(what_if)
    with pytest.raises(ValueError, match="No race has run to its end"):
        _ = what_if.makespan

    await finish(race)
    (_, second) = race._contest.runs
    assert what_if._forecast is not None
    assert what_if._forecast.measured_makespan == second.makespan
    assert f"It took {format_seconds(second.makespan)}," in repr(what_if)
    assert format_seconds(second.makespan) in race._screen.status.value

    race._form._limit.value = 10
    await finish(race)
    assert what_if._forecast.measured_makespan == race._contest.runs[1].makespan


def test_what_if_refuses_limits_that_cannot_be_and_keeps_its_picture():
    what_if = WhatIf(make_run(*(call(i, 1.0 + i) for i in range(4)), max_concurrency=2))
    picture = what_if._picture.value

    what_if._limit.view.value = "2.5"

    assert "Limit must be a whole number from 1 to 4; not &#x27;2.5&#x27;" in what_if._answer.value
    assert what_if._picture.value == picture
    what_if.limit = 3
    assert "With at most 3 in flight" in what_if._answer.value
    assert what_if._picture.value != picture


@pytest.mark.slow
async def test_a_pause_is_said_in_the_race_and_printed_nowhere(capfd: pytest.CaptureFixture[str]):
    endpoint = nb.connect(scenario="chaos", seed=1, verbose=False)
    race, said = Race(nb.prompts.TWENTY, endpoint, speed=10), []
    race._screen.disclaimer.observe(lambda change: said.append(change["new"]), names="value")

    await finish(race)

    assert any(re.search(r"[AB]: paused for \d+ s by the server", each) for each in said)
    assert capfd.readouterr().err == ""

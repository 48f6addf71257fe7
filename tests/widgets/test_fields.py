"""What is typed and chosen in a race: numbers, servers, buttons."""

from __future__ import annotations

import pytest

import aiml_nb as nb
from aiml_nb.widgets.controls import Controls
from aiml_nb.widgets.fields import NumberField, as_rows, buttons, dropdown
from aiml_nb.widgets.servers import (
    AS_CONNECTED,
    NAMES,
    describe_clock,
    describe_server,
    server_names,
    settings_for,
)


@pytest.mark.parametrize(("typed", "number"), [("7", 7), (" 12 ", 12), ("1", 1), ("200", 200)])
def test_a_number_in_range_is_taken(typed: str, number: int):
    field = NumberField("Limit", 5, least=1, most=200)

    field.view.value = typed

    assert field.value == number


@pytest.mark.parametrize("typed", ["0", "201", "2.5", "", "five", "1e2", "٣ x", "9" * 400])
def test_what_is_no_number_in_range_is_refused_with_what_was_typed(typed: str):
    field = NumberField("Limit", 5, least=1, most=200)
    field.view.value = typed

    with pytest.raises(ValueError, match="Limit must be a whole number from 1 to 200") as refused:
        _ = field.value

    assert repr(typed[:40]) in str(refused.value)
    assert len(str(refused.value)) < 120


def test_a_fraction_may_have_a_comma_where_fractions_are_taken():
    field = NumberField("Replay speed", 1, least=0.1, most=20, whole=False)

    field.view.value = "0,5"

    assert field.value == 0.5


def test_who_observes_a_field_hears_of_each_change():
    field, heard = NumberField("Seed", 0, least=0, most=9), []
    field.observe(lambda: heard.append(field.value))

    field.value = 3

    assert heard == [3]


def test_rows_hold_their_groups_and_lists_look_alike():
    first = dropdown("A", [("one", 1), ("two", 2)], 2)
    like = dropdown("B", [("one", 1)], 1, like=first)
    pressed = buttons(("Start", "tip"), ("Cancel", ""))
    rows = as_rows([first, like], pressed, below=NumberField("x", 1, least=0, most=2).view)

    assert first.value == 2
    assert like.layout is first.layout
    assert [len(row.children) for row in rows.children[:2]] == [2, 2]
    assert pressed[0].tooltip == "tip"


def test_the_buttons_say_what_can_be_done():
    controls = Controls()

    controls.set(has_race=True, running=True, paused=False)
    assert (controls._pause.description, controls._replay.disabled) == ("Pause", True)
    controls.set(has_race=True, running=False, paused=True)
    assert (controls._pause.description, controls._replay.disabled) == ("Play", False)
    controls.set(has_race=False, running=False, paused=True)
    assert all(each.disabled for each in (controls._pause, controls._step, controls._replay))


@pytest.mark.parametrize(
    ("asked", "first"),
    [({}, "calm"), ({"scenario": "chaos", "seed": 3}, "chaos"), ({"scenario": "one-fails"},
     AS_CONNECTED), ({"scenario": "tight", "concurrency_limit": 3}, AS_CONNECTED)],
)  # fmt: skip
def test_the_server_that_was_connected_is_the_first_to_choose(asked: dict[str, object], first: str):
    names = server_names(asked)

    assert names[0] == first
    assert set(NAMES) <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_every_server_can_be_connected_and_is_told_in_a_sentence(name: str):
    settings = settings_for(name, {"scenario": "faq", "seed": 1}, seed=7, speed=2.0)

    endpoint = nb.connect(simulate=True, verbose=False, **settings)

    assert endpoint.simulator_settings == {"scenario": NAMES[name], "seed": 7, "speed": 2.0}
    assert describe_server(name, {}).count(".") >= 2
    assert repr(NAMES[name]) in describe_server(name, {})


def test_what_was_asked_for_stays_where_no_other_server_is_chosen():
    asked = {"scenario": "classroom", "seed": 1, "speed": 1}

    assert settings_for(AS_CONNECTED, asked, seed=7, speed=2.0) == {
        "scenario": "classroom", "seed": 7, "speed": 2.0
    }  # fmt: skip
    assert "classroom" in describe_server(AS_CONNECTED, asked)


def test_the_clock_cannot_be_taken_for_a_speed_up():
    simulated = nb.connect(simulate=True, verbose=False)
    real = nb.connect(base_url="http://127.0.0.1:9/v1", model="m", verbose=False)

    assert describe_clock(simulated, 4) == "Simulated; its clock runs 4 times as fast as real time."
    assert "real time" in describe_clock(simulated, 1)
    assert "×" not in describe_clock(simulated, 4)
    assert describe_clock(real, 4) == ""

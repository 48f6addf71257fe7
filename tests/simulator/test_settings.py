from __future__ import annotations

import json

import pytest

from aiml_nb.simulator import SCENARIOS, Settings, SettingsError, SimulatorError, scenario


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("seed", -1, "from 0 to"),
        ("seed", 1.5, "a whole number"),
        ("speed", 0, "from 0.01 to 10000"),
        ("speed", float("nan"), "from 0.01 to 10000"),
        ("speed", "fast", "a number from 0.01"),
        ("token_time", 1e9, "from 0 to 60"),
        ("capacity", 0, "from 1 to 100000 or None"),
        ("capacity", True, "from 1 to 100000"),
        ("queue", -1, "from 0 to"),
        ("longest_answer", 3, "at least shortest_answer"),
        ("models", (), "at least one name"),
        ("models", "gpt-4o", "a list"),
        ("models", [""], "names"),
        ("sends_role_at_once", 1, "True or False"),
        ("faults", [3], "must map"),
        ("faults", {3: 99}, "from 400 to 599"),
        ("faults", {3: "many"}, "from 400 to 599"),
        ("faults", {3: None}, "from 400 to 599"),
        ("faults", {0: 500}, "number of a request"),
        ("faults", {-2: 500}, "number of a request"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(name, value, allowed):
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: value})

    assert name.removesuffix("s") in str(caught.value)
    assert allowed in str(caught.value)


def test_an_error_of_the_settings_is_both_ours_and_a_value_error():
    assert issubclass(SettingsError, SimulatorError)
    assert issubclass(SettingsError, ValueError)


def test_settings_survive_json():
    settings = Settings(seed=3, capacity=5, models=("m",), faults={3: 400, "What?": (429, 503)})

    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_an_unknown_setting_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"'sped' is not a setting.*speed"):
        Settings.from_dict({"sped": 2})


def test_settings_are_hashable():
    assert hash(Settings(faults={1: 500})) == hash(Settings(faults={1: 500}))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_a_purpose_and_settings_to_change(name):
    assert SCENARIOS[name].endswith(".")
    assert scenario(name, seed=9).seed == 9


def test_the_default_scenario_is_the_faq():
    assert next(iter(SCENARIOS)) == "faq"
    assert scenario("faq") == Settings()


def test_an_unknown_scenario_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"one of 'faq', .*'tight'.*; not 'faqs'"):
        scenario("faqs")

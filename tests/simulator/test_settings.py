from __future__ import annotations

import json

import pytest

from aiml_nb.simulator import (
    SCENARIOS,
    Arrival,
    Settings,
    SettingsError,
    SimulatorError,
    scenario,
    scenarios,
    simulate,
)


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
        ("slow_down", -0.1, "from 0 to 100"),
        ("straggler_share", 1.5, "from 0 to 1"),
        ("straggler_factor", 0.5, "from 1 to 1000"),
        ("reasoning", "loud", "'none' or 'reasoning_content' or 'reasoning' or 'parts'"),
        ("longest_reasoning", 3, "at least shortest_reasoning"),
        ("endless_reasoning_share", 2, "from 0 to 1"),
        ("always_calls_tools", 1, "False or True"),
        ("concurrency", 0, "from 1 to"),
        ("requests_per_minute", 0.5, "a whole number from 1"),
        ("tokens_per_minute", 10**12, "from 1 to 1000000000"),
        ("window", "rolling", "'fixed' or 'sliding' or 'bucket'"),
        ("profile", "azure", "'openai' or 'aimlapi'"),
        ("accepts_anything", "yes", "False or True"),
        ("sends_role_at_once", 1, "False or True"),
        ("faults", [3], "must map"),
        ("faults", {3: 99}, "from 300 to 599"),
        ("faults", {3: "many"}, "one of retry-after"),
        ("faults", {3: None}, "a status such as 503"),
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


def test_some_scenarios_take_an_argument():
    assert scenario("refusing:2%").fault_shares == {"429": 0.02}
    assert scenario("refusing").fault_shares == {"429": 0.1}
    assert scenario("per-minute:7").requests_per_minute == 7
    assert scenario("overthinking:20%", seed=3).endless_reasoning_share == 0.2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tight:3", "'tight' takes no argument; not 'tight:3'"),
        ("refusing:", "as in refusing:10%; not 'refusing:'"),
        ("refusing:many", "as in refusing:10%; not 'refusing:many'"),
        ("refusing:200%", "as in refusing:10%; .* from 0 to 1"),
        ("per-minute:1.5", "as in per-minute:500; not"),
        ("per-minute:0", "as in per-minute:500; .* from 1 to"),
        ("reasoning:loudly", "as in reasoning:reasoning_content; .* 'parts'"),
    ],
)
def test_an_argument_that_is_none_is_refused_with_one_that_is(name, message):
    with pytest.raises(SettingsError, match=message):
        scenario(name)


def test_an_unknown_scenario_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"one of 'faq', .*'tight'.*; not 'faqs'"):
        scenario("faqs")


def test_the_examples_of_the_docstring_hold(tmp_path):
    """Every tenth answer is empty: by a scenario's settings, and by a file."""
    numbers = range(10, 10_001, 10)
    settings = Settings(faults=dict.fromkeys(numbers, "empty-text"), speed=10_000)
    written = next(line for line in scenarios.__doc__.splitlines() if line.startswith("    {"))
    (tmp_path / "forgetful.json").write_text(written)

    plans = simulate([Arrival(0.0, f"{n}?") for n in range(40)], settings)
    empty = [plan.fault is not None and plan.fault.text == "" for plan in plans]

    assert empty == ([False] * 9 + [True]) * 4
    assert scenario(str(tmp_path / "forgetful.json")).faults.keys() == {10, 20}


def test_a_file_changes_a_scenario_and_arguments_change_the_file(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text('{"scenario": "tight", "seed": 3, "speed": 2, "faults": {"2": ["reset"]}}')

    settings = scenario(str(file), seed=7)

    assert (settings.capacity, settings.seed, settings.speed) == (5, 7, 2)
    assert settings.faults == {2: ("reset",)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "no JSON object"),
        ('{"scenario": "faqs"}', "'faqs'.*'?tight'?"),
        ('{"scenario": []}', r"scenario is \[\]"),
        ('{"sped": 2}', "'sped' is not a setting"),
        ('{"speed": 0}', "from 0.01 to 10000"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_with_the_reason(tmp_path, text, reason):
    file = tmp_path / "mine.json"
    file.write_text(text)

    with pytest.raises(SettingsError, match=reason):
        scenario(str(file))


def test_a_folder_or_binary_file_is_refused(tmp_path):
    binary = tmp_path / "b.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (binary, tmp_path / "missing.json", tmp_path, "a" * 5000, "\0", 3):
        with pytest.raises(SettingsError):
            scenario(path if isinstance(path, int) else str(path))

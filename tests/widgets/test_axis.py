"""The time axis of a race: fixed by what is expected, and moved at most once."""

from __future__ import annotations

import pytest

import aiml_nb as nb
from aiml_nb.widgets.axis import Axis, expected_seconds
from aiml_nb.widgets.servers import NAMES


@pytest.mark.parametrize("expected", [0.01, 0.9, 5.2, 14, 239, 3600])
def test_the_axis_is_a_little_longer_than_what_is_expected(expected: float):
    assert expected < Axis(expected).end <= max(1.0, expected * 1.8)


def test_the_axis_grows_once_and_then_stays():
    axis = Axis(5)
    before = axis.end
    axis.cover(before, left=3.0)
    assert axis.end == before

    axis.cover(before + 0.1, left=20.0)
    grown = axis.end
    axis.cover(grown + 100, left=500.0)

    assert grown >= before + 20
    assert axis.end == grown


def test_an_axis_grows_where_nothing_is_known_of_the_end():
    axis = Axis(5)

    axis.cover(7.0, left=None)

    assert axis.end >= 10


@pytest.mark.parametrize("name", [*NAMES.values(), "classroom", "rate-limits", "one-fails"])
def test_the_simulator_is_known_before(name: str):
    """It is finite for every server, and one call at a time takes the sum of all."""
    endpoint = nb.connect(scenario=name, speed=4, verbose=False)

    together = expected_seconds(nb.prompts.TWENTY, endpoint, limit=5)
    alone = expected_seconds(nb.prompts.TWENTY, endpoint, limit=1)

    assert 0 < together <= alone < 600


@pytest.mark.slow
async def test_a_race_takes_about_what_was_expected():
    endpoint = nb.connect(seed=3, speed=10, verbose=False)

    run = await nb.run_async(nb.prompts.TWENTY, endpoint, max_concurrency=5, stream=True)

    expected = expected_seconds(nb.prompts.TWENTY, endpoint, limit=5)
    assert run.makespan > 0.8 * expected


def test_of_another_server_what_its_calls_took_counts():
    endpoint = nb.connect(base_url="http://127.0.0.1:9/v1", model="m", verbose=False)

    guessed = expected_seconds(["a"] * 10, endpoint, limit=2)

    assert expected_seconds(["a"] * 10, endpoint, limit=2, known=0.5) == 2.5 < guessed

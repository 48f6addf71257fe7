"""The garbage collector's settings: changed while runs last, and put back whatever happens."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import aiml_nb as nb
from aiml_nb.runner.pacing.garbage_collector import FULL_GC_THRESHOLD, fewer_full_gc

from ..waiting import wait_until_async


@pytest.fixture(autouse=True)
def usual() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield 700, 10, 10
    gc.set_threshold(*before)


async def test_a_run_looks_seldom_at_the_oldest_objects_and_puts_the_setting_back(usual) -> None:
    handle = nb.start(["Who?", "What?"], nb.connect(speed=20, verbose=False))
    await wait_until_async(lambda: gc.get_threshold() == (700, 10, FULL_GC_THRESHOLD), every=0.001)
    await handle

    assert gc.get_threshold() == usual


def test_the_last_of_several_runs_puts_it_back(usual) -> None:
    first, second = fewer_full_gc(), fewer_full_gc()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[2] == FULL_GC_THRESHOLD
    second.__exit__(None, None, None)

    assert gc.get_threshold() == usual


def test_an_error_puts_it_back(usual) -> None:
    with pytest.raises(KeyboardInterrupt), fewer_full_gc():
        raise KeyboardInterrupt

    assert gc.get_threshold() == usual


def test_what_somebody_sets_meanwhile_stays() -> None:
    with fewer_full_gc():
        gc.set_threshold(5000, 20, 20)

    assert gc.get_threshold() == (5000, 20, 20)

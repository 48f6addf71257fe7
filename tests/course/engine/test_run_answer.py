"""What a learner wrote runs beside any loop, and is given up when it does not end."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from aiml_nb.course import FakeModel, NotYet, run_answer


async def test_an_answer_runs_while_the_notebooks_loop_runs_and_leaves_it_alone() -> None:
    loop, run = asyncio.get_running_loop(), asyncio.run

    assert run_answer(lambda: asyncio.run(asyncio.sleep(0, "done"))) == "done"
    assert run_answer(asyncio.sleep, 0, "done") == "done"
    assert (asyncio.get_running_loop(), asyncio.run) == (loop, run)


def test_what_never_ends_is_told_so() -> None:
    threads = []

    async def wait_for_ever():
        threads.append(threading.current_thread())
        await asyncio.sleep(0.5)

    with pytest.raises(NotYet, match=r"had not ended after 0\.05 s"):
        run_answer(wait_for_ever, limit=0.05)
    threads[0].join(10)  # it ends before the next test


@pytest.mark.parametrize("awaits", [False, True])
def test_what_goes_round_for_ever_is_ended_when_it_is_given_up(awaits: bool) -> None:
    threads = []

    async def go_round():
        threads.append(threading.current_thread())
        while True:
            if awaits:
                await asyncio.sleep(0)

    with pytest.raises(NotYet, match="had not ended"):
        run_answer(go_round, limit=0.05)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()


def test_what_waits_for_ever_is_cancelled_when_it_is_given_up() -> None:
    threads = []

    async def wait_for_ever():
        threads.append(threading.current_thread())
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)

    with pytest.raises(NotYet, match="had not ended"):
        run_answer(wait_for_ever, limit=0.05)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()


def test_what_catches_everything_once_is_ended_all_the_same() -> None:
    threads, caught = [], []

    def go_round():
        threads.append(threading.current_thread())
        for _ in range(2):
            try:
                while True:
                    pass
            except BaseException as error:  # noqa: BLE001  as learners write it
                caught.append(error)

    with pytest.raises(NotYet, match="had not ended"):
        run_answer(go_round, limit=0.05)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()


@pytest.mark.parametrize("pause", [0.001, 0.02])
def test_what_looks_again_and_again_is_ended_though_it_mostly_sleeps(pause: float) -> None:
    threads = []

    async def look_for_ever():
        threads.append(threading.current_thread())
        while True:
            time.sleep(pause)  # noqa: ASYNC251

    with pytest.raises(NotYet, match="had not ended"):
        run_answer(look_for_ever, limit=0.05)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()


@pytest.mark.parametrize("catches", [False, True])
def test_a_sleep_in_virtual_time_is_told_at_once(catches: bool) -> None:
    threads = []

    async def sleep_for_long():
        threads.append(threading.current_thread())
        try:
            time.sleep(1000)  # noqa: ASYNC251
        except BaseException:
            if not catches:
                raise

    with pytest.raises(NotYet, match=r"time\.sleep keeps the loop to itself"):
        run_answer(sleep_for_long, virtual_time=True)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()


def test_what_was_started_and_not_awaited_prints_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = FakeModel([5])

    async def forget_to_await():
        asyncio.gather(model.ask("long"))
        await asyncio.sleep(0.01)

    run_answer(forget_to_await)
    gc.collect()
    assert not caplog.records


def test_an_error_of_the_answer_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        run_answer(lambda: 1 / 0)

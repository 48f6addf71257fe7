"""Promise R10: runs leave nothing behind, however they end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.runner import STRATEGIES, first_call

from ..silent_server import silent_server
from ..waiting import wait_until, wait_until_async
from .test_run import questions

WAYS = ("whole", "streamed", "failing", "cancelled", "late", "resumed", "unreachable")


def count_left() -> tuple[int, int, int]:
    """Return how many threads, tasks and file descriptors there are."""
    gc.collect()
    # The loop's own threads wait for more work until it is closed.
    threads = [each for each in threading.enumerate() if not each.name.startswith("asyncio_")]
    return len(threads), len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))


async def make_run(number: int, folder: Path, closed_port: int) -> None:
    """Make one run of one of the ways; each strategy meets each way in turn."""
    way, strategy = WAYS[number % len(WAYS)], STRATEGIES[number % len(STRATEGIES)]
    options = {"strategy": strategy, "max_concurrency": 4}
    scenario = "one-fails" if way == "failing" else None
    endpoint = nb.connect(speed=50, scenario=scenario, verbose=False)
    if way == "cancelled":
        handle = nb.start(questions(8), nb.connect(speed=2, verbose=False), **options)
        await wait_until_async(
            lambda: any(call.started is not None for call in handle.partial.calls)
        )
        handle.cancel()
        with suppress(asyncio.CancelledError):
            await handle
    elif way == "late":
        late = nb.connect(speed=1, verbose=False)
        await nb.run_async(questions(4), late, timeout=0.1, run_timeout=0.3, **options)
    elif way == "unreachable":
        nobody = nb.connect(base_url=f"http://127.0.0.1:{closed_port}/v1", verbose=False)
        with pytest.raises(nb.EndpointError):
            await nb.run_async(questions(2), nobody, journal=folder / f"{number}", **options)
    elif way == "resumed":
        journal = folder / f"{number}"
        await nb.run_async(questions(6), endpoint, journal=journal, max_calls=2, **options)
        await asyncio.to_thread(nb.resume, journal, endpoint, max_calls=None)
    else:
        await nb.run_async(questions(8), endpoint, stream=way == "streamed", **options)


@pytest.mark.parametrize("runs", [8, pytest.param(56, marks=pytest.mark.slow)])
async def test_runs_leave_no_thread_no_task_and_no_descriptor(
    runs: int, tmp_path: Path, closed_port: int
) -> None:
    for number in range(len(WAYS)):  # the simulator comes to stay
        await make_run(number, tmp_path, closed_port)
    before = count_left()

    def none_is_left() -> bool:
        return all(late <= early for late, early in zip(count_left(), before, strict=True))

    for number in range(runs):
        await make_run(number + 100, tmp_path, closed_port)

    print(f"threads, tasks, descriptors: {before}, after {runs} runs {count_left()}")
    await wait_until_async(none_is_left, patience=3)  # for what is just ending


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_interrupt_hangs_up_on_a_server_that_does_not_answer(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it goes on with answers that nobody reads, as long as the program lives."""
    monkeypatch.setattr(first_call, "HOLD_SECONDS", 0.1)
    in_flight = 1 if strategy == "sequential" else 4
    before = threading.active_count()
    with silent_server() as server:

        def interrupt() -> None:
            if all(server.waiting.acquire(timeout=30) for _ in range(in_flight)):
                os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        with pytest.raises(KeyboardInterrupt):
            nb.run(questions(8), endpoint, strategy=strategy, max_concurrency=in_flight)

        assert all(server.hung_up.acquire(timeout=10) for _ in range(in_flight))
    wait_until(lambda: threading.active_count() <= before, patience=10)
    run = nb.last_run()
    assert run is not None
    assert [call.outcome for call in run.calls].count("cancelled") == in_flight

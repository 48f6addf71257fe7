"""The stop button: whose it is, what it ends, and what it leaves as it was."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from aiml_nb.loop import (
    InterruptibleCall,
    call_in_thread,
    call_with_main,
    interruptible_task,
)
from aiml_nb.loop.interrupt import PATIENCE, Interruptible

from ..waiting import block, give_way, never, take, wait_until
from .process import run_script

NOTEBOOK = """
import asyncio, os, signal, threading, time
from aiml_nb.loop import InterruptibleCall, patch_loop, run_coroutine
from tests.waiting import give_way, never

def press_soon():
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

def notebook(cell):
    async def kernel():
        patch_loop()
        return await cell()
    with asyncio.Runner() as runner:
        return runner.run(kernel())
"""


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def press_soon() -> None:
    threading.Timer(0.1, press).start()


def test_code_that_blocks_a_loop_is_interrupted_and_the_program_with_it() -> None:
    # asyncio's own handler would have the loop cancel the main task, once it is not blocked.
    ended: list[str] = []

    async def hold_up(name: str) -> None:
        with InterruptibleCall():
            press_soon()
            try:
                block(20)
            finally:
                ended.append(name)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(hold_up("first"))
            group.create_task(hold_up("second"))
            group.create_task(never())

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())

    assert ended == ["first"]  # the second was about to begin, and is not there to be pressed for
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_users_own_is_kept_where_no_loop_runs() -> None:
    heard: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with InterruptibleCall():
            press()
            wait_until(lambda: bool(heard))
    finally:
        signal.signal(signal.SIGINT, handler)

    assert heard == [signal.SIGINT]


async def test_a_program_that_ignores_the_signal_goes_on_ignoring_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Imported, as any program may: only a kernel ignores the signal by itself, between its cells.
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with InterruptibleCall():
            press()
            block(0.1)
    finally:
        signal.signal(signal.SIGINT, handler)


async def test_a_program_that_goes_on_after_a_press_can_begin_runs_again() -> None:
    heard: list[int] = []
    refused: list[BaseException] = []

    def begin() -> None:
        try:
            with InterruptibleCall():
                pass
        except BaseException as error:  # noqa: BLE001
            refused.append(error)

    handler = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        press_soon()
        with pytest.raises(KeyboardInterrupt), InterruptibleCall():
            block(20)
        with pytest.raises(KeyboardInterrupt, match="not begun"), InterruptibleCall():
            pass
        asyncio.get_running_loop().call_soon(begin)
        await give_way()
        await take(2 * PATIENCE)
        with InterruptibleCall():
            pass
    finally:
        signal.signal(signal.SIGINT, handler)

    assert heard == [signal.SIGINT]
    assert type(refused[0]) is asyncio.CancelledError  # any other would end the loop from there


def test_a_press_that_python_drops_is_given_again() -> None:
    class Pressing:
        def __del__(self) -> None:
            press()
            block(0.01)

    def drop_and_wait() -> None:
        Pressing()
        block(20)

    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), InterruptibleCall():
        drop_and_wait()

    assert sys.unraisablehook is hook


def test_the_second_press_in_mid_end_leaves_the_handler_as_it_was() -> None:
    begins = threading.Event()

    class Late(Interruptible):
        def _press_again(self) -> None:
            with self._closing:
                begins.set()
                block(0.1)  # who ends is waiting now
                press()
                block(0.1)

    def press_and_wait() -> None:
        press()
        begins.wait(10)

    with pytest.raises(KeyboardInterrupt), Late(None, lambda: None):
        press_and_wait()

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_tasks_that_overlap_are_all_cancelled_and_the_handler_is_as_it_was() -> None:
    ended: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        try:
            async with interruptible_task():
                await take(seconds)
        finally:
            ended.append(name)

    async def main() -> None:
        # The first to begin is the first to end, and takes its handler from beneath the others'.
        await asyncio.gather(wait("short", 0.05), wait("long", 30), wait("longest", 60))

    loop = asyncio.new_event_loop()
    press_soon()
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(main())
    loop.run_until_complete(give_way())
    loop.close()

    assert ended[0] == "short"
    assert sorted(ended) == ["long", "longest", "short"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_a_thread_does_ends_with_an_interrupt_of_the_main_thread() -> None:
    begun, interrupted = threading.Event(), threading.Event()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            call_with_main(lambda: (begun.set(), interrupted.wait(20)), interrupted.set)
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    before = threading.active_count()
    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(10)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        try:
            press()
            block(10)
        finally:  # as a pool, which waits for its threads while the interrupt is on its way up
            assert interrupted.wait(10)
    thread.join(10)

    assert isinstance(raised[0], KeyboardInterrupt)
    wait_until(lambda: threading.active_count() <= before)


def test_a_run_in_a_thread_is_not_ended_by_what_was_over_before() -> None:
    answers: list[int] = []

    def work() -> None:
        answers.append(call_with_main(lambda: block(0.3) or 7, lambda: None))

    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:  # the main thread handles one all the while
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert answers == [7]


def test_a_nested_run_is_cancelled_with_the_task_that_waits_for_it() -> None:
    run_script(f"""{NOTEBOOK}
async def wait_in_vain():
    try:
        async with asyncio.timeout(0.1):
            run_coroutine(never())
    except TimeoutError:
        await give_way()  # the cancellation is over
        return "late"
async def cell():
    # In a task of its own: that of the cell was made before the patch.
    assert await asyncio.create_task(wait_in_vain()) == "late"
begun = time.monotonic()
notebook(cell)
assert time.monotonic() - begun < 30
""")


def test_an_interrupt_ends_all_runs_of_a_gather_and_no_loop() -> None:
    run_script(f"""{NOTEBOOK}
ended = []
async def wait(name):
    try:
        await never()
    finally:
        ended.append(name)
async def nested(name):
    run_coroutine(wait(name))
async def cell():
    press_soon()
    try:
        await asyncio.gather(nested(1), nested(2), nested(3))
    finally:
        ended.append("cell")
try:
    notebook(cell)
except KeyboardInterrupt:
    assert sorted(ended[:3]) == [1, 2, 3] and ended[3:] == ["cell"], ended
else:
    raise AssertionError
""")


def test_a_second_press_ends_a_nested_run_that_refuses_the_first() -> None:
    run_script(f"""{NOTEBOOK}
refused = []
async def stubborn():
    try:
        await never()
    except asyncio.CancelledError:
        refused.append(1)
        press_soon()
        await never()
async def cell():
    press_soon()
    run_coroutine(stubborn())
begun = time.monotonic()
try:
    notebook(cell)
except KeyboardInterrupt:
    assert refused == [1]
    assert time.monotonic() - begun < 30
else:
    raise AssertionError
""")


def test_an_interrupted_import_of_the_client_does_no_harm() -> None:
    # aiohttp, which it imports, lacks a part of itself in each later import.
    run_script(
        """
import os, signal, sys
import aiml_nb as nb

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == "aiohttp.client_reqrep":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Presses())
endpoint = nb.connect(simulate=True, speed=50, verbose=False)
try:
    nb.run(["Who?"], endpoint, strategy="sequential")
except KeyboardInterrupt:
    pass
else:
    raise AssertionError
assert nb.run(["Who?"], endpoint).calls[0].outcome == "ok"
""",
        timeout=90,  # it imports all of the client
    )


def test_the_signal_is_left_to_the_main_thread_while_a_run_goes_on_in_another() -> None:
    # Taken by another thread, it does not wake a main thread that waits for a lock.
    def is_blocked() -> bool:
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())

    def work() -> list[bool]:
        with InterruptibleCall():
            inside = is_blocked()
        return [inside, is_blocked()]

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == [True, False]
    assert call_in_thread(is_blocked).result()
    assert not is_blocked()

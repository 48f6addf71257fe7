from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import pytest

from aiml_nb.errors import AimlNbError, LoopError
from aiml_nb.loop import inside_run, run_coroutine

from ..waiting import give_way, never, take
from .process import run_script


async def double(number: int) -> int:
    await take(0.001)
    return 2 * number


def test_a_script_gets_the_result() -> None:
    assert run_coroutine(double(21)) == 42


def test_a_script_gets_the_exception() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_coroutine(fail())


def test_a_number_is_refused_with_the_value_and_what_to_type() -> None:
    with pytest.raises(TypeError, match=r"got 5, expected a coroutine.*run_coroutine\(main\(\)\)"):
        run_coroutine(5)  # type: ignore[arg-type]


def test_a_function_is_refused_with_its_own_name_in_the_fix() -> None:
    with pytest.raises(TypeError, match=r"Call the function: type  run_coroutine\(double\(\)\)"):
        run_coroutine(double)  # type: ignore[arg-type]


def test_a_thread_without_a_loop_gets_one_of_its_own() -> None:
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(run_coroutine(double(4))))
    thread.start()
    thread.join()

    assert answers == [8]


def test_a_script_leaves_no_task_behind() -> None:
    made: list[asyncio.Task[None]] = []

    async def leave() -> None:
        made.append(asyncio.create_task(never()))
        await give_way()

    run_coroutine(leave())

    assert made[0].cancelled()


def test_ctrl_c_in_a_script_cancels_and_raises_keyboard_interrupt() -> None:
    ended: list[str] = []

    async def wait() -> None:
        asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)
        try:
            await never()
        finally:
            ended.append("cancelled")

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_coroutine(wait())

    assert ended == ["cancelled"]
    assert time.monotonic() - begun < 5


def test_a_run_without_a_running_loop_is_not_nested_and_not_warned_about() -> None:
    with inside_run():
        assert run_coroutine(double(1)) == 2  # a warning would be an error here


def test_our_error_is_not_what_except_runtime_error_catches() -> None:
    assert issubclass(LoopError, AimlNbError)
    assert not issubclass(LoopError, RuntimeError)


def test_importing_the_room_imports_no_patch_and_no_notebook() -> None:
    heavy = run_script(
        """
        import sys, aiml_nb.loop
        heavy = ("nest_asyncio", "nest_asyncio2", "IPython", "ipykernel", "tornado")
        print([name for name in heavy if name in sys.modules])
        """
    )

    assert heavy == "[]\n"

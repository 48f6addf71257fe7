"""Each test patches, in a process of its own."""

from __future__ import annotations

import pytest

from aiml_nb.loop import LoopReport, patch_loop

from .process import run_script

NOTEBOOK = """
import asyncio, sys, threading, warnings
from aiml_nb.loop import inside_run, patch_loop, run_coroutine
from tests.waiting import never, take

async def double(number, seconds=0.01):
    await take(seconds)
    return 2 * number

def notebook(cell):
    '''Call a cell from a running loop, as a kernel does; the original starts the loop.'''
    async def kernel():
        return cell()
    with asyncio.Runner() as runner:
        return runner.run(kernel())

def quiet():
    import contextlib, io
    with contextlib.redirect_stdout(io.StringIO()):
        return patch_loop()
"""


def run_cell(cell: str) -> str:
    """Run a cell, defined as a function ``cell()``, inside a running loop."""
    return run_script(f"{NOTEBOOK}\n{cell}\nnotebook(cell)\n")


def test_without_a_running_loop_nothing_is_patched_and_the_report_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = patch_loop()

    assert (report.situation, report.found, report.loop) == ("no loop", "nothing", None)
    assert "nothing was patched" in report.done
    assert capsys.readouterr().out == f"{report}\n"


def test_the_report_is_one_line_with_a_field_for_each_version() -> None:
    report = LoopReport(
        situation="nested",
        found="nest_asyncio 1.6.0",
        done="replaced",
        advice="",
        loop="SomeLoop",
        front_end="Jupyter",
        python="3.11.7",
        ipykernel="7.4.0",
        nest_asyncio=None,
        nest_asyncio2="1.7.4",
    )

    assert str(report) == (
        "Event loop: found nest_asyncio 1.6.0; replaced. "
        "[Jupyter, SomeLoop, Python 3.11.7, ipykernel 7.4.0, nest-asyncio2 1.7.4]"
    )


def test_asyncio_run_works_in_a_cell_and_gives_result_and_exception() -> None:
    run_cell("""
def cell():
    assert quiet().situation == "nested"
    assert asyncio.run(double(21)) == 42
    assert asyncio.get_event_loop().run_until_complete(double(2)) == 4
    async def fail():
        raise KeyError("k")
    try:
        asyncio.run(fail())
    except KeyError:
        return
    raise AssertionError
""")


def test_a_second_patch_finds_the_first_and_does_nothing_more() -> None:
    run_cell("""
def cell():
    quiet()
    run, task = asyncio.run, asyncio.Task
    second = quiet()
    assert (second.situation, second.found) == ("nested", "aiml_nb"), second
    assert "already" in second.done
    assert asyncio.run is run and asyncio.Task is task
    assert asyncio.run(double(1)) == 2
""")


def test_a_patch_in_the_middle_of_a_turn_does_not_end_the_loop() -> None:
    # asyncio's own turn has counted its callbacks; the nested run consumes two of them.
    printed = run_script(f"""{NOTEBOOK}
async def kernel():
    done = asyncio.Event()
    def cell():
        quiet()
        asyncio.run(double(1))
        done.set()
    loop = asyncio.get_running_loop()
    loop.call_soon(cell)
    for number in range(2):
        loop.call_soon(print, number)
    await done.wait()
    print("alive")
with asyncio.Runner() as runner:
    runner.run(kernel())
""")

    assert printed == "0\n1\nalive\n"


def test_tasks_left_behind_are_cancelled_and_those_of_others_go_on() -> None:
    run_cell("""
def cell():
    quiet()
    mine, others = [], asyncio.get_running_loop().create_task(double(1, 60))
    async def leave():
        mine.append(asyncio.create_task(double(2, 60)))
        await take(0.01)
        mine.append(asyncio.create_task(double(3, 60)))
    asyncio.run(leave())
    assert [task.cancelled() for task in mine] == [True, True]
    assert not others.done()
    others.cancel()
""")


def test_a_task_that_refuses_to_be_cancelled_does_not_hold_the_cell() -> None:
    run_cell("""
import time
def cell():
    quiet()
    async def stubborn():
        while True:
            try:
                await never()
            except asyncio.CancelledError:
                if not patient:
                    return
    async def leave():
        asyncio.create_task(stubborn())
        await take(0.01)
    patient = True
    begun = time.monotonic()
    asyncio.run(leave())
    assert time.monotonic() - begun < 3
    patient = False
""")


def test_the_debug_flag_of_the_loop_is_set_for_the_run_only() -> None:
    run_cell("""
def cell():
    quiet()
    loop = asyncio.get_running_loop()
    async def debug():
        return loop.get_debug()
    before = loop.get_debug()
    assert asyncio.run(debug(), debug=True) is True
    assert loop.get_debug() is before
    loop.set_debug(True)
    assert asyncio.run(debug()) is True
    assert loop.get_debug() is True
    loop.set_debug(False)
""")


def test_a_worker_thread_without_a_loop_gets_the_original() -> None:
    run_cell("""
def cell():
    quiet()
    answers = []
    async def where():
        return asyncio.get_running_loop()
    home = asyncio.get_running_loop()
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(where())))
    thread.start()
    thread.join()
    assert answers[0] is not home and answers[0].is_closed()
""")


def test_timeouts_groups_and_context_work_in_a_nested_run() -> None:
    run_cell("""
from contextvars import ContextVar
name = ContextVar("name", default="?")
def cell():
    quiet()
    name.set("learner")
    async def main():
        assert name.get() == "learner"
        name.set("run")
        assert asyncio.current_task() is not None
        try:
            async with asyncio.timeout(0.01):
                await never()
        except TimeoutError:
            pass
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(double(n)) for n in range(3)]
        return [task.result() for task in tasks]
    assert asyncio.run(main()) == [0, 2, 4]
    assert name.get() == "learner"
""")


def test_what_is_not_a_coroutine_is_refused_as_by_the_original() -> None:
    run_cell("""
def cell():
    quiet()
    try:
        asyncio.run(5)
    except ValueError as error:
        assert "got 5" in str(error)
        return
    raise AssertionError
""")


def test_run_coroutine_patches_by_itself_and_says_so_once() -> None:
    printed = run_cell("""
def cell():
    assert run_coroutine(double(1)) == 2
    assert run_coroutine(double(2)) == 4
""")

    assert printed.count("\n") == 1
    assert "asyncio.run() now works in cells" in printed


def test_a_nested_run_inside_a_timed_run_is_warned_about_once() -> None:
    run_cell("""
def cell():
    quiet()
    with warnings.catch_warnings(record=True) as caught, inside_run():
        warnings.simplefilter("always")
        line = sys._getframe().f_lineno + 1
        asyncio.run(double(1))
        run_coroutine(double(1))
    asyncio.run(double(1))
    assert len(caught) == 1, caught
    assert "await main()" in str(caught[0].message)
    assert (caught[0].filename, caught[0].lineno) == ("<string>", line)
""")


def test_where_warnings_are_errors_the_coroutine_is_closed() -> None:
    run_cell("""
def cell():
    quiet()
    with inside_run():
        try:
            asyncio.run(double(1))
        except RuntimeWarning:
            return
    raise AssertionError
""")


@pytest.mark.parametrize("order", ["before", "after"])
def test_nest_asyncio_before_or_after_ends_in_our_patch(order: str) -> None:
    run_cell(f"""
import nest_asyncio
def cell():
    if {order!r} == "before":
        nest_asyncio.apply()
        assert asyncio.run.__module__ == "nest_asyncio"
    report = quiet()
    if {order!r} == "before":
        assert report.found.startswith("nest_asyncio 1."), report
        assert "replaced" in report.done
    else:
        nest_asyncio.apply()
    loop = type(asyncio.get_running_loop())
    assert loop._run_once.__module__ == "nest_asyncio2"
    assert asyncio.run.__module__.startswith("aiml_nb")
    assert quiet().found == "aiml_nb"
    assert asyncio.run(double(1)) == 2
""")


def test_nest_asyncio2_before_is_recognised() -> None:
    run_cell("""
import nest_asyncio2
def cell():
    nest_asyncio2.apply()
    report = quiet()
    assert report.found.startswith("nest_asyncio2 1."), report
    assert asyncio.run.__module__.startswith("aiml_nb")
    assert asyncio.run(double(1)) == 2
""")


def test_without_nest_asyncio2_runs_use_the_background_loop() -> None:
    run_cell("""
sys.modules["nest_asyncio2"] = None
def cell():
    report = quiet()
    assert report.situation == "background"
    assert "not installed" in report.done and "%pip install" in report.advice
    assert asyncio.run(double(1)) == 2
    assert asyncio.get_event_loop().run_until_complete(double(2)) == 4
    import nest_asyncio
    nest_asyncio.apply()
    assert asyncio.run(double(3)) == 6
""")


def test_a_patch_that_fails_is_reported_and_asyncio_run_still_works() -> None:
    run_cell("""
import nest_asyncio2
def fail(loop):
    raise ValueError("no patch today")
nest_asyncio2.apply = fail
def cell():
    report = quiet()
    assert report.situation == "background" and "no patch today" in report.done, report
    assert asyncio.run(double(1)) == 2
    assert quiet().situation == "background"
""")


def test_the_background_loop_cancels_leftovers_and_survives_an_exit() -> None:
    run_cell("""
sys.modules["nest_asyncio2"] = None
def cell():
    quiet()
    left = []
    async def leave():
        left.append(asyncio.create_task(double(1, 60)))
        await take(0.01)
    asyncio.run(leave())
    assert left[0].cancelled()
    async def leave_python():
        raise SystemExit(3)
    try:
        asyncio.run(leave_python())
    except SystemExit as error:
        assert error.code == 3
    assert asyncio.run(double(1)) == 2
""")


def test_the_background_loop_refuses_to_wait_for_itself() -> None:
    run_cell("""
from aiml_nb.errors import LoopError
sys.modules["nest_asyncio2"] = None
def cell():
    quiet()
    async def again():
        return asyncio.run(double(1))
    try:
        asyncio.run(again())
    except LoopError as error:
        assert "await main()" in str(error)
        return
    raise AssertionError
""")


def test_a_thread_without_a_loop_is_reported_and_nothing_is_patched() -> None:
    run_cell("""
def cell():
    before, reports = asyncio.run, []
    thread = threading.Thread(target=lambda: reports.append(quiet()))
    thread.start()
    thread.join()
    assert reports[0].situation == "no loop", reports
    assert asyncio.run is before
""")


def test_a_thread_with_a_loop_of_its_own_can_be_patched() -> None:
    run_script(f"""{NOTEBOOK}
def cell():
    assert quiet().situation == "nested"
    assert asyncio.run(double(1)) == 2
thread = threading.Thread(target=notebook, args=(cell,))
thread.start()
thread.join()
""")


def test_a_runtime_error_of_main_is_shown_and_main_is_not_run_again() -> None:
    run_cell("""
def cell():
    quiet()
    runs = []
    async def main():
        runs.append(1)
        raise RuntimeError("of main")
    try:
        try:
            asyncio.run(main())
        except RuntimeError:
            asyncio.get_event_loop().run_until_complete(main())
    except RuntimeError as error:
        assert str(error) == "of main", error
        assert "not run a second time" in error.__notes__[0]
    assert runs == [1]
""")


def test_a_different_coroutine_may_follow_a_runtime_error() -> None:
    run_cell("""
def cell():
    quiet()
    async def main():
        raise RuntimeError("of main")
    try:
        asyncio.run(main())
    except RuntimeError:
        assert asyncio.get_event_loop().run_until_complete(double(3)) == 6
""")

"""``%%timeline`` on real kernels: the FAQ's two programs, and cells of every other kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ..rows import slow
from .conftest import built
from .driver import Answer, Kernel
from .environments import HERE, MATRIX, REPOSITORY, Environment
from .shared import Kernels

pytestmark = pytest.mark.kernel

LONG = "List the 5 most famous hockey players of the 20th century."
SHORT = "What is 2+2?"
CONNECT = """
import aiml_nb as nb
endpoint = nb.connect(simulate=True, seed=1, speed=20, verbose=False)
ADDRESS, KEY = endpoint.base_url, endpoint.key.reveal()
nb.patch_loop()
"""
# The structure of the FAQ's programs; only address and key are others.
SYNC = f"""
from openai import OpenAI

def complete_chat(question):
    client = OpenAI(base_url=ADDRESS, api_key=KEY)
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{{"role": "user", "content": question}}]
    )
    print(question)

def main():
    complete_chat("{LONG}")
    complete_chat("{SHORT}")

if __name__ == "__main__":
    main()
"""
FUNCTIONS = f"""
import asyncio
from openai import AsyncOpenAI

async def complete_chat(question):
    client = AsyncOpenAI(base_url=ADDRESS, api_key=KEY)
    answer = await client.chat.completions.create(
        model="gpt-4o", messages=[{{"role": "user", "content": question}}]
    )
    print(question)

async def main():
    await asyncio.gather(complete_chat("{LONG}"), complete_chat("{SHORT}"))
"""
IDIOM = f"""{FUNCTIONS}
if __name__ == "__main__":
    try:
        asyncio.run(main())
    except RuntimeError:
        loop = asyncio.get_event_loop()
        loop.run_until_complete(main())
"""
ORDER = """
import json
def order(run):
    ended = sorted(run.calls, key=lambda call: call.finished)
    return json.dumps([call.prompt for call in ended])
"""
FAQ_KERNELS = [HERE, *(slow(known) for known in MATRIX if known.name != "newest-3.12")]


def value(answer: Answer) -> Any:
    return json.loads(answer.stdout)


def pictures(answer: Answer) -> list[dict[str, Any]]:
    return [shown for shown in answer.shown if "image/png" in shown or "text/html" in shown]


def open_kernel(environment: Environment) -> Kernel:
    kernel = Kernel(built(environment))
    ready = kernel.run(CONNECT, ORDER, "%load_ext aiml_nb", timeout=60)
    assert [answer.error for answer in ready] == ["", "", ""]
    return kernel


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    with Kernels(open_kernel) as started:
        yield started


@pytest.fixture
def kernel(kernels: Kernels) -> Iterator[Kernel]:
    with kernels.on(HERE) as lent:
        yield lent


@pytest.mark.parametrize("environment", FAQ_KERNELS, ids=str)
def test_the_faqs_programs_show_their_orders(kernels: Kernels, environment: Environment) -> None:
    with kernels.on(environment) as kernel:
        sync, idiom, awaited, *orders = kernel.run(
            f"%%timeline one\n{SYNC}",
            f"%%timeline two\n{IDIOM}",
            f"%%timeline three\n{FUNCTIONS}\nawait main()",
            *(f"print(order({name}))" for name in ("one", "two", "three")),
            timeout=90,
        )

    for answer in (sync, idiom, awaited):
        assert (answer.status, answer.error) == ("ok", "")
        assert len(pictures(answer)) == 1, answer.stderr
    assert sync.stdout.splitlines() == [LONG, SHORT]
    assert idiom.stdout.splitlines() == awaited.stdout.splitlines() == [SHORT, LONG]
    assert [value(each) for each in orders] == [[LONG, SHORT], [SHORT, LONG], [SHORT, LONG]]


def test_the_cells_of_the_books_page_run_as_they_stand_there(kernel: Kernel) -> None:
    page = (REPOSITORY / "docs" / "pages" / "your-code.md").read_text()
    load, timeline, _, function = re.findall(r"```python\n(.*?)```", page, re.S)

    answers = kernel.run(
        load.replace("simulate=True", "simulate=True, speed=20"),
        timeline,
        function,
        "print(json.dumps([answers == run.results, [call.outcome for call in run.calls]]))",
    )

    assert [answer.error for answer in answers] == ["", "", "", ""]
    assert [len(pictures(answer)) > 0 for answer in answers] == [False, True, True, False]
    assert value(answers[3]) == [True, ["ok"] * 3]


@pytest.mark.parametrize("environment", FAQ_KERNELS, ids=str)
def test_five_cells_queued_at_once_have_a_timeline_each(
    kernels: Kernels, environment: Environment
) -> None:
    with kernels.on(environment) as kernel:
        cells = [
            f"%%timeline run_{n}\n{FUNCTIONS.replace(SHORT, f'{SHORT} ({n})')}\n{ending}"
            for n, ending in enumerate(["await main()", "asyncio.run(main())"] * 2 + ["1"])
        ]
        answers = kernel.run(*cells, "print(json.dumps([len(each.calls) for each in "
                             "(run_0, run_1, run_2, run_3, run_4)]))", timeout=120)  # fmt: skip

    *cells_answers, counts = answers
    assert [answer.status for answer in cells_answers] == ["ok"] * 5
    assert [len(pictures(answer)) for answer in cells_answers] == [1, 1, 1, 1, 0]
    assert "No call to a model was seen" in cells_answers[-1].stdout
    assert value(counts) == [2, 2, 2, 2, 0]
    for number, answer in enumerate(cells_answers[:4]):
        assert f"{SHORT} ({number})" in answer.stdout


def test_what_is_typed_wrong_is_a_sentence(kernel: Kernel) -> None:
    ask = "complete_chat('Who?')"
    sync = SYNC.partition("def main")[0]
    kernel.run(sync)
    below, option, name, keyword, word, twice, shown = kernel.run(
        f"x = 1\n%%timeline\n{ask}",
        f"%%timeline --wide\n{ask}",
        f"%%timeline 2nd\n{ask}",
        f"%%timeline class\n{ask}",
        "%timeline maybe",
        f"%%timeline\n%%timeline\n{ask}",
        "print('still here')",
    )

    assert "must be the first line" in below.error + below.stderr
    assert "no option '--wide'" in option.error + option.stderr
    assert "'2nd' cannot be the name" in name.error + name.stderr
    assert "'class' cannot be the name" in keyword.error + keyword.stderr
    assert "stands in this cell once more" in twice.error + twice.stderr
    assert "takes on or off, not 'maybe'" in word.error + word.stderr
    assert shown.stdout == "still here\n"
    for answer in (below, option, name, keyword, word, twice):
        assert answer.stdout == ""
        assert "Traceback" not in answer.stderr + answer.traceback


def test_an_exception_stays_the_users_and_the_timeline_is_shown(kernel: Kernel) -> None:
    (answer,) = kernel.run(f"%%timeline\n{SYNC}\n1 / 0")

    assert answer.status == "error"
    assert "ZeroDivisionError" in answer.error
    assert "aiml_nb" not in answer.traceback
    assert len(pictures(answer)) == 1


def test_the_traceback_of_a_call_that_fails_is_the_clients(kernel: Kernel) -> None:
    kernel.run(SYNC.partition("def main")[0])
    (answer,) = kernel.run("%%timeline\nADDRESS = 'http://127.0.0.1:9/v1'\ncomplete_chat('Who?')")
    kernel.run(CONNECT)

    assert "APIConnectionError" in answer.error
    assert "_base_client.py" in answer.traceback
    assert "hooks.py" not in answer.traceback
    assert len(pictures(answer)) == 1


def test_a_step_is_not_in_a_traceback_either(kernel: Kernel) -> None:
    (answer,) = kernel.run("%%timeline\n@nb.step\ndef look(): 1 / 0\nlook()")

    assert "ZeroDivisionError" in answer.error
    assert "steps.py" not in answer.traceback


def test_its_help_says_how_it_is_written(kernel: Kernel) -> None:
    for cell in ("%%timeline?", "%timeline?"):
        (reply,) = kernel.run(cell)
        assert (reply.status, reply.stdout) == ("ok", "")  # else: "Object … not found"


def test_runs_keep_records_of_their_own(kernel: Kernel) -> None:
    run, function, wrong = kernel.run(
        "%%timeline\nrun = nb.run(['One?'], endpoint, progress=False)",
        "%%timeline\nrun = nb.run([1, 2], lambda item: item, progress=False)",
        "%%timeline\n1 +",
    )

    for answer in (run, function):
        assert answer.stdout.endswith("keep records of their own: show what they return.\n")
    assert "SyntaxError" in wrong.error
    assert wrong.stdout == ""


def test_on_shows_each_cell_that_calls_a_model_until_off(kernel: Kernel) -> None:
    on, calls, none, time, off, after, unloaded = kernel.run(
        "%timeline on",
        SYNC,
        "1 + 1",
        f"%%timeline\n%%time\n{SYNC}",
        "%timeline off",
        SYNC,
        "%unload_ext aiml_nb",
    )
    kernel.run("%load_ext aiml_nb")

    assert [len(pictures(each)) for each in (on, calls, none, time)] == [0, 1, 0, 1]
    assert none.stdout == ""
    assert "Wall time" in time.stdout
    assert [len(pictures(each)) for each in (off, after)] == [0, 0]
    assert after.stdout.splitlines() == [LONG, SHORT]
    assert unloaded.status == "ok"


def test_a_task_that_goes_on_is_unfinished_and_its_end_is_written_down(kernel: Kernel) -> None:
    begun, _, errors, end = kernel.run(
        f"%%timeline run\n{FUNCTIONS}\ntask = asyncio.create_task(main())\n"
        "while len(run.calls) < 2: await asyncio.sleep(0.01)",
        "errors = [call.error for call in run.calls]\nawait task",
        "print(json.dumps(errors))",
        "print(json.dumps([[call.outcome, call.text != ''] for call in run.calls]))",
    )

    assert begun.status == "ok", begun.error
    assert "unfinished when the cell ended" in value(errors)
    assert value(end) == [["ok", True], ["ok", True]]

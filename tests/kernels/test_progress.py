"""The progress bar, which a kernel can show only where it knows the cell."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from .driver import Kernel
from .environments import Environment
from .runs import PREPARE
from .server import Server

pytestmark = pytest.mark.kernel

ASK = """
def ask_few(strategy, progress=None):
    run = nb.run(prompts[:20], endpoint, strategy=strategy, progress=progress, **options)
    outcomes.extend(call.outcome for call in run.calls)

def in_plain_thread(*arguments):
    thread = threading.Thread(target=ask_few, args=arguments)
    thread.start()
    thread.join()

outcomes = []
"""


def test_runs_in_threads_are_made_whether_their_bar_can_be_shown_or_not(
    environment: Environment,
) -> None:
    # ipykernel 7.0 raises LookupError in threads: in plain ones the run failed, and where a pool's
    # thread was the first to move the bar, the run and all bars after it stood still.
    with Server(delay=0.02) as server, Kernel(environment) as kernel:
        answers = kernel.run(
            f"{PREPARE.format(port=server.port)}{ASK}",
            "ask_few('threads')",
            "in_plain_thread('gather')",
            "in_plain_thread('threads', True)",
            "await asyncio.to_thread(ask_few, 'threads')",
            "with ThreadPoolExecutor(1) as pool: pool.submit(ask_few, 'sequential').result()",
            "ask_few('gather', True)",
            "print(outcomes.count('ok'), len(outcomes))",
            timeout=60,
        )

    assert [answer.status for answer in answers] == ["ok"] * 8
    assert "threads" in answers[1].shown[0]["text/plain"]
    assert answers[-1].stdout == "120 120\n"
    assert "".join(answer.stderr for answer in answers) == ""


@pytest.mark.slow
def test_a_bar_that_is_done_leaves_no_widget_that_is_gone() -> None:
    cells = (
        "import aiml_nb as nb\nendpoint = nb.connect(speed=50, verbose=False)",
        "run = nb.run(nb.prompts.FAQ, endpoint)",
        "import asyncio\nasyncio.run(nb.run_async(nb.prompts.FAQ, endpoint, progress=True))",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])

    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()

    done, kept = ([o for o in c.outputs if "data" in o] for c in notebook.cells[1:])
    assert [dict(output["data"]) for output in done] == [{"text/html": "", "text/plain": ""}]
    assert any("application/vnd.jupyter.widget-view+json" in output["data"] for output in kept)

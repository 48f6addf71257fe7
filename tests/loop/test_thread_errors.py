"""An exception that waits for a thread which sleeps keeps nobody from tracing."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, threading
from aiml_nb.loop import raise_in_thread
from aiml_nb.widgets import LoopView

asleep = threading.Event()
def sleep():
    asleep.set()
    threading.Event().wait()

thread = threading.Thread(target=sleep, daemon=True)
thread.start()
asleep.wait()
raise_in_thread(thread.ident, SystemExit)
print(LoopView(asyncio.sleep(0.01, "slept")).recording["tasks"][0]["value"])
"""


def test_a_loop_view_is_made_beside_a_thread_that_does_not_hear() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.stdout, done.stderr) == ("'slept'\n", "")

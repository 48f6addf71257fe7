"""However a kernel ends, its simulator ends too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from ..rows import slow
from ..waiting import wait_until
from .test_process import is_alive, posix

pytestmark = pytest.mark.kernel


@pytest.fixture
def manager() -> Iterator[KernelManager]:
    manager = KernelManager()
    manager.start_kernel()
    yield manager
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
    manager.context.destroy()


def start_simulator(manager: KernelManager) -> int:
    """Connect in a cell, and give the simulator's process id."""
    client: BlockingKernelClient = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        printed: list[str] = []
        client.execute_interactive(
            "import aiml_nb as nb\n"
            "endpoint = nb.connect(simulate=True, verbose=False)\n"
            "print(nb.run(['What is 2+2?'], endpoint).calls[0].outcome)\n"
            "from aiml_nb.simulator import shared_process\n"
            "print(shared_process().pid)",
            timeout=60,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
    outcome, pid = "".join(printed).split()[-2:]
    assert outcome == "ok", printed
    assert is_alive(int(pid))
    return int(pid)


ENDS: dict[str, Callable[[KernelManager], None]] = {
    "restart": lambda manager: manager.restart_kernel(),
    "shutdown": lambda manager: manager.shutdown_kernel(),
    "kill -9": lambda manager: manager.signal_kernel(9),
}


@posix
@pytest.mark.parametrize("end", [slow("restart"), slow("shutdown"), "kill -9"])
def test_no_simulator_is_left_two_seconds_after_the_end_of_its_kernel(manager, end):
    pid = start_simulator(manager)

    ENDS[end](manager)

    wait_until(lambda: not is_alive(pid), patience=2)

"""The stop button between cells: heard while something is being made, ignored before and after."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from aiml_nb.widgets.stop_button import StopButton


@pytest.fixture
def pressed() -> Iterator[list[str]]:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a kernel does between cells
    yield []
    signal.signal(signal.SIGINT, before)


def test_it_is_heard_only_while_it_listens(pressed: list[str]):
    button = StopButton(lambda: pressed.append("stop"))

    signal.raise_signal(signal.SIGINT)
    button.listen()
    signal.raise_signal(signal.SIGINT)
    button.ignore()
    signal.raise_signal(signal.SIGINT)

    assert pressed == ["stop"]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_running_cell_keeps_its_own_way(pressed: list[str]):
    signal.signal(signal.SIGINT, signal.default_int_handler)

    StopButton(lambda: pressed.append("stop")).listen()

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_that_was_put_back_by_a_cell_does_nothing(pressed: list[str]):
    button = StopButton(lambda: pressed.append("stop"))
    button.listen()
    put_back = signal.getsignal(signal.SIGINT)
    button.ignore()
    signal.signal(signal.SIGINT, put_back)

    signal.raise_signal(signal.SIGINT)

    assert pressed == []

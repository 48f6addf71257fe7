"""What stands on the screen at each moment of a replay, and what its sentence says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from aiml_nb.loop_view.replay.moments import make_moments
from aiml_nb.loop_view.replay.sentences import Words, format_seconds

from . import recordings

ALL = (recordings.tea_and_eggs, recordings.blocked, recordings.crowd, recordings.long)


def said(recording: dict[str, Any]) -> list[str]:
    words = Words(recording)
    return [
        words.text([*moment.sentence, " ", *moment.outlook]).strip()
        for moment in make_moments(recording)
    ]


@pytest.mark.parametrize("make", ALL)
def test_every_task_is_in_one_place_and_who_is_first_in_ready_runs_next(make: Any):
    recording = make()
    moments = make_moments(recording)

    assert [m.running for m in moments if m.phase == "run"] == [
        step["task"] for step in recording["steps"]
    ]
    for moment, following in pairwise(moments):
        chair = [] if moment.running is None else [moment.running]
        seen = [*chair, *moment.ready, *moment.waiting, *moment.done]
        assert sorted(seen) == [task["id"] for task in recording["tasks"]]
        if moment.phase != "run" and moment.ready:
            assert following.running == moment.ready[0]
    assert len(moments[-1].done) == len(recording["tasks"])


@pytest.mark.parametrize("make", ALL)
def test_ready_is_the_line_that_was_recorded(make: Any):
    recording = make()
    for moment in make_moments(recording):
        if moment.phase == "leave":
            assert moment.ready == recording["steps"][moment.step]["queue"]


def test_the_sentences_of_tea_and_eggs():
    assert said(recordings.tea_and_eggs()) == [
        "tea and eggs stand in READY, in the order in which they were started.",
        "tea takes the chair and starts at the top of boil.",
        "tea reached await asyncio.sleep and sleeps for 0.3 s. "
        "The loop is free. Next in READY: eggs.",
        "eggs takes the chair and starts at the top of boil.",
        "eggs reached await asyncio.sleep and sleeps for 0.2 s. "
        "The loop is free and nobody is READY: it idles for 0.20 s, until the timer of eggs rings.",
        "The sleep of 0.2 s is over: eggs takes the chair and goes on from line 2.",
        "eggs reached await asyncio.sleep and sleeps for 0.3 s. "
        "The loop is free and nobody is READY: it idles for 0.10 s, until the timer of tea rings.",
        "The sleep of 0.3 s is over: tea takes the chair and goes on from line 2.",
        "tea is done and returned 'tea'. "
        "The loop is free and nobody is READY: it idles for 0.20 s, until the timer of eggs rings.",
        "The sleep of 0.3 s is over: eggs takes the chair and goes on from line 2.",
        "eggs is done and returned 'eggs'. Nobody is left. It took 0.50 s.",
    ]


def test_who_holds_the_loop_is_named_with_its_line_and_who_is_late_for_it():
    sentences = said(recordings.blocked())

    assert (
        "The sleep of 0.1 s is over: notes takes the chair and goes on from line 2. "
        "time.sleep(0.5) in line 3 holds the loop for 0.50 s: nobody else can run, "
        "and first, second and third are late."
    ) in sentences
    assert (
        "notes reached await asyncio.sleep and sleeps for 0.1 s. "
        "The loop is free again. The timer of first rang 0.40 s ago: it is next."
    ) in sentences
    assert (
        "The sleep of 0.2 s is over: first takes the chair and goes on from line 2, late by 0.40 s."
    ) in sentences


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        ({"kind": "lock", "text": "lock"}, "waits for the lock"),
        ({"kind": "queue", "text": "queue (an item)"}, "waits for the queue (an item)"),
        ({"kind": "gather", "text": "gather of 2"}, "waits for a gather of 2"),
        ({"kind": "group", "text": "TaskGroup of 3"}, "waits for a TaskGroup of 3"),
        ({"kind": "wait", "text": "the next of 3"}, "waits for the next of 3"),
        ({"kind": "task", "text": "task eggs", "tasks": [1]}, "waits for eggs"),
        (
            {"kind": "thread", "text": "time.sleep in a thread"},
            "waits for time.sleep in a thread",
        ),
        ({"kind": "answer", "text": "answer of the server"}, "waits for the answer of the server"),
        (
            {"kind": "lock", "text": "lock", "timeout": {"seconds": 0.2, "until": 0.5}},
            "waits for the lock, at most 0.2 s",
        ),
    ],
)
def test_what_a_task_waits_for_reads_as_a_sentence(wait: dict[str, Any], words: str):
    recording = recordings.tea_and_eggs()
    recording["steps"][0].update(waits_for=wait, awaits="value = await lock.acquire()")

    assert said(recording)[2].startswith(f"tea reached await lock.acquire and {words}.")


@pytest.mark.parametrize(
    ("waker", "words"),
    [
        (
            {"kind": "task", "task": 1, "text": "eggs, which released the lock"},
            "Woken by eggs, which released the lock, tea takes the chair",
        ),
        (
            {"kind": "cancel", "task": 1, "text": "eggs, which cancelled it"},
            "Woken by eggs, which cancelled it, tea takes the chair",
        ),
        ({"kind": "turn", "text": "its turn"}, "tea takes the chair and goes on from line 2."),
        (None, "tea takes the chair and goes on from line 2."),
    ],
)
def test_what_woke_a_task_is_said(waker: dict[str, Any] | None, words: str):
    recording = recordings.tea_and_eggs()
    recording["steps"][3].update(woken_by=waker)

    assert said(recording)[7].startswith(words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ending": "raised", "error": "ValueError: no"}, "tea has failed with ValueError: no."),
        ({"ending": "cancelled"}, "tea was cancelled and has ended."),
    ],
)
def test_how_a_task_ended_is_said(change: dict[str, Any], words: str):
    recording = recordings.tea_and_eggs()
    recording["steps"][3].update(change)

    assert said(recording)[8].startswith(words)


@pytest.mark.parametrize(
    ("awaits", "words"),
    [
        ("async with lock:", "tea reached async with lock and"),
        ("async for item in queue(3):", "tea reached async for item in queue and"),
        ("return await  asyncio.gather(a, b)", "tea reached await asyncio.gather and"),
        ("await loop().create_future()", "tea reached await loop().create_future and"),
        ("coroutine(", "tea reached coroutine( and"),
        (None, "tea reached line 2 and"),
    ],
)
def test_where_a_task_paused_is_said(awaits: str | None, words: str):
    recording = recordings.tea_and_eggs()
    recording["steps"][0]["awaits"] = awaits

    assert said(recording)[2].startswith(words)


def test_a_task_that_gives_way_lines_up_again():
    recording = recordings.tea_and_eggs()
    turn = {"kind": "turn", "text": "its next turn", "seconds": 0, "until": None}
    recording["steps"][0].update(waits_for=turn, queue=[1, 0])

    assert "lines up in READY again. The loop is free. Next in READY: eggs." in said(recording)[2]


def test_a_recording_that_was_stopped_ends_in_the_step_it_stood_in():
    recording = recordings.blocked()
    number = next(i for i, step in enumerate(recording["steps"]) if step["blocked"])
    del recording["steps"][number + 1 :]
    recording["steps"][-1].update(waits_for=None, ending=None)
    recording.update(complete=False, notes=["Stopped: time.sleep held the loop for 30 s."])
    moments = make_moments(recording)

    assert moments[-1].running == 3
    assert said(recording)[-1].endswith("Stopped: time.sleep held the loop for 30 s.")


def test_a_step_of_a_library_has_no_line():
    recording = recordings.tea_and_eggs()
    nowhere = {"source": None, "line": None, "first_line": None, "lines": [], "awaits": None}
    for step in recording["steps"]:
        step.update(nowhere)

    assert "tea reached an await and sleeps for 0.3 s." in said(recording)[2]
    assert said(recording)[7].endswith("tea takes the chair and goes on.")


def test_nothing_was_recorded():
    empty = {**recordings.tea_and_eggs(), "tasks": [], "steps": [], "seconds": 0.0}

    assert said(empty) == ["Nothing has run."]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "0 ms"), (0.012, "12 ms"), (0.49, "0.49 s"), (120, "120 s")]
)
def test_times_are_written_as_a_class_reads_them(seconds: float, words: str):
    assert format_seconds(seconds) == words


def test_what_is_made_before_the_first_step_stands_in_ready_from_the_beginning():
    recording = recordings.tea_and_eggs()
    for step in recording["steps"]:
        step["start"] += 0.001
    recording["tasks"][1]["created"] = 0.0005

    assert said(recording)[0].startswith("tea and eggs stand in READY")

"""`FilmStudio` behaves as a service that is polled, and `watch_task` tells how a task ended."""

from __future__ import annotations

import asyncio

import pytest

from aiml_nb.course import FilmStudio
from aiml_nb.course.engine.exercises import NotYet
from aiml_nb.course.engine.watched_task import watch_task

from ...waiting import take


async def states_of(studio: FilmStudio) -> list[str]:
    job = await studio.submit("A cat on a bicycle")
    states = [job["status"]]
    while job["status"] in ("queued", "generating"):
        await take(0.01)
        job = await studio.fetch(job["id"])
        if job["status"] != states[-1]:
            states.append(job["status"])
    assert ("video" in job, "error" in job) == (states[-1] == "completed", states[-1] == "error")
    return states


@pytest.mark.parametrize(("fails", "end"), [(False, "completed"), (True, "error")])
async def test_a_film_is_queued_then_generated_then_there_or_not(fails: bool, end: str) -> None:
    studio = FilmStudio(queued=0.15, generating=0.3, fails=fails)

    assert await states_of(studio) == ["queued", "generating", end]
    assert len(studio.films[0].looks) > 2


async def test_a_film_that_nobody_ordered_is_refused() -> None:
    studio = FilmStudio()
    await studio.submit("A cat")

    with pytest.raises(ValueError, match=r"one of \['film-1'\]; not 'film-2'"):
        await studio.fetch("film-2")


async def leave_one() -> str:
    leave_one.kept = asyncio.create_task(take(5))  # type: ignore[attr-defined]
    return "done"


def test_a_task_that_is_left_is_counted_and_ended() -> None:
    ending = watch_task(leave_one)

    assert (ending.value, ending.left) == ("done", 1)
    assert leave_one.kept.cancelled()  # type: ignore[attr-defined]


def test_a_task_is_cancelled_when_it_is_to_be() -> None:
    ending = watch_task(lambda: take(5), cancel_when=lambda: True)

    assert isinstance(ending.error, asyncio.CancelledError)
    assert ending.left == 0


def test_what_cannot_be_awaited_is_told() -> None:
    with pytest.raises(NotYet, match="async def"):
        watch_task(lambda: "done")

"""Exercise 10.8: submit a film, poll with a pause, and stop in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

from ..engine.exercises import Exercise, NotEnded, NotYet, require
from ..engine.expect import expect_function, judge_twice
from ..engine.film_studio import Film, FilmStudio
from ..engine.prepared import is_unawaited
from ..engine.watched_task import Ending, watch_task

PROMPT = "A cat on a bicycle"


def check_make_film(make_film: object) -> str:
    """Try a film, two at once, one that fails, and one that takes too long."""
    function = expect_function(make_film, "make_film")
    for pause, queued, generating in ((0.05, 0.1, 0.2), (0.15, 0.0, 0.4)):
        judge_twice(_try_film, function, pause, queued, generating)
    _check_two(function)
    _check_error(function)
    _check_too_late(function)
    return "Submitted once, looked after with a pause, and stopped in time."


def _try_film(function: Callable[..., Any], pause: float, queued: float, generating: float) -> None:
    studio = FilmStudio(queued=queued, generating=generating)
    ending = _make(function, studio, pause)
    if isinstance(ending.error, TypeError | AttributeError | ValueError):
        raise ending.error
    _require_end(ending, studio, queued + generating)
    _require_looks(studio, pause)
    _require_address(ending)


def _make(function: Callable[..., Any], studio: FilmStudio, pause: float) -> Ending:
    try:
        return watch_task(lambda: function(studio, PROMPT, pause, 4.0), virtual_time=False)
    except NotYet as reason:
        if not isinstance(reason, NotEnded):
            raise
        looks = sum(len(film.looks) for film in studio.films)
        raise NotEnded(
            "a film was ready after 0.4 s at most, and your function had not ended after 5 s, with "
            f"{looks} looks. job = await studio.fetch(…)  in the loop tells how it is now."
        ) from None


def _require_end(ending: Ending, studio: FilmStudio, seconds: float) -> None:
    looks = sum(len(film.looks) for film in studio.films)
    require(
        not isinstance(ending.error, TimeoutError),
        f"a film was ready after {seconds:g} s, and after 4 s, with {looks} looks, its time was "
        "over. When does your loop end? (a == b or c  is true whenever c is a text.)",
    )


def _require_looks(studio: FilmStudio, pause: float) -> None:
    require(studio.films, "no film was submitted. job = await studio.submit(prompt)")
    require(
        len(studio.films) == 1,
        f"{len(studio.films)} films were submitted, and each is paid for. Submit once, and fetch.",
    )
    (film,) = studio.films
    require(film.prompt == PROMPT, f"{film.prompt!r:.60} was submitted, and not the prompt.")
    require(film.looks, "nobody looked what became of the film: await studio.fetch(job['id']).")
    _require_pauses(film, pause)


def _require_pauses(film: Film, pause: float) -> None:
    gaps = [after - before for before, after in pairwise((film.submitted, *film.looks))]
    # asyncio.sleep is never early, but a fetch takes a moment, too.
    require(
        min(gaps[1:], default=pause) > 0.8 * pause,
        f"it looked {len(film.looks)} times, once {min(gaps):.3f} s after the time before, and the "
        f"pause is {pause} s. await asyncio.sleep(pause) before each look.",
    )
    usual = median(gaps)
    require(
        usual < 1.6 * pause or pause < 0.1,
        f"between two looks about {usual:.2f} s passed, and the pause is {pause} s: the film is "
        "known of later than it could be. await asyncio.sleep(pause) before each look.",
    )


def _require_address(ending: Ending) -> None:
    if isinstance(ending.error, KeyError):
        raise NotYet(
            f"the job had no {ending.error}: there is a video when the status is 'completed', and "
            "not before. Go on while it is 'queued' or 'generating'."
        )
    if ending.error is not None:
        raise ending.error
    value = ending.value
    require(
        not is_unawaited(value),
        "it returned what is to be awaited. Write await.",
    )
    require(value is not None, "it returned None. Return the address: job['video']['url'].")
    require(
        isinstance(value, str) and value.endswith("film-1.mp4"),
        f"it returned {value!r:.60}, and the address is wanted: job['video']['url'].",
    )


def _check_two(function: Callable[..., Any]) -> None:
    studio = FilmStudio(queued=0.1, generating=0.3)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    async def make_two() -> list[Any]:
        neighbour = asyncio.create_task(take_turns())
        try:
            return await asyncio.gather(*(function(studio, PROMPT, 0.2, 4.0) for _ in range(2)))
        finally:
            neighbour.cancel()

    ending = watch_task(make_two, virtual_time=False)
    if ending.error is not None:
        raise ending.error
    looks = sum(len(film.looks) for film in studio.films)
    require(
        turns > 3 * looks,  # a pause of 0.2 s has room for twenty, and one that blocks for none
        "while it pauses, nobody else gets a turn: your pause keeps the loop to itself. Which "
        "sleep lets go?",
    )


def _check_error(function: Callable[..., Any]) -> None:
    studio = FilmStudio(queued=0.05, generating=0.05, fails=True)
    ending = watch_task(lambda: function(studio, PROMPT, 0.02, 1.0), virtual_time=False)
    message = "film-1 cannot be made (simulated)"
    if isinstance(ending.error, TimeoutError):
        raise NotYet(
            "the film ended with the status 'error', and it went on looking until its time was "
            "over. Go on only while the status is 'queued' or 'generating'."
        )
    if isinstance(ending.error, KeyError):
        raise NotYet(
            "the film ended with the status 'error', and has no video. Look at the status."
        )
    require(
        isinstance(ending.error, RuntimeError),
        f"the film ended with the status 'error', and your function gave "
        f"{ending.error or ending.value!r:.60}. Raise RuntimeError.",
    )
    require(
        str(ending.error) == message,
        f"the RuntimeError says {str(ending.error)!r:.60}. Its text is job['error']['message'].",
    )


def _check_too_late(function: Callable[..., Any]) -> None:
    studio = FilmStudio(queued=0.2, generating=2.0)
    ending = watch_task(lambda: function(studio, PROMPT, 0.05, 0.4), virtual_time=False)
    looks = studio.films[0].looks
    require(
        isinstance(ending.error, TimeoutError),
        "a film of 2.2 s was to be there within 0.4 s, and no TimeoutError came out: it gave "
        f"{ending.error or ending.value!r:.60} after {len(looks)} looks. Lesson 9: async with "
        "asyncio.timeout(seconds), around all of it.",
    )
    require(
        not looks or looks[-1] - studio.films[0].submitted < 1.5,
        "a TimeoutError came out, but only when the film was ready. The loop of looks belongs "
        "into the block of the timeout.",
    )


EXERCISE = Exercise(
    check_make_film,
    hints=(
        "It is the loop of the cell above, in a function, with an end in time, and with a look at "
        "how it ended.",
        "async with asyncio.timeout(seconds):  around submit and the loop. The loop goes on while "
        "the status is 'queued' or 'generating'.",
        "After the block: if the status is 'error', raise RuntimeError(job['error']['message']); "
        "else return job['video']['url'].",
    ),
)

"""`FilmStudio`: a service that takes an order for a film, and is then asked how far it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

_WIRE = 0.005  # seconds that a request is on its way


@dataclass(slots=True)
class Film:
    """What was submitted, and when it was looked at."""

    prompt: str
    submitted: float
    looks: list[float] = field(default_factory=list)


class FilmStudio:
    """A simulated service that makes films, as video models are called: submit, then poll.

    Parameters
    ----------
    queued
        Seconds that a film waits for its turn.
    generating
        Seconds that it takes after that.
    fails
        Whether it ends with an error.

    Examples
    --------
    >>> studio = FilmStudio(queued=0.01, generating=0.01)
    >>> async def make():
    ...     job = await studio.submit("A cat on a bicycle")
    ...     await asyncio.sleep(0.03)
    ...     return await studio.fetch(job["id"])
    >>> asyncio.run(make())["status"]
    'completed'
    """

    def __init__(
        self, *, queued: float = 0.4, generating: float = 0.8, fails: bool = False
    ) -> None:
        self._queued, self._whole, self._fails = queued, queued + generating, fails
        self.films: list[Film] = []

    async def submit(self, prompt: str) -> dict[str, Any]:
        """Take an order for a film, and return the job, with its id.

        Parameters
        ----------
        prompt
            What is to be seen.
        """
        await asyncio.sleep(_WIRE)
        self.films.append(Film(prompt, perf_counter()))
        return {"id": f"film-{len(self.films)}", "status": "queued"}

    async def fetch(self, film_id: str) -> dict[str, Any]:
        """Return the job as it is now: its status, and its video or its error.

        Parameters
        ----------
        film_id
            The job's id.

        Raises
        ------
        ValueError
            If there is no such job.
        """
        number = self._find(film_id)
        await asyncio.sleep(_WIRE)
        film = self.films[number]
        film.looks.append(perf_counter())
        job: dict[str, Any] = {"id": film_id, "status": self._status(film)}
        if job["status"] == "completed":
            job["video"] = {"url": f"https://films.invalid/{film_id}.mp4"}
        if job["status"] == "error":
            job["error"] = {"message": f"{film_id} cannot be made (simulated)"}
        return job

    def _find(self, film_id: str) -> int:
        known = [f"film-{number + 1}" for number in range(len(self.films))]
        if film_id not in known:
            raise ValueError(f"film_id must be one of {known}; not {film_id!r}.")
        return known.index(film_id)

    def _status(self, film: Film) -> str:
        age = perf_counter() - film.submitted
        if age < self._queued:
            return "queued"
        if age < self._whole:
            return "generating"
        return "error" if self._fails else "completed"

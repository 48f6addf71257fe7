"""Lesson 10 as a script: reviews into a table, checked, and a film that is waited for."""

import asyncio
from typing import Literal

import pandas as pd
from pydantic import BaseModel

import aiml_nb as nb
from aiml_nb.course import FilmStudio


class Review(BaseModel):
    """What is to be found in a review."""

    mood: Literal["happy", "angry", "neutral"]
    stars: Literal[1, 2, 3, 4, 5]
    wants_reply: bool


async def make_film(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] in ("queued", "generating"):
            await asyncio.sleep(pause)
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


def read_reviews(endpoint):
    lines = ["The kettle is quick and quiet.", "It broke on the second day.", "It boils water."]
    run = nb.run(
        pd.DataFrame({"review": lines}),
        endpoint,
        prompt="Read this review: {review}",
        response_format=Review,
        retry_invalid=2,
        progress=False,
    )
    return run.answers()


if __name__ == "__main__":
    endpoint = nb.connect(simulate=True, scenario="misfits:20%", seed=2, speed=8)
    print(read_reviews(endpoint).to_string())
    print(asyncio.run(make_film(FilmStudio(), "A cat on a bicycle", 0.25, 5.0)))

"""Embeddings of texts: unit vectors, nearer to each other the more words the texts share.

Each word adds one to a few places of the vector, which a hash of it chooses (feature hashing,
Weinberger and others, 2009), so that the cosine of two texts is about that of their words' counts.
"""

import math
import re
from functools import lru_cache

from ..rng import open_rng

_WORD = re.compile(r"\w+")
_PLACES = 12  # that a word adds to
_NOISE = 24  # places that tell texts of the same words in another order apart
_MAX_WORDS = 2000


@lru_cache(maxsize=1024)
def make_vector(text: str, *, size: int, seed: int) -> list[float]:
    """Return the vector of a text, of length 1; not to be changed."""
    vector = [0.0] * size
    for word in _WORD.findall(text.casefold())[:_MAX_WORDS] or [""]:
        _add(vector, _PLACES, 1.0, seed, "word", word)
    _add(vector, _NOISE, 0.05, seed, "text", text)
    length = math.sqrt(math.fsum(value * value for value in vector))
    return [round(value / length, 8) for value in vector]


def _add(vector: list[float], count: int, amount: float, *names: int | str) -> None:
    rng = open_rng("embedding", *names)
    for _ in range(count):
        place = int(rng.random() * len(vector))
        vector[place] += amount if rng.random() < 0.5 else -amount

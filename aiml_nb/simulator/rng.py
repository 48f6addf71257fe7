"""Random numbers seeded by names, so that no draw depends on the draws before it."""

import hashlib
import math
import random

# Three standard deviations: a rare extreme draw would distort a lesson.
_MAX_DEVIATE = 3.0


def open_rng(*names: int | str) -> random.Random:
    """Return a random generator with the same numbers for the same names, on any machine."""
    return random.Random(_hash(names, 16))  # noqa: S311 - not for cryptography


def hash_number(*names: int | str) -> int:
    """Draw one 32-bit number; cheaper than a generator."""
    return _hash(names, 4)


def _hash(names: tuple[int | str, ...], size: int) -> int:
    label = "\x1f".join(map(str, names)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(label, digest_size=size).digest())


def draw_lognormal(rng: random.Random, *, median: float, spread: float) -> float:
    """Draw from a log-normal distribution cut at three standard deviations.

    The normal deviate is Box and Muller's (1958): only `random.Random.random` is promised to
    give the same numbers in every version of Python.
    """
    radius = math.sqrt(-2 * math.log(1 - rng.random()))
    deviate = radius * math.cos(2 * math.pi * rng.random())
    return median * math.exp(spread * max(-_MAX_DEVIATE, min(_MAX_DEVIATE, deviate)))


def draw_whole(rng: random.Random, *, least: int, most: int) -> int:
    """Draw an integer from `least` to `most`, both included."""
    return least + int(rng.random() * (most - least + 1))

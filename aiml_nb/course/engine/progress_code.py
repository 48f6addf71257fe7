"""A set of exercises as a short code, to be pasted or read aloud, that shows typing errors.

The code is the bits of the exercises, between a number for the edition of the course (its list of
exercises) and a checksum, in Crockford's base 32: digits and capitals without I, L, O and U. It
holds no name and no secret: whoever knows how can make one up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# What is read for what looks like it.
_ALIKE = str.maketrans("OILU", "011V")
_BITS = 15  # of the edition and of the checksum: three digits each
_GROUP = 5


def write_code(done: Collection[str], exercises: Sequence[str]) -> str:
    """Return the code of the exercises that are done.

    Parameters
    ----------
    done
        Some of `exercises`.
    exercises
        All of the course, in order.
    """
    bits = sum((key in done) << place for place, key in enumerate(exercises))
    body = _hash(",".join(exercises)) << len(exercises) | bits
    number = body << _BITS | _hash(str(body))
    length = -(-(2 * _BITS + len(exercises)) // 5)
    digits = "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(length)))
    return "-".join(digits[start : start + _GROUP] for start in range(0, length, _GROUP))


def read_code(code: str, exercises: Sequence[str]) -> list[str]:
    """Return the exercises that a code says are done.

    Parameters
    ----------
    code
        What `write_code` returned; case, blanks and dashes do not matter.
    exercises
        All of the course, in order.

    Raises
    ------
    ValueError
        If it is mistyped, or of another edition of the course.
    """
    digits = "".join(code.upper().translate(_ALIKE).replace("-", " ").split())
    number = 0
    for digit in digits:
        if digit not in _DIGITS:
            raise ValueError(f"a code is of letters and digits; {code!r} has a {digit!r}.")
        number = number << 5 | _DIGITS.index(digit)
    body, checksum = number >> _BITS, number & (1 << _BITS) - 1
    if len(digits) < 2 * _BITS // 5 or checksum != _hash(str(body)):
        raise ValueError(f"{code!r} is no code of this course: compare it letter by letter.")
    if body >> len(exercises) != _hash(",".join(exercises)):
        raise ValueError(
            f"{code!r} was made by another edition of the course, which has other exercises. Read "
            "it with the version of aiml_nb that made it."
        )
    return [key for place, key in enumerate(exercises) if body >> place & 1]


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest) & (1 << _BITS) - 1

"""Sounds: a tone for each word, in a WAV file that keeps the words themselves as its comment.

So what is spoken here can be transcribed here, and is the same text again.
"""

import math
import re
import struct

from ..rng import hash_number

RATE = 8000  # samples a second
_TONE = 0.06  # seconds
_MAX_WORDS = 150
_COMMENT = re.compile(rb"ICMT(....)", re.DOTALL)


def speak(text: str) -> bytes:
    """Return a text as the bytes of a WAV file, 8 bits and one channel."""
    samples = b"".join(_tone(word) for word in text.split()[:_MAX_WORDS]) or b"\x80\x80"
    comment = text.encode("utf-8", "replace")
    comment += b"\0" * (1 + (len(comment) + 1) % 2)  # chunks have even lengths
    info = b"INFOICMT" + struct.pack("<I", len(comment)) + comment
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8)
    chunks = ((b"fmt ", form), (b"LIST", info), (b"data", samples))
    body = b"".join(kind + struct.pack("<I", len(data)) + data for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def find_words(sound: bytes) -> str | None:
    """Return the words that `speak` has put into a file; None if there are none."""
    found = _COMMENT.search(sound[: 2**16]) if sound.startswith(b"RIFF") else None
    if found is None:
        return None
    (size,) = struct.unpack("<I", found[1])
    words = sound[found.end() : found.end() + min(size, 2**20)]
    return words.rstrip(b"\0").decode("utf-8", "replace")


def _tone(word: str) -> bytes:
    step = 2 * math.pi * (200 + hash_number("tone", word) % 400) / RATE
    count = int(_TONE * RATE) // 2 * 2
    return bytes(int(128 + 60 * math.sin(step * each)) for each in range(count))

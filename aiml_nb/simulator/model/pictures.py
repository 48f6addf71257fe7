"""Pictures: small PNG files of coloured squares, the same for the same text and seed."""

import struct
import zlib

from ..rng import open_rng

SIDE = 64  # pixels
_SQUARES = 8  # along a side


def draw_picture(*names: int | str) -> bytes:
    """Return a picture as the bytes of a PNG file (PNG specification, 2003)."""
    rng = open_rng("picture", *names)
    colours = [
        [bytes(int(rng.random() * 256) for _ in range(3)) for _ in range(_SQUARES)]
        for _ in range(_SQUARES)
    ]
    size = SIDE // _SQUARES
    # Each line begins with its filter: none.
    lines = [b"\0" + b"".join(colour * size for colour in row) for row in colours]
    pixels = b"".join(line * size for line in lines)
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

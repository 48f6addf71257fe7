"""What is no text in replies: vectors, pictures and sounds, which stand in JSON as base64.

They are in the objects of the reply's list ``data``, each in a member of its own: ``embedding``,
``b64_json`` or, for the sound that is the whole of a reply, ``b64_audio``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .json_values import Json, objects_of

if TYPE_CHECKING:
    import numpy as np

HEAVY = ("embedding", "b64_json", "b64_audio")
_BLOBS = HEAVY[1:]
# How files of a kind begin, and what their names end in. Others are `.bin`: nothing opens them.
_KINDS = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"RIFF....WEBP", "webp"),
    (b"RIFF....WAVE", "wav"),
    (b"GIF8", "gif"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
    (b"\xff\xfb", "mp3"),
    (b"\xff\xf3", "mp3"),
)


def parse_as_json(data: bytes, parse: Callable[[bytes], Any]) -> Any:
    """Read a reply that is JSON."""
    return parse(data)


def parse_sound(data: bytes, parse: Callable[[bytes], Any]) -> Any:
    """Read a reply that is a sound; one in JSON is an error."""
    if data[:1] in (b"{", b"[", b"<", b""):
        return parse(data)
    return {"data": [{"b64_audio": base64.b64encode(data).decode()}]}


def parse_text(data: bytes, parse: Callable[[bytes], Any]) -> Any:
    """Read a transcription: JSON, or the plain text that ``response_format`` may ask for."""
    if data[:1] in (b"{", b"[", b"<", b""):
        return parse(data)
    return {"text": data.decode(errors="replace").rstrip("\n")}


def vectors_in(body: Json) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """Return the embeddings of a reply; what is no vector of numbers is left out."""
    import numpy as np

    found = []
    for each in objects_of(body.get("data")):
        given = each.get("embedding")
        try:
            if isinstance(given, str):
                data = base64.b64decode(given, validate=True)
                found.append(np.frombuffer(data, dtype="<f4").astype(np.float32))
            elif isinstance(given, list):
                found.append(np.asarray(given, dtype=np.float32).reshape(len(given)))
        except (ValueError, TypeError):
            continue
    return found


def blobs_in(body: Json) -> list[bytes]:
    """Return the pictures and sounds of a reply, as bytes."""
    found = []
    for each in objects_of(body.get("data")):
        for name in _BLOBS:
            if isinstance(given := each.get(name), str):
                try:
                    found.append(base64.b64decode(given, validate=True))
                except (binascii.Error, ValueError):
                    continue
    return found


def without_binary(body: dict[str, Any]) -> dict[str, Any]:
    """Return a reply with null in the place of its vectors, pictures and sounds."""
    data = body.get("data")
    if not isinstance(data, list):
        return body
    emptied = [
        each | dict.fromkeys(each.keys() & set(HEAVY)) if isinstance(each, dict) else each
        for each in data
    ]
    return body | {"data": emptied}


def ending_of(blob: bytes) -> str:
    """Return what the name of a file with these bytes ends in, from a fixed list."""
    plain = blob[:4] + b"...." + blob[8:12] if blob.startswith(b"RIFF") else blob[:12]
    return next((ending for begin, ending in _KINDS if plain.startswith(begin)), "bin")

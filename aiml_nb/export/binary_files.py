"""Vectors, pictures and sounds in files of their own, beside the file of the results.

``answers.jsonl`` has its vectors in ``answers-vectors.npy``, a row for each (``numpy.load``), and
its pictures and sounds in the folder ``answers-files``: ``000001-1.png`` is the first of the first
prompt. Names are made here, of digits and an ending that the file's own first bytes tell; nothing
in them comes from a server, and nothing opens the files.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..apis.binary import ending_of
from ..formats.atomic import write_atomic
from ..printable import say
from ..records import CHAT, Run

if TYPE_CHECKING:
    import numpy as np


def write_binary_files(run: Run, path: Path) -> dict[int, dict[str, Any]]:
    """Write what is no text in the replies of a run beside `path`, and say where in a line.

    Returns
    -------
    dict
        For each call that has such a thing, by its index, what its row says of it: ``vectors``
        (``file``, ``first`` and ``count``: its rows in the array) or ``files`` (their names).

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    if all(call.api == CHAT for call in run.calls):
        return {}
    return _write_vectors(run, path) | _write_media(run, path)


def _write_vectors(run: Run, path: Path) -> dict[int, dict[str, Any]]:
    told: dict[int, dict[str, Any]] = {}
    arrays: dict[int, list[np.ndarray[Any, np.dtype[np.float32]]]] = {}  # by their dimension
    for call in run.calls:
        vectors = call.vectors if call.api == "embeddings" else []
        sizes = {len(vector) for vector in vectors}
        if len(sizes) != 1:  # none, or of different sizes, which is no reply of one model
            continue
        array = arrays.setdefault(size := sizes.pop(), [])
        name = _name_array(path, size, usual=next(iter(arrays)))
        place = {"file": name, "first": len(array), "count": len(vectors)}
        told[call.index] = {"vectors": place}
        array += vectors
    for size, array in arrays.items():
        file = path.with_name(_name_array(path, size, usual=next(iter(arrays))))
        write_atomic(file, _encode(array))
        say(f"Vectors: {file} ({len(array):,} of {size:,} numbers)")
    return told


def _name_array(path: Path, size: int, *, usual: int) -> str:
    return f"{path.stem}-vectors.npy" if size == usual else f"{path.stem}-vectors-{size}.npy"


def _encode(array: list[np.ndarray[Any, np.dtype[np.float32]]]) -> list[bytes]:
    import numpy as np

    file = io.BytesIO()
    np.save(file, np.stack(array), allow_pickle=False)
    return [file.getvalue()]


def _write_media(run: Run, path: Path) -> dict[int, dict[str, Any]]:
    told: dict[int, dict[str, Any]] = {}
    folder, count = path.with_name(f"{path.stem}-files"), 0
    for call in run.calls:
        names = []
        for number, blob in enumerate(call.media, 1):
            folder.mkdir(mode=0o700, exist_ok=True)
            name = f"{call.index + 1:06d}-{number}.{ending_of(blob)}"
            write_atomic(folder / name, [blob])
            names.append(f"{folder.name}/{name}")
        if names:
            told[call.index] = {"files": names}
            count += len(names)
    if count:
        say(f"Files: {folder} ({count:,})")
    return told

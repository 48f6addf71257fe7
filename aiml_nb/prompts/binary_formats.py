"""Files that are no text, by their first bytes: parts of them could be decoded as text."""

from __future__ import annotations

from pathlib import Path

_WORKBOOK = "an Excel workbook, whatever its name is", ".xlsx"
_RENAMED = {
    b"PK\x03\x04": _WORKBOOK,
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook, whatever its name is", ".xls"),
    b"PAR1\x15": ("a Parquet file, whatever its name is", ".parquet"),
}
# What a packed file is, how its name ends, and what unpacks it.
_PACKED = {
    b"\x1f\x8b": ("gzip", ".gz", "gunzip -k"),
    b"BZh": ("bzip2", ".bz2", "bunzip2 -k"),
    b"\xfd7zXZ\0": ("xz", ".xz", "unxz -k"),
    b"\x28\xb5\x2f\xfd": ("zstd", ".zst", "unzstd"),
}
_PDF = b"%PDF-"
BEGINNINGS = (*_RENAMED, *_PACKED, _PDF)


def explain_binary(path: Path, data: bytes) -> str | None:
    """Return what a file is, and what to do, if it is of a format that is no text; else None."""
    for begin, (kind, suffix) in _RENAMED.items():
        if data.startswith(begin):
            named = path.with_suffix(suffix).name
            return f"{kind}. Rename it '{named}', and name it so: it is then read as what it is."
    for begin, (kind, suffix, command) in _PACKED.items():
        if data.startswith(begin):
            if path.suffix.lower() != suffix:
                return f"packed ({kind}). Unpack it first."
            return f"packed ({kind}). Type  {command} {path}  and name {path.with_suffix('')}."
    return "a PDF. Save its text." if data.startswith(_PDF) else None

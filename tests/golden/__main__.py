"""Write the golden files anew."""

from __future__ import annotations

from .dump import dump_all
from .test_golden import FILES, encode

if __name__ == "__main__":
    for old in FILES.iterdir():
        old.unlink()
    for name, text in dump_all().items():
        (FILES / name).write_bytes(encode(text))

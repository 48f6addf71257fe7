"""Write the project's address into every launch link: ``python binder/links.py``.

The address stands in ``repository.txt`` beside this file, as ``OWNER/REPO``, and nowhere else is it
to be changed by hand. ``--check`` only tells which pages differ.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
# The part of a link before the address, and the address.
LINK = re.compile(
    r"(https://mybinder\.org/v2/gh/|https://colab\.research\.google\.com/github/"
    r"|git\+https://github\.com/)([\w.-]+/[\w-]+)"
)


def main(arguments: list[str]) -> int:
    """Rewrite the pages, or with ``--check`` tell which differ; return the exit code."""
    address = (HERE / "repository.txt").read_text().strip()
    differing = 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        wanted = LINK.sub(lambda found: found[1] + address, text)
        if wanted == text:
            continue
        differing += 1
        print(page.relative_to(ROOT))
        if "--check" not in arguments:
            page.write_text(wanted, encoding="utf-8")
    return 1 if differing and "--check" in arguments else 0


def pages() -> list[Path]:
    """Return the pages that may hold launch links."""
    return [ROOT / "README.md", *sorted((ROOT / "notebooks" / "instructor").glob("*.md"))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

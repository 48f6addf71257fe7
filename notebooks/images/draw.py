"""Draw README's pictures from real runs on the simulator: ``python notebooks/images/draw.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import aiml_nb as nb
from aiml_nb.plot import draw_png

HERE = Path(__file__).parent


def main(folder: Path = HERE) -> None:
    """Make the runs and write each picture into `folder`."""
    endpoint = nb.connect(simulate=True, scenario="faq", seed=0, verbose=False)
    result = nb.compare(nb.prompts.FAQ, endpoint, stream=True, progress=False)
    picture = folder / "faq-timeline.png"
    picture.write_bytes(draw_png(result))
    print(f"{picture}: {result.finding}.")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

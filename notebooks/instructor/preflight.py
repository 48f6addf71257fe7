"""Before a class: does everything run here? ``python notebooks/instructor/preflight.py``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"


def main() -> int:
    """Look at this machine, run every lesson's script, and say whether all is ready."""
    try:
        import aiml_nb as nb
    except ImportError as error:
        print(f"wrong {error}. Type  pip install -e .  in the project's folder.")
        return 1
    found = nb.check_up()
    print(found)
    failed = [script.stem for script in sorted(SCRIPTS.glob("*.py")) if not _runs(script)]
    if not found.is_well:
        print("Not ready: a line above says 'wrong', and what to type.")
    if failed:
        print(f"Not ready: {', '.join(failed)} did not run. Each line above says why.")
    if failed or not found.is_well:
        return 1
    print("Ready. Now open lesson 1 in the browser that will be used, and choose Run All Cells.")
    return 0


def _runs(script: Path) -> bool:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = subprocess.run(  # noqa: S603  our own script
                [sys.executable, str(script.resolve())],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            print(f"wrong {script.stem}: not done after 120 s")
            return False
    if ran.returncode == 0:
        print(f"ok    {script.stem:20}{time.perf_counter() - began:5.1f} s")
        return True
    last = (ran.stderr.strip() or ran.stdout.strip() or "no message").splitlines()[-1]
    print(f"wrong {script.stem}: {last}")
    return False


if __name__ == "__main__":
    sys.exit(main())

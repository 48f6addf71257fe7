"""Lesson 8 as a script: a table of questions in, a file of answers out, and a journal between."""

import tempfile
from pathlib import Path

import pandas as pd

import aiml_nb as nb


def main() -> None:
    """Ask about each row, keep the answers, and go on from the journal as if interrupted."""
    table = pd.DataFrame({"animal": ["cat", "dog", "horse"]})
    table["question"] = "What does a " + table["animal"] + " eat?"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        endpoint = nb.connect(simulate=True, seed=0, speed=10)
        journal = folder / "run.jsonl"
        nb.run(table["question"], endpoint, journal=journal, max_calls=2, progress=False)
        run = nb.resume(journal, max_calls=None, progress=False)
        table = table.assign(answer=[call.text for call in run.calls])
        table.to_csv(folder / "answers.csv", index=False)
        print((folder / "answers.csv").read_text())


if __name__ == "__main__":
    main()

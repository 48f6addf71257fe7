"""Widgets over runs and comparisons, for every notebook that shows ipywidgets.

`Predict` asks for a guess before a cell is run.
Each also leaves a static output, which stays in the saved notebook.
"""

from .predict import Predict

__all__ = ["Predict"]

"""Widgets over runs and comparisons, for every notebook front end that shows ipywidgets.

`Race` shows two ways to make the same calls, live. `WhatIf` shows how long a run would have taken
with another limit. `Predict` asks for a guess before a cell is run. Each also leaves a static
output, which stays in the saved notebook. `LoopView` shows an event loop, step by step; it needs no
kernel to be looked at.
"""

from ..loop_view import LoopView
from .predict import Predict
from .race import Race
from .whatif import WhatIf

__all__ = ["LoopView", "Predict", "Race", "WhatIf"]

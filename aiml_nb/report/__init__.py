"""From numbers to words: findings, caveats, annotations, alternative texts and tables to be read.

Only the functions that return tables need pandas, and import it when they are called.
"""

from .alt_text import alt_text
from .findings import caveat, finding
from .forecast import Forecast, what_if
from .summary import compare_strategies, summary
from .text_table import describe

__all__ = [
    "Forecast",
    "alt_text",
    "caveat",
    "compare_strategies",
    "describe",
    "finding",
    "summary",
    "what_if",
]

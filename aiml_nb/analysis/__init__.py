"""From records to numbers: tables, orders, bounds, speed-ups and the sentences that tell them.

Only the functions that return tables need pandas, and import it when they are called.
"""

from .bounds import efficiency, lower_bound, mean_in_flight, peak_in_flight
from .description import alt_text, describe
from .order import finishing_ranks, overtakes, total_overtakes
from .pairs import PairTimes, interval, median_pair, pair_times, speedup
from .sentences import caveat, finding
from .table import attempts_table, call_table, summary

__all__ = [
    "PairTimes",
    "alt_text",
    "attempts_table",
    "call_table",
    "caveat",
    "describe",
    "efficiency",
    "finding",
    "finishing_ranks",
    "interval",
    "lower_bound",
    "mean_in_flight",
    "median_pair",
    "overtakes",
    "pair_times",
    "peak_in_flight",
    "speedup",
    "summary",
    "total_overtakes",
]

"""From records to numbers: tables, orders, bounds, and speed-ups. For words see `report`.

Only the functions that return tables need pandas, and import it when they are called.
"""

from .bounds import efficiency, lower_bound, mean_in_flight, peak_in_flight, upper_bound
from .diagnosis import Diagnosis, diagnose
from .grid_table import answers_side_by_side, grid_table
from .load import growth_with_load
from .order import finishing_ranks, inverted_share, kendall_tau, overtakes, total_overtakes
from .pairs import PairTimes, interval, median_pair, pair_times, speedup
from .slowdown import SpeedupParts, speedup_parts
from .table import attempts_table, call_table, children_table
from .usage import characters_per_second, tokens_per_second, usage_measures_text

__all__ = [
    "Diagnosis",
    "PairTimes",
    "SpeedupParts",
    "answers_side_by_side",
    "attempts_table",
    "call_table",
    "characters_per_second",
    "children_table",
    "diagnose",
    "efficiency",
    "finishing_ranks",
    "grid_table",
    "growth_with_load",
    "interval",
    "inverted_share",
    "kendall_tau",
    "lower_bound",
    "mean_in_flight",
    "median_pair",
    "overtakes",
    "pair_times",
    "peak_in_flight",
    "speedup",
    "speedup_parts",
    "tokens_per_second",
    "total_overtakes",
    "upper_bound",
    "usage_measures_text",
]

"""From records to numbers: tables, orders, bounds, speed-ups and the sentences that tell them.

Only the functions that return tables need pandas, and import it when they are called.
"""

from .alternative import alt_text
from .bounds import efficiency, lower_bound, mean_in_flight, peak_in_flight, upper_bound
from .description import describe
from .diagnosis import Diagnosis, diagnose
from .load import growth_with_load
from .order import finishing_ranks, inverted_share, kendall_tau, overtakes, total_overtakes
from .pairs import PairTimes, interval, median_pair, pair_times, speedup
from .sentences import caveat, finding
from .slowdown import SpeedupParts, speedup_parts
from .summaries import compare_strategies, summary
from .table import attempts_table, call_table
from .usage import characters_per_second, tokens_per_second, usage_measures_text
from .whatif import Forecast, what_if

__all__ = [
    "Diagnosis",
    "Forecast",
    "PairTimes",
    "SpeedupParts",
    "alt_text",
    "attempts_table",
    "call_table",
    "caveat",
    "characters_per_second",
    "compare_strategies",
    "describe",
    "diagnose",
    "efficiency",
    "finding",
    "finishing_ranks",
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
    "summary",
    "tokens_per_second",
    "total_overtakes",
    "upper_bound",
    "usage_measures_text",
    "what_if",
]

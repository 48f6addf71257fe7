"""From records to files that other programs read."""

from .comparison_json import comparison_to_dict, run_to_dict, to_json
from .csv_table import to_csv
from .otlp import to_otlp
from .results import to_jsonl
from .trace import to_chrome_trace

__all__ = [
    "comparison_to_dict",
    "run_to_dict",
    "to_chrome_trace",
    "to_csv",
    "to_json",
    "to_jsonl",
    "to_otlp",
]

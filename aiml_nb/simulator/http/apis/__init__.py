"""The APIs besides chat completions: their requests are read, and their answers written, here."""

from .table import CALLS, UPLOADS

__all__ = ["CALLS", "UPLOADS"]

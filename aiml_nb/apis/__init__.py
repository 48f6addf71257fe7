"""The APIs that models are called by: where each is, what it is asked, and what it replies."""

from .api import Api
from .asked import label_of, put_format_in_text, shorten_texts
from .catalog import APIS, CHAT, OTHER, api_at, api_named, path_before
from .json_values import Json

__all__ = [
    "APIS",
    "CHAT",
    "OTHER",
    "Api",
    "Json",
    "api_at",
    "api_named",
    "label_of",
    "path_before",
    "put_format_in_text",
    "shorten_texts",
]

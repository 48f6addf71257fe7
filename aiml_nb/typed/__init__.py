"""Typed answers: what `response_format` asks for, and how the text of an answer becomes that.

`response_format` makes the request's member of it, `readers` check an answer against it,
`find_json` finds the JSON in a text, `problems` says in words what does not fit, `read_again` reads
texts that are kept, and `fields` are the columns.
"""

from .problems import InvalidAnswerError
from .read_again import parse, reread
from .readers import Reader, reader_of, text_to_read
from .response_format import ResponseFormat, as_response_format, with_response_format

__all__ = [
    "InvalidAnswerError",
    "Reader",
    "ResponseFormat",
    "as_response_format",
    "parse",
    "reader_of",
    "reread",
    "text_to_read",
    "with_response_format",
]

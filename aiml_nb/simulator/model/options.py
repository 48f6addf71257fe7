"""The options of an answer: the number of choices, tools, a JSON schema."""

from dataclasses import dataclass

from .schema import Schema
from .tools import Toolbox


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """What a request asks of its answer, besides the text.

    Parameters
    ----------
    n
        The number of choices.
    toolbox
        The tools that may be called.
    is_json
        The answer is a JSON object, or, with a `schema`, a value that the schema allows.
    wants_audio
        The text is sent as audio.
    parameters
        The names of the given parameters that the service refuses.
    """

    n: int = 1
    toolbox: Toolbox | None = None
    is_json: bool = False
    schema: Schema | None = None
    wants_audio: bool = False
    parameters: tuple[str, ...] = ()


PLAIN = AnswerOptions()
"""One text."""

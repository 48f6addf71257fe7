"""What a request wants of its answer: how many choices, which tools, a value of which schema."""

from dataclasses import dataclass

from .schema import Schema
from .tools import Toolbox


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """What a request wants of its answer.

    Parameters
    ----------
    n
        The number of choices.
    toolbox
        The tools that may be called.
    is_json
        The answer is a JSON object, or, with a `schema`, a value that the schema allows.
    wants_audio
        A text is spoken.
    parameters
        The names of the parameters given that the service refuses.
    """

    n: int = 1
    toolbox: Toolbox | None = None
    is_json: bool = False
    schema: Schema | None = None
    wants_audio: bool = False
    parameters: tuple[str, ...] = ()


PLAIN = AnswerOptions()
"""One text."""

"""Which tools an answer calls, and with which arguments.

With ``tool_choice`` ``auto``, which is the default where there are tools, a question calls each
tool that it names: one whose name has a word that is also a word of the question, singular or
plural, as "What is the weather in Paris?" has one of ``get_weather``. Words such as ``get``, ``a``
or ``of`` do not count. A question that names no tool is answered with text, and so is a
conversation that ends with what a tool said. `Settings.always_calls_tools` calls all tools instead,
whatever the question.

``required`` calls the tools that are named, or else the first one; ``none`` calls none; a tool
given by its name is called.

A tool is called once for each proper name in the question, words of small letters after a capital
inside of a sentence: "Compare the weather in Paris and in Bogotá." makes two calls. The first text
of the arguments, if any text may stand there, is that name. There are at most 8 calls, and one at
most with ``parallel_tool_calls`` false or with the older ``functions``.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .choice import SectionKind
from .prompts import Prompt
from .schema import Schema

ToolChoice: TypeAlias = Literal["none", "auto", "required"]

_MAX_CALLS = 8
_MAX_QUESTION = 10_000

# The parts of a tool's name: it may be written get_weather, get-weather or getWeather.
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_WORD = re.compile(r"\w+")
_PROPER_NAME = re.compile(r"(?<=[\w,;:)] )[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]\w*(?: [A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]\w*)*")
_IGNORED_WORDS = frozenset(
    ("a", "an", "and", "at", "by", "call", "do", "fetch", "find", "for", "from", "get", "in",
     "is", "it", "list", "look", "make", "of", "on", "or", "run", "set", "show", "tell", "the",
     "to", "up", "what", "with")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that may be called; a custom tool takes any text and has no schema."""

    name: str
    kind: SectionKind
    schema: Schema | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of an answer, and its subject: the proper name it is about."""

    tool: Tool
    subject: str | None


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of a request, and which of them it wants called.

    Parameters
    ----------
    choice
        A tool that is given by name is ``required`` with that single tool.
    tokens
        The prompt tokens of the definitions.
    """

    tools: tuple[Tool, ...]
    choice: ToolChoice = "auto"
    in_parallel: bool = True
    tokens: int = 0

    def choose(self, prompt: Prompt, *, always: bool) -> list[Call]:
        """Return the calls that answer a prompt; none if it is answered with text."""
        is_auto = self.choice == "auto"
        if self.choice == "none" or (is_auto and prompt.tool_results):
            return []
        question = prompt.text[:_MAX_QUESTION]
        words = {word.casefold() for word in _WORD.findall(question)}
        chosen = [tool for tool in self.tools if (is_auto and always) or _is_named(tool, words)]
        if not chosen and not is_auto:
            chosen = [self.tools[0]]
        # Without duplicates, and in the order of the question.
        subjects = dict.fromkeys(_PROPER_NAME.findall(question)) or [None]
        calls = [Call(tool, subject) for tool in chosen for subject in subjects]
        return calls[: _MAX_CALLS if self.in_parallel else 1]


def _is_named(tool: Tool, words: set[str]) -> bool:
    parts = {part.casefold() for part in _PART.findall(tool.name)} - _IGNORED_WORDS
    return any(part in words or part + "s" in words for part in parts)

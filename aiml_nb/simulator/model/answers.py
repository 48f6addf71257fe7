"""The texts of answers: the FAQ's two, and generated ones of random length."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..rng import draw_whole, open_rng
from ..settings import Settings
from .prompts import Prompt, split_tokens

LONG_QUESTION = "List the 5 most famous hockey players of the 20th century."
SHORT_QUESTION = "What is 2+2?"

_LONG_ANSWER = """\
Five players whom most lists of the 20th century agree on:

1. **Wayne Gretzky** won four Stanley Cups with the Edmonton Oilers and retired in 1999 with more \
assists alone than anybody else had points.
2. **Gordie Howe** played his first game in the league in 1946 and his last in 1980, nearly all of \
them for the Detroit Red Wings, and ended up sharing a team with two of his sons.
3. **Bobby Orr** was the first defenceman to lead the league in points, and his overtime goal won \
the Boston Bruins the Stanley Cup of 1970.
4. **Mario Lemieux** captained the Pittsburgh Penguins to two championships in a row and won the \
scoring title of 1993 although he missed weeks of that season to cancer treatment.
5. **Maurice Richard** of the Montreal Canadiens was the first to score fifty goals in a season, \
in fifty games, lifted the Stanley Cup eight times, and was a hero to all of Quebec.

None of them needed a computer; this list was written by hand for the simulator."""
_SHORT_ANSWER = "2 + 2 = 4."

_OPENING = "This answer is simulated; no model wrote it."
_REASONING_OPENING = "These thoughts are simulated; no model had them."
_SUBJECTS = (
    "A patient waiter", "The quick reply", "A second request", "The long question",
    "An idle slot", "The event loop", "A full queue", "The first token", "A slow stream",
    "The last answer", "A small limit", "The busy server",
)  # fmt: skip
_VERBS = (
    "overtakes", "waits for", "follows", "makes room for", "arrives before", "hardly notices",
    "shares a table with", "keeps company with", "holds the door for", "counts",
)  # fmt: skip
_OBJECTS = (
    "three others", "the one that came early", "every shorter task", "its own shadow",
    "a pot of tea", "the whole class", "a hundred small calls", "the slowest of them",
    "an open connection", "the next turn",
)  # fmt: skip
_ENDINGS = (
    "", ", and nobody minds", " until the clock strikes", ", one token at a time",
    " without a word", " on an ordinary afternoon", ", as planned",
)  # fmt: skip

# The most characters quoted of each tool result, and the most results.
_MAX_QUOTED = 200
_MAX_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """The tokens of an answer; the times of a steady one hardly vary from call to call."""

    tokens: tuple[str, ...]
    is_steady: bool = False


_WRITTEN = {
    question.casefold(): Answer(split_tokens(answer), is_steady=True)
    for question, answer in ((LONG_QUESTION, _LONG_ANSWER), (SHORT_QUESTION, _SHORT_ANSWER))
}


def find_answer(prompt: Prompt, settings: Settings, index: int = 0) -> Answer:
    """Return a choice of the answer to a prompt: the same text for the same seed.

    The first choice for the FAQ's questions is written by hand; all others are generated.
    """
    # The length first: normalizing a prompt of a megabyte takes time.
    if not index and len(prompt.text) <= 2 * len(LONG_QUESTION):
        written = _WRITTEN.get(" ".join(prompt.text.split()).casefold())
        if written is not None:
            return written
    name = ("text", index) if index else ("text",)
    bounds = settings.shortest_answer, settings.longest_answer
    return Answer(_generate(_OPENING, bounds, settings.seed, prompt.key, *name))


def make_reasoning(prompt: Prompt, settings: Settings, index: int = 0) -> tuple[str, ...]:
    """Return the tokens of the reasoning before a choice of the answer."""
    bounds = settings.shortest_reasoning, settings.longest_reasoning
    return _generate(_REASONING_OPENING, bounds, settings.seed, prompt.key, "thoughts", index)


def write_tool_answer(results: Sequence[str]) -> tuple[str, ...]:
    """Return the tokens of an answer that quotes tool results."""
    quoted = "; ".join(result[:_MAX_QUOTED] for result in results[:_MAX_RESULTS])
    return split_tokens(f"The tools said: {quoted}. {_OPENING}")


# A repeated prompt gets the same text, so it is generated only once.
@lru_cache(maxsize=4096)
def _generate(opening: str, bounds: tuple[int, int], *names: int | str) -> tuple[str, ...]:
    rng = open_rng(*names)
    wanted = draw_whole(rng, least=bounds[0], most=bounds[1])
    tokens = list(split_tokens(opening))
    while len(tokens) < wanted:
        words = (
            options[draw_whole(rng, least=0, most=len(options) - 1)]
            for options in (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
        )
        subject, verb, thing, ending = words
        tokens += split_tokens(f" {subject} {verb} {thing}{ending}.")
    return tuple(tokens)

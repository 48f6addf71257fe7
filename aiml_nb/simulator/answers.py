"""What is answered: the FAQ's two answers, and made-up ones of drawn length."""

from dataclasses import dataclass
from functools import lru_cache

from .draws import draw_whole, open_draws
from .prompts import Prompt, split_tokens
from .settings import Settings

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


@dataclass(frozen=True, slots=True)
class Answer:
    """The tokens of an answer; a steady one hardly varies in time."""

    tokens: tuple[str, ...]
    is_steady: bool = False


_WRITTEN = {
    question.casefold(): Answer(split_tokens(answer), is_steady=True)
    for question, answer in ((LONG_QUESTION, _LONG_ANSWER), (SHORT_QUESTION, _SHORT_ANSWER))
}


def find_answer(prompt: Prompt, settings: Settings) -> Answer:
    """Give the answer to a prompt: the same text whenever it is asked with this seed."""
    # The length is tested first, as a prompt may be a megabyte.
    if len(prompt.text) <= 2 * len(LONG_QUESTION):
        written = _WRITTEN.get(" ".join(prompt.text.split()).casefold())
        if written is not None:
            return written
    return _make_up(prompt.key, settings.seed, settings.shortest_answer, settings.longest_answer)


@lru_cache(maxsize=4096)
def _make_up(key: str, seed: int, shortest: int, longest: int) -> Answer:
    draws = open_draws(seed, key, "text")
    wanted = draw_whole(draws, least=shortest, most=longest)
    tokens = list(split_tokens(_OPENING))
    while len(tokens) < wanted:
        words = (
            options[draw_whole(draws, least=0, most=len(options) - 1)]
            for options in (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
        )
        subject, verb, thing, ending = words
        tokens += split_tokens(f" {subject} {verb} {thing}{ending}.")
    return Answer(tuple(tokens))

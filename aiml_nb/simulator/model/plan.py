"""A chat completion in virtual time: how it arrives, and what will happen to it."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ..faults.fault import Fault
from .choice import Choice
from .limits import Quota
from .options import PLAIN, AnswerOptions
from .prompts import Prompt

Limit: TypeAlias = Literal["requests", "tokens", "concurrency"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A chat completion that arrives at the service `at` some second."""

    at: float
    prompt: Prompt | str
    max_tokens: int | None = None
    options: AnswerOptions = PLAIN


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to one chat completion, and when; seconds on the service's clock.

    Token ``k`` of each choice leaves at ``first_token + k * token_time``. A request that is turned
    away has no first token and no choices, and its `status`; `limit` is the limit that it met, if
    it was one.

    Parameters
    ----------
    repeat
        How often the service had been asked the same before.
    finished
        Infinite if only the client can end it.
    status
        ``None`` if none is sent.
    reset_at
        When an outage resets its connection, should it not be done by then.
    fault
        What is done to the reply; what that does to the times of its bytes is not in the plan.
    quotas
        What was left of the limits per minute, this request counted if it was let in.
    """

    number: int
    repeat: int
    arrived: float
    started: float
    first_token: float | None = None
    finished: float = 0.0
    token_time: float = 0.0
    prompt_tokens: int = 0
    choices: tuple[Choice, ...] = ()
    status: int | None = 200
    reset_at: float | None = None
    fault: Fault | None = None
    limit: Limit | None = None
    quotas: tuple[Quota, ...] = ()

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the first choice, of whatever kind."""
        sections = self.choices[0].sections if self.choices else ()
        return tuple(token for section in sections for token in section.tokens)

    @property
    def text(self) -> str:
        """The text of the first choice; thoughts and calls of tools are none."""
        return (self.choices and self.choices[0].find_text("content")) or ""

    @property
    def finish_reason(self) -> str:
        """Why the first choice ends."""
        return self.choices[0].finish_reason if self.choices else "stop"

    @property
    def length(self) -> int:
        """The number of tokens of the longest choice."""
        return max([choice.size for choice in self.choices], default=0)

    @property
    def completion_tokens(self) -> int:
        """The number of tokens of all choices."""
        return sum(choice.size for choice in self.choices)

    @property
    def reasoning_tokens(self) -> int:
        """How many of them are thoughts."""
        return sum(choice.count("reasoning") for choice in self.choices)

    @property
    def end(self) -> float:
        """When its place in the service falls free."""
        return self.finished if self.reset_at is None else min(self.finished, self.reset_at)

    def token_due(self, index: int) -> float:
        """Say when the token at `index` (from 0) leaves.

        Raises
        ------
        ValueError
            If the request was refused.
        """
        if self.first_token is None:
            raise ValueError(f"request {self.number} was refused ({self.status}): it has no tokens")
        return self.first_token + index * self.token_time

    def postpone(self, started: float) -> "Plan":
        """Give the same plan, begun at another time."""
        shift = started - self.started
        return replace(
            self,
            started=started,
            first_token=None if self.first_token is None else self.first_token + shift,
            finished=self.finished + shift,
        )

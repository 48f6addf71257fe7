"""`Plan`: what will happen to one chat completion, and when, in virtual time."""

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

    Token ``k`` of each choice is sent at ``first_token + k * token_time``. A rejected request has
    its `status`, no first token and no choices; `limit` is the limit that rejected it, if any.

    Parameters
    ----------
    repeat
        How many requests with the same prompt came before.
    finished
        Infinite if only the client can end it.
    status
        ``None`` if none is sent.
    reset_at
        When an outage resets its connection, unless it has finished by then.
    fault
        What is done to the reply; its effect on the times of the bytes is not in the plan.
    quotas
        What remains of the limits per minute, this request included if it was admitted.
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
        """The text of the first choice, without reasoning and tool calls."""
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
        """How many of them are reasoning."""
        return sum(choice.count("reasoning") for choice in self.choices)

    @property
    def end(self) -> float:
        """When its slot in the service becomes free."""
        return self.finished if self.reset_at is None else min(self.finished, self.reset_at)

    def token_due(self, index: int) -> float:
        """Return when the token at `index` (from 0) is sent.

        Raises
        ------
        ValueError
            If the request was refused.
        """
        if self.first_token is None:
            raise ValueError(f"request {self.number} was refused ({self.status}): it has no tokens")
        return self.first_token + index * self.token_time

    def postpone(self, started: float) -> "Plan":
        """Return the same plan with another start time."""
        shift = started - self.started
        return replace(
            self,
            started=started,
            first_token=None if self.first_token is None else self.first_token + shift,
            finished=self.finished + shift,
        )

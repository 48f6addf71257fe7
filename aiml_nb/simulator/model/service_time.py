"""Draw the answer of a service and how long it takes."""

from dataclasses import replace

from ..faults.fault import Fault
from ..rng import draw_lognormal, open_rng
from ..settings import Settings
from .answers import Answer, find_answer
from .compose import Composer
from .plan import Arrival, Plan
from .prompts import Prompt

# The largest spreads for the handwritten answers to the FAQ's questions, so that lessons that use
# them show nearly the same times each time.
_STEADY_FIRST_TOKEN = 0.05
_STEADY_TOKEN = 0.015


def draw_service(
    plan: Plan,
    prompt: Prompt,
    *,
    arrival: Arrival,
    load: int,
    fault: Fault | None,
    settings: Settings,
) -> Plan:
    """Draw the answer and its times, for a start without waiting.

    The draws depend only on the seed, the prompt and its repeat; each of the `load` other requests
    in the service lengthens all times by `Settings.slow_down`.
    """
    answer = find_answer(prompt, settings)
    wait, gap = _draw_times(plan, prompt, answer, settings)
    stretch = 1 + settings.slow_down * load
    if settings.straggler_share:
        drawn = open_rng(settings.seed, prompt.key, plan.repeat, "straggler").random()
        stretch *= settings.straggler_factor if drawn < settings.straggler_share else 1
    wait, gap = wait * stretch / settings.speed, gap * stretch / settings.speed
    if fault is not None:
        wait += fault.delay / settings.speed
    options, max_tokens = arrival.options, arrival.max_tokens
    composer = Composer(prompt, answer.tokens, plan.repeat, options, max_tokens, fault, settings)
    choices = tuple(map(composer.compose, range(options.n)))
    first_token = plan.arrived + wait
    # Choices are generated in parallel, so the longest decides.
    longest = max(choice.size for choice in choices)
    return replace(
        plan,
        first_token=first_token,
        finished=first_token + max(0, longest - 1) * gap,
        token_time=gap,
        choices=choices,
        fault=fault,
    )


def _draw_times(
    plan: Plan, prompt: Prompt, answer: Answer, settings: Settings
) -> tuple[float, float]:
    rng = open_rng(settings.seed, prompt.key, plan.repeat)
    first_spread, token_spread = settings.first_token_spread, settings.token_time_spread
    if answer.is_steady:
        first_spread = min(first_spread, _STEADY_FIRST_TOKEN)
        token_spread = min(token_spread, _STEADY_TOKEN)
    wait = draw_lognormal(rng, median=settings.first_token_time, spread=first_spread)
    wait += plan.prompt_tokens * settings.prompt_token_time
    return wait, draw_lognormal(rng, median=settings.token_time, spread=token_spread)

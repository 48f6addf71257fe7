"""What is said of a run before the first call that may cost money."""

from __future__ import annotations

from ..apis import APIS
from ..prompts import Prompt
from ..prompts.stored import StoredPrompts
from ..records import Call
from .limits.caps import describe_caps
from .limits.estimate import Estimator, max_output
from .limits.rates import MINUTE, rate_window
from .pacing.clock import Clock
from .plan import Plan, make_retries
from .remaining import in_words

_SAMPLE = 5000  # prompts, by which the tokens of very many are estimated


def is_command(plan: Plan) -> bool:
    """Tell whether a command makes the run, and not somebody's own code."""
    return plan.speak is not str


def describe_plan(plan: Plan) -> str:
    """Say, before the first paid call, how many requests and tokens the run may take."""
    options, endpoint, left = plan.options, plan.endpoint, plan.unfinished
    requests = make_retries(plan, Clock()).max_requests
    estimator = Estimator(options.parameters, APIS[options.api])
    prompts = some_prompts(plan, left)
    estimates = [estimator.estimate(prompt) for prompt in prompts]
    scale = len(left) / len(prompts) if prompts else 1
    tokens = round(scale * sum(each.input_tokens for each in estimates))
    most = round(scale * sum(each.output_tokens for each in estimates))
    # Without max_tokens the estimate of the output is a guess, so the text does not promise it.
    n_unlimited = round(
        scale * sum(max_output(options.parameters | each.parameters) is None for each in prompts)
    )
    models = {prompt.parameters.get("model") or plan.run.model for prompt in prompts}
    model = plan.run.model if len(models) < 2 else f"{len(models)} models"
    text = (
        f"Plan: {len(left):,} calls to {endpoint.base_url} ({model}), at most "
        f"{options.max_concurrency:,} in flight and {requests:,} requests in all, about "
        f"{tokens:,} tokens in"
    )
    about = "about " if scale > 1 else ""
    if n_unlimited:
        which = "" if n_unlimited == len(left) else f" for {about}{n_unlimited:,} of them"
        text += f"; max_tokens is not set{which}."
    else:
        text += f" and at most {about}{most:,} out, if each is asked once."
    text += describe_caps(options.caps, is_unlimited=n_unlimited > 0)
    if least := describe_least(plan):
        text += f" {least}"
    return text + (f" Journal: {options.journal}" if options.journal else "")


def some_prompts(plan: Plan, calls: list[Call]) -> list[Prompt]:
    """Return the prompts of calls; of very many in a file some of them, all over it."""
    step = max(1, len(calls) // _SAMPLE) if isinstance(plan.prompts, StoredPrompts) else 1
    return [plan.prompts[call.index] for call in calls[::step]]


def describe_least(plan: Plan) -> str:
    """Say how long limits per minute make the run at least; empty if that is under a minute."""
    options, found = plan.options, []
    if options.requests_per_minute:
        amount = len(plan.unfinished)
        found.append((options.requests_per_minute, "", amount, ""))
    if options.tokens_per_minute:
        estimator = Estimator(options.parameters)
        # Of the answers nothing is certain, so only what is sent is counted.
        prompts = some_prompts(plan, left := plan.unfinished)
        tokens = sum(estimator.estimate(each).input_tokens for each in prompts)
        tokens = round(tokens * len(left) / len(prompts)) if prompts else 0
        found.append((options.tokens_per_minute, " tokens", tokens, "about "))
    seconds, said = 0.0, ""
    for limit, what, amount, about in found:
        least = rate_window(limit).seconds_for(amount, 0.0)
        if least > seconds:
            seconds = least
            said = f"At most {limit:,.12g}{what} a minute: {about}{in_words(least)} at least."
    return said if seconds >= MINUTE else ""

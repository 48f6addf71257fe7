"""What is said of a run before the first call that may cost money."""

from __future__ import annotations

from .limits.caps import describe_caps
from .limits.estimate import Estimator, max_output
from .pacing.clock import Clock
from .plan import Plan, make_retries


def describe_plan(plan: Plan) -> str:
    """Say, before the first paid call, how many requests and tokens the run may take."""
    options, endpoint, left = plan.options, plan.endpoint, plan.unfinished
    requests = make_retries(plan, Clock()).max_requests
    estimator = Estimator(options.parameters)
    prompts = [plan.prompts[call.index] for call in left]
    estimates = [estimator.estimate(prompt) for prompt in prompts]
    tokens = sum(each.input_tokens for each in estimates)
    most = sum(each.output_tokens for each in estimates)
    # Without max_tokens the estimate of the output is a guess, so the text does not promise it.
    n_unlimited = sum(
        max_output(options.parameters | prompt.parameters) is None for prompt in prompts
    )
    text = (
        f"Plan: {len(left)} calls to {endpoint.base_url} ({plan.run.model}), at most "
        f"{options.max_concurrency} in flight and {requests} requests in all, about "
        f"{tokens:,} tokens in"
    )
    if n_unlimited:
        which = "" if n_unlimited == len(left) else f" for {n_unlimited} of them"
        text += f"; max_tokens is not set{which}."
    else:
        text += f" and at most {most:,} out, if each is asked once."
    text += describe_caps(options.caps, is_unlimited=n_unlimited > 0)
    return text + (f" Journal: {options.journal}" if options.journal else "")

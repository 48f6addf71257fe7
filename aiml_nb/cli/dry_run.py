"""``aiml-nb run --dry-run``: what would be sent, and what it would come to; nothing is sent."""

from __future__ import annotations

import json

from ..apis import APIS
from ..messages import for_command_line
from ..printable import say
from ..records import Attempt
from ..runner.backend import backend_of
from ..runner.limits.estimate import Estimator, max_output
from ..runner.plan import Plan
from ..runner.plan_text import describe_plan, some_prompts

_SHOWN = 2  # requests
_PER_MILLION = 1e6


def show_plan(plan: Plan) -> None:
    """Print the plan of a run, its first requests without keys, and its tokens and their cost."""
    say(for_command_line(describe_plan(plan)))
    for number, call in enumerate(plan.unfinished[:_SHOWN], 1):
        request = backend_of(plan).requests.make(call, Attempt(number=1, started=0.0))
        body = plan.endpoint.key.redact_all(dict(request.body))
        say(f"\nRequest {number} of {len(plan.unfinished):,}: POST {request.url}")
        if request.headers:  # of the user's own: they may hold secrets
            say(f"with the headers {', '.join(request.headers)}")
        say(json.dumps(body, indent=2, ensure_ascii=False, default=repr))
    say(f"\n{_describe_cost(plan)} Nothing was sent.")


def _describe_cost(plan: Plan) -> str:
    options = plan.options
    estimator = Estimator(options.parameters, APIS[options.api])
    asked = some_prompts(plan, left := plan.unfinished)
    scale = len(left) / len(asked) if asked else 1
    estimates = [estimator.estimate(prompt) for prompt in asked]
    tokens_in = round(scale * sum(each.input_tokens for each in estimates))
    tokens_out = round(scale * sum(each.output_tokens for each in estimates))
    are_guessed = any(max_output(options.parameters | each.parameters) is None for each in asked)
    how = "assumed, since --max-tokens is not set" if are_guessed else "at most"
    said = f"About {tokens_in:,} tokens in and {tokens_out:,} out ({how})"
    prices = options.caps.prices
    if prices is None:
        return f"{said}. What they cost is known with --prices IN OUT, dollars per million tokens."
    cost = (tokens_in * prices[0] + tokens_out * prices[1]) / _PER_MILLION
    return f"{said}: about ${cost:,.4f}."

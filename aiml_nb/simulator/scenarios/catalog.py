"""The scenarios by name: what each is for, and its settings.

How to write one, with an example: the docstring of the package. The faults: `faults`.
"""

from ..settings import Settings
from .definition import Scenario, read_outage, read_share, think

ALL_SCENARIOS = (
    Scenario(
        "faq",
        "One long and one short question: about 5.5 s and 0.5 s; nothing goes wrong.",
        Settings(),
    ),
    Scenario(
        "classroom",
        "Answers of one to three seconds that differ a lot; at most 20 are served at once.",
        Settings(first_token_spread=0.6, token_time_spread=0.3, capacity=20),
    ),
    Scenario(
        "tight",
        "Only 5 calls are served at once, the others queue: more in flight gains nothing.",
        Settings(capacity=5),
    ),
    Scenario(
        "slow-start",
        "The first word of an answer takes about three seconds, and then the rest comes quickly.",
        Settings(first_token_time=3, first_token_spread=0.25, token_time=0.005),
    ),
    Scenario(
        "one-fails",
        "The third request is refused with status 400, which a retry would not mend.",
        Settings(faults={3: 400}),
    ),
    Scenario(
        "hiccups",
        "Requests 2, 5 and 9 get statuses 503, 429 and 500; asking again mends each.",
        Settings(faults={2: 503, 5: 429, 9: 500}),
    ),
    Scenario(
        "come-back",
        "The fourth request gets status 429, which says when to come back: in two seconds.",
        Settings(faults={4: "retry-after:2"}),
    ),
    Scenario(
        "role-first",
        "Streams begin at once with a chunk that holds no text; the first word comes later.",
        Settings(sends_role_at_once=True),
    ),
    Scenario(
        "instant",
        "Answers without any delay: what remains is the time of client and wire.",
        Settings(first_token_time=0, prompt_token_time=0, token_time=0),
    ),
    Scenario(
        "seven",
        "More than 7 calls at once get a bare 429, as at AIML API: find the limit by trying.",
        Settings(concurrency=7, profile="aimlapi"),
    ),
    Scenario(
        "rate-limits",
        "60 calls and 5,000 tokens a minute; the headers say what is left and when to come back.",
        Settings(requests_per_minute=60, tokens_per_minute=5_000),
    ),
    Scenario(
        "per-minute",
        "So many calls in each full minute; the others get status 429 and the time to come back.",
        lambda limit: Settings(requests_per_minute=int(limit), window="fixed"),
        argument="500",
    ),
    Scenario(
        "refusing",
        "A share of the requests get a bare status 429 at random, however few there are.",
        lambda share: Settings(fault_shares={429: read_share(share)}),
        argument="10%",
    ),
    Scenario(
        "outage",
        "Away from one second to another after the first call, what is on its way reset.",
        read_outage,
        argument="5-7",
    ),
    Scenario(
        "crowded",
        "Each other call in flight slows a call down by a tenth: the crowd pays for itself.",
        Settings(slow_down=0.1, capacity=50),
    ),
    Scenario(
        "stragglers",
        "One call in twenty takes eight times as long: the slowest decides when all is done.",
        Settings(straggler_share=0.05, straggler_factor=8),
    ),
    Scenario(
        "stall",
        "One call is served at a time, each in half a second; the fifth takes ten seconds longer.",
        Settings(
            capacity=1,
            first_token_time=0.3,
            first_token_spread=0,
            token_time=0.01,
            token_time_spread=0,
            shortest_answer=20,
            longest_answer=20,
            faults={5: "slow:10"},
        ),
    ),
    Scenario(
        "chaos",
        "Three calls in ten go wrong, each in another way: statuses, cuts, resets, wrong bodies.",
        Settings(
            fault_shares={
                429: 0.05,
                "retry-after:1": 0.03,
                500: 0.03,
                503: 0.04,
                "close": 0.02,
                "reset": 0.02,
                "close:50%": 0.02,
                "reset:50%": 0.02,
                "end:50%": 0.02,
                "bad-json": 0.02,
                "html:502": 0.02,
                "error-event": 0.01,
            }
        ),
    ),
    Scenario(
        "aimlapi",
        "The FAQ as AIML API answers it: its headers, its error bodies, and what a call costs.",
        Settings(profile="aimlapi", models=("gpt-4o", "openai/gpt-4o", "gpt-4o-mini")),
    ),
    Scenario(
        "tools",
        "Every question that comes with tools calls all of them, each with arguments that fit.",
        Settings(always_calls_tools=True),
    ),
    Scenario(
        "reasoning",
        "Each answer is thought about first; or reasoning, or parts: where the thoughts are.",
        think,
        argument="reasoning_content",
    ),
    Scenario(
        "parts",
        "As reasoning, with the thoughts and the text in a list of parts, as Mistral sends them.",
        think("parts"),
    ),
    Scenario(
        "overthinking",
        "A share of the answers think until max_tokens are used up, and never come to their text.",
        lambda share: think("reasoning_content", endless_reasoning_share=read_share(share)),
        argument="50%",
    ),
    Scenario(
        "misfits",
        "A share of the answers in JSON do not fit their schema; asked again, most of them do.",
        lambda share: Settings(misfit_share=read_share(share)),
        argument="20%",
    ),
    Scenario(
        "every",
        "Every call gets the fault of that name: a broken provider, a page of HTML, a cut stream.",
        lambda fault: Settings(faults={"*": fault}),
        argument="choice-error",
    ),
    Scenario(
        "drops",
        "Each answer says that the connection is kept, and closes it: as llama.cpp's server does.",
        Settings(faults={"*": "drop"}),
    ),
    Scenario(
        "hangs-up",
        "Each second request on a connection is not answered: the connection ends instead.",
        Settings(faults={"*": "hang-up"}),
    ),
    Scenario(
        "strict",
        "A parameter is refused with status 400, and the refusal names it.",
        lambda name: Settings(refused_parameters={name: 400}),
        argument="stream_options",
    ),
    Scenario(
        "models",
        "Calls are answered, but the list of models gets a fault: reset, end:50%, bad-json, 500.",
        lambda fault: Settings(models_faults=fault),
        argument="missing-scopes",
    ),
    Scenario(
        "conformance",
        "For clients' own tests: every model and every stored completion exists, without delay.",
        Settings(accepts_anything=True, first_token_time=0, prompt_token_time=0, token_time=0),
    ),
)

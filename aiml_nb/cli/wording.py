"""Say on the command line what the library says in Python: options in place of arguments."""

from __future__ import annotations

import re

_PHRASES = (
    (r"(?:aiml_nb\.)?connect\([^)]*\), on the command line (?=--)", ""),
    (r"aiml_nb\.prompts\.read_prompts\(.*?\), on the command line (?=--)", ""),
    (r"\w+=(?:'[^']*'|\w*), on the command line (?=--)", ""),
    (r"resume\([^)]*\), on the command line (?=--)", ""),
    (r"aiml_nb\.resume\(.*\), in a shell (?=--)", "add "),
    (r"Go on once it is back, with resume\(\)", "Add --resume once it is back"),
    (r"prices=\(input, output\)", "--prices IN OUT"),
    (r"to each run: (?=extra_query=)", "in each line of the prompts: "),
    (r"extra_(body|query)=\{([^}]*)\}", lambda found: _as_json(*found.groups())),
)
_ARGUMENTS = (
    "base_url|max_concurrency|max_calls|max_total_tokens|max_cost|run_timeout|requests_per_minute|"
    "tokens_per_minute|retry_failed|retry_share|change_parameters"
)
# What is an ordinary word too is a name only where a sentence about it begins, or before a "=".
_WORDS = "strategy|timeout|outage|repeats|seed|speed|scenario|simulate"
_BESIDES = "model|max_tokens|temperature|prices"  # names only where a sentence begins
_NAME = re.compile(
    rf"(?:\A(?P<first>{_WORDS}|{_BESIDES})(?= must | names )|\b(?P<word>{_WORDS})(?==)|"
    rf"\b(?P<argument>{_ARGUMENTS})\b)(?:=True\b|=(?=[\s,.]|\Z)|(?P<value>=))?"
)

# Where the parameters of all requests are told; those of one prompt have their names in its file.
_PARAMETERS = re.compile(r"(?:of a run with |From here on: ).*?(?=\. |\.\Z)", re.DOTALL)


def speak_options(text: str) -> str:
    """Return one of our own sentences with the options to type in place of the arguments."""
    for pattern, words in _PHRASES:
        text = re.sub(pattern, words, text)
    text = _PARAMETERS.sub(_speak_parameters, text)
    return _NAME.sub(_as_option, text)


def _as_json(name: str, content: str) -> str:
    """Say what stands in the body of a line of prompts."""
    inside = content.replace("'", '"')
    return f'"extra_{name}": {{{inside}}}'


def _speak_parameters(found: re.Match[str]) -> str:
    return re.sub(r"\b(system|max_tokens|temperature)=", _to_type, found[0])


def _to_type(found: re.Match[str]) -> str:
    return f"--{found[1].replace('_', '-')} "


def _as_option(found: re.Match[str]) -> str:
    name = found["first"] or found["word"] or found["argument"]
    follows = " " if found["value"] else ""  # as in max_calls=4
    return f"--{name.replace('_', '-')}{follows}"

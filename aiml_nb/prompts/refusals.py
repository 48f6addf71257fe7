"""What is said of prompts that cannot be taken as they are given."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..messages import Message
from .files import ENDINGS, PARQUET, WORKBOOKS
from .prompt import ADVICE, Prompt, shorten


def refuse_all(found: list[Prompt]) -> None:
    """Raise ValueError if none of the prompts can be asked."""
    if all(each.problem for each in found):
        raise ValueError("No prompt can be asked. " + (found[0].problem or ""))


def refuse_file_names(prompts: object) -> None:
    """Raise ValueError if a list holds names of files: they would be asked as they are."""
    listed = prompts if isinstance(prompts, list | tuple) else []
    names = [each for each in listed if is_file(each) and " " not in str(each)]
    if names and len(names) == len(listed):
        advice = "one file a run" if len(names) > 1 else "without the brackets"
        raise ValueError(
            f"prompts is a list with the name of a file in it, {str(names[0])!r}, which would be "
            f"asked as it stands. Give the file itself, {advice}: run({str(names[0])!r}, …)."
        )


def advise_on_single(given: str | bytes | Mapping[str, object]) -> str:
    """Return the end of a sentence on one prompt where a list is expected."""
    if isinstance(given, bytes):
        return ", which is not text. Decode it and put it in a list."
    if isinstance(given, str) or {"prompt", "messages", "body"} & given.keys():
        return f". Put it in a list: [{shorten(given)}]."
    if given and all(isinstance(text, str) for text in given.values()):
        return ". Give its texts: list(prompts.values())."
    return f", which has no prompt and no messages. {ADVICE} Put it in a list."


def explain_lines(bad: list[tuple[str | None, str]]) -> str:
    """Return the message of the first wrong line; of several also how many, and which."""
    first, others = bad[0][1], [str(place).lower() for place, _ in bad[1:]]
    if not others:
        return first
    shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
    wrong = "is 1 more" if len(others) == 1 else f"are {len(others):,} more"
    advice = Message('on_bad="skip"', "--on-bad skip")
    return first + Message(f" Wrong {wrong}: {shown}. Pass over them with ") + advice + "."


def is_file(prompts: object) -> bool:
    """Say whether something is the name of a file, by its ending."""
    if isinstance(prompts, os.PathLike):
        return True
    endings = (*ENDINGS, *WORKBOOKS, *PARQUET, ".txt")
    return isinstance(prompts, str) and prompts.lower().endswith(endings) and "\n" not in prompts

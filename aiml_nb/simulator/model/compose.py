"""Compose the choices of an answer: reasoning, a text, a JSON value, or calls of tools."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..faults.fault import Fault
from ..rng import hash_number, open_rng
from ..settings import Settings
from .answers import find_answer, make_reasoning, write_tool_answer
from .choice import Choice, Section
from .misfits import write_misfit
from .options import AnswerOptions
from .prompts import Prompt, split_tokens
from .tools import Call

# Endless reasoning stops at max_tokens, or at this many times the longest regular reasoning.
_ENDLESS_FACTOR = 4
_MAX_REASONING = 20_000


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes the choices of one answer; they depend on the seed, the prompt and the options.

    `text` is the first choice, unless the options or the fault ask for something else.
    """

    prompt: Prompt
    text: tuple[str, ...]
    repeat: int
    options: AnswerOptions
    max_tokens: int | None
    fault: Fault | None
    settings: Settings

    def compose(self, index: int) -> Choice:
        """Compose the choice at an index (from 0)."""
        fault = self.fault
        if fault is not None and fault.says_null:
            choice = Choice(())
        else:
            choice = self._answer(index)
            if self.settings.reasoning != "none":
                choice = self._add_reasoning(choice, index)
        choice = choice.cut(self.max_tokens)
        if fault is not None and fault.finish_reason is not None:
            choice = replace(choice, finish_reason=fault.finish_reason)
        return choice

    def _answer(self, index: int) -> Choice:
        fault, options = self.fault, self.options
        if fault is not None and fault.text is not None:
            tokens = split_tokens(fault.text)
            return Choice((Section("refusal" if fault.refuses else "content", tokens),))
        if options.toolbox is not None:
            always = self.settings.always_calls_tools
            calls = options.toolbox.choose(self.prompt, always=always)
            if calls:
                return self._call_tools(calls, index)
        tokens = self._find_text(index)
        if options.is_json:
            tokens = self._write_json("".join(tokens), index)
        elif options.wants_audio:
            return Choice((Section("audio", tokens, self._make_id("audio", index)),))
        return Choice((Section("content", tokens),))

    def _find_text(self, index: int) -> tuple[str, ...]:
        if self.prompt.tool_results and not index:
            return write_tool_answer(self.prompt.tool_results)
        return find_answer(self.prompt, self.settings, index).tokens if index else self.text

    def _write_json(self, text: str, index: int) -> tuple[str, ...]:
        schema, settings = self.options.schema, self.settings
        value: Any = {"answer": text, "simulated": True}
        if schema is not None:
            value = schema.make(self._make_draw("value"), turn=index, answer=text)
        if settings.misfit_share:
            rng = open_rng(settings.seed, self.prompt.key, self.repeat, "misfit", index)
            if rng.random() < settings.misfit_share:
                return split_tokens(write_misfit(value, rng.getrandbits(16)))
        return _split_json(value)

    def _call_tools(self, calls: list[Call], index: int) -> Choice:
        sections = []
        for number, call in enumerate(calls):
            tool, subject = call.tool, call.subject
            arguments = split_tokens(subject or self.prompt.text[:100])
            if tool.schema is not None:
                draw = self._make_draw("arguments", tool.name, subject or "")
                arguments = _split_json(tool.schema.make(draw, turn=index, subject=subject))
            name = self._make_id("call", index, number)
            sections.append(Section(tool.kind, (tool.name, *arguments), name))
        reason = "function_call" if calls[0].tool.kind == "function_call" else "tool_calls"
        return Choice(tuple(sections), reason)

    def _add_reasoning(self, choice: Choice, index: int) -> Choice:
        settings = self.settings
        reasoning = make_reasoning(self.prompt, settings, index)
        rng = open_rng(settings.seed, self.prompt.key, self.repeat, "endless", index)
        if rng.random() >= settings.endless_reasoning_share:
            return replace(choice, sections=(Section("reasoning", reasoning), *choice.sections))
        size = min(self.max_tokens or _ENDLESS_FACTOR * settings.longest_reasoning, _MAX_REASONING)
        endless = (reasoning * (size // len(reasoning) + 1))[:size]
        return Choice((Section("reasoning", endless), Section("content", ())), "length")

    def _make_id(self, kind: str, *places: int) -> str:
        rng = open_rng(self.settings.seed, self.prompt.key, self.repeat, kind, *places)
        return f"{kind}_{rng.getrandbits(96):024x}"

    def _make_draw(self, *names: str) -> Callable[[str], int]:
        seed, key = self.settings.seed, self.prompt.key
        return lambda path: hash_number(seed, key, *names, path)


def _split_json(value: object) -> tuple[str, ...]:
    return split_tokens(json.dumps(value, ensure_ascii=False))

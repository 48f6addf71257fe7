"""Write an answer as the chunks of a stream: server-sent events in OpenAI's format."""

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from ..faults.fault import GOOD
from ..model.choice import Choice, Section
from ..model.plan import Plan
from .logprobs import describe_tokens
from .openai_format import (
    FINGERPRINT,
    Label,
    count_usage,
    write_audio,
    write_call,
    write_choice_error,
    write_text_part,
    write_thinking_part,
)

DONE = b"data: [DONE]\n\n"

_Json: TypeAlias = dict[str, Any]

# `json.dumps` would create an encoder for each token.
_encode = json.JSONEncoder(ensure_ascii=False).encode

# Marks the position of the token in an event that is prepared once per section.
_PLACEHOLDER = "\x00"


class ChunkWriter:
    """Writes the chunks of one streamed answer, each token of each choice as an event."""

    done = DONE

    def __init__(self, plan: Plan, label: Label, *, include_usage: bool) -> None:
        head = {
            "id": label.id,
            "object": "chat.completion.chunk",
            "created": label.created,
            "model": label.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }
        self._plan = plan
        self._fault = plan.fault or GOOD
        self._label = label
        self._include_usage = include_usage
        self._head = "data: " + json.dumps(head)[:-1]
        # As in OpenAI's API: with usage requested, every chunk but the last has a null.
        self._tail = (', "usage": null' if include_usage else "") + "}\n\n"
        self._length = plan.length
        self._last = max(
            index for index, choice in enumerate(plan.choices) if choice.size == self._length
        )
        self._events = [
            self._write_events(choice, index) for index, choice in enumerate(plan.choices)
        ]

    def write_roles(self) -> bytes:
        """Write the first chunk of each choice: the role, and no text yet."""
        logprobs: _Json | None = None
        if self._label.top_logprobs is not None:
            logprobs = {"content": [], "refusal": None}
        events = ""
        for index, choice in enumerate(self._plan.choices):
            silent = any(each.is_call or each.kind == "audio" for each in choice.sections)
            delta = {"role": "assistant", "content": None if silent else "", "refusal": None}
            events += self._write_chunk(index, delta, logprobs=logprobs)
        return _to_bytes(events)

    def write_tokens(self, count: int) -> bytes:
        """Write the next `count` tokens of each choice, or as many as it has left."""
        if len(self._events) == 1:
            events = "".join(itertools.islice(self._events[0], count))
        else:
            turns = itertools.product(range(count), self._events)
            events = "".join(next(each, "") for _, each in turns)
        return _to_bytes(events)

    def write_finish(self) -> bytes:
        """Write the finish_reason of the longest choices; shorter ones have had theirs."""
        events = ""
        for index, choice in enumerate(self._plan.choices):
            if choice.size == self._length:
                events += self._write_finish(choice, index)
        return _to_bytes(events)

    def write_usage(self) -> bytes:
        """Write the usage, if requested, in a chunk without choices."""
        if not self._include_usage:
            return b""
        usage = json.dumps(count_usage(self._plan))
        choices = "" if "choices" in self._fault.without else ', "choices": []'
        return f'{self._head}{choices}, "usage": {usage}{self._write_meta()}}}\n\n'.encode()

    def _write_events(self, choice: Choice, index: int) -> Iterator[str]:
        """Write an event for each token, and the finish of a choice that is not the longest."""
        events: list[Iterable[str]] = []
        calls: list[Iterator[str]] = []
        for section in choice.sections:
            if section.is_call:
                calls.append(self._write_call(section, index, len(calls)))
            else:
                events.append(self._write_section(section, index))
        events += [_interleave(calls)] if self._fault.calls == "interleaved" else calls
        if choice.size < self._length:
            events.append([self._write_finish(choice, index)])
        return itertools.chain.from_iterable(events)

    def _write_section(self, section: Section, index: int) -> Iterator[str]:
        kind, shape, top = section.kind, self._label.reasoning, self._label.top_logprobs
        if kind == "audio":
            return self._write_audio(section, index)
        if kind != "reasoning" and top is not None:
            return self._write_with_logprobs(section, index, top)
        delta: _Json = {shape if kind == "reasoning" else kind: _PLACEHOLDER}
        if kind == "reasoning" and shape == "parts":
            delta = {"content": [write_thinking_part(_PLACEHOLDER)]}
        elif kind == "content" and self._fault.in_parts:
            delta = {"content": [write_text_part(_PLACEHOLDER)]}
        return self._fill(self._write_chunk(index, delta), section.tokens)

    def _write_audio(self, section: Section, index: int) -> Iterator[str]:
        first = write_audio(section, "".join(section.tokens[:1]), self._label)
        more = self._write_chunk(index, {"audio": {"transcript": _PLACEHOLDER}})
        chunks = [self._write_chunk(index, {"audio": first})][: len(section.tokens)]
        return itertools.chain(chunks, self._fill(more, section.tokens[1:]))

    def _write_call(self, section: Section, index: int, number: int) -> Iterator[str]:
        if section.kind == "function_call":
            start: _Json = {"function_call": {"name": section.tokens[0], "arguments": ""}}
            more: _Json = {"function_call": {"arguments": _PLACEHOLDER}}
        else:
            shape = self._fault.calls
            position = {"index": 0 if shape == "same-index" else number}
            if shape == "no-index":
                position = {}
            if shape in ("whole", "same-index"):
                return self._write_whole_call(section, index, position)
            call = write_call(section, "")
            kind = call["type"]
            field = "input" if kind == "custom" else "arguments"
            start = {"tool_calls": [{**position, **call}]}
            more = {"tool_calls": [{**position, kind: {field: _PLACEHOLDER}}]}
            if shape == "no-index":
                more["tool_calls"][0]["id"] = section.id
        arguments = self._fill(self._write_chunk(index, more), section.tokens[1:])
        return itertools.chain([self._write_chunk(index, start)], arguments)

    def _write_whole_call(self, section: Section, index: int, position: _Json) -> Iterator[str]:
        """Write a call in one event at its last token, with empty events before."""
        call = {**position, **write_call(section, section.text)}
        whole = self._write_chunk(index, {"tool_calls": [call]})
        return itertools.chain(itertools.repeat("", len(section.tokens) - 1), [whole])

    def _write_with_logprobs(self, section: Section, index: int, top: int) -> Iterator[str]:
        """Write each token with its logprobs."""
        for position, token in enumerate(section.tokens):
            described = describe_tokens(
                [token], top=top, name=self._label.id, index=index, start=position
            )
            logprobs: _Json = {"content": None, "refusal": None, section.kind: described}
            yield self._write_chunk(index, {section.kind: token}, logprobs=logprobs)

    def _fill(self, event: str, tokens: tuple[str, ...]) -> Iterator[str]:
        # The hot path of a stream: only the token differs between these events.
        before, _, after = event.rpartition(_encode(_PLACEHOLDER))
        return (f"{before}{_encode(token)}{after}" for token in tokens)

    def _write_finish(self, choice: Choice, index: int) -> str:
        meta = self._write_meta() if index == self._last and not self._include_usage else ""
        return self._write_chunk(index, {}, choice.finish_reason, meta=meta)

    def _write_meta(self) -> str:
        cost = self._label.cost
        return "" if cost is None else f', "meta": {json.dumps({"usage": cost})}'

    def _write_chunk(
        self,
        index: int,
        delta: _Json,
        finish_reason: str | None = None,
        *,
        logprobs: _Json | None = None,
        meta: str = "",
    ) -> str:
        choice: _Json = {
            "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason,
        }  # fmt: skip
        if finish_reason is not None and "delta" in self._fault.without:
            del choice["delta"]
        if finish_reason is not None and self._fault.choice_error is not None:
            choice["error"] = write_choice_error(self._fault.choice_error)
        return f'{self._head}, "choices": [{_encode(choice)}]{meta}{self._tail}'


def _to_bytes(events: str) -> bytes:
    return events.encode("utf-8", "backslashreplace")


def _interleave(many: list[Iterator[str]]) -> Iterator[str]:
    """Yield the first item of each, then the second of each, and so on."""
    for turn in itertools.zip_longest(*many, fillvalue=None):
        yield from (each for each in turn if each is not None)

"""Text completions, whole and streamed; also of several prompts at once."""

import itertools
import json
from typing import Any

from ...model.choice import Choice
from ...model.options import AnswerOptions
from ...model.plan import Plan
from ...model.prompts import Prompt, split_tokens
from ...settings import Settings
from ..chat import ChatRequest, check_sampling, read_flag, read_include_usage, read_object
from ..chunks import DONE
from ..logprobs import describe_tokens
from ..openai_format import FINGERPRINT, JSON_TYPE, Label, count_usage, encode_json
from ..refusals import read_whole
from .fields import read_model, read_texts

_MODELS = ("gpt-3.5-turbo-instruct", "davinci-002", "babbage-002")
_DEFAULT_TOKENS = 16  # of OpenAI's API
_MAX_TOKENS = 10**6
_MAX_CHOICES = 128
_MAX_LOGPROBS = 5


def read_completion(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a text completion; raises as `read_chat_request`."""
    fields = read_object(body)
    model = read_model(fields, settings, (*_MODELS, *settings.models))
    prompts = read_texts(fields, "prompt")
    check_sampling(fields)
    stream = read_flag(fields, "stream")
    least = 0 if settings.accepts_anything else 1
    given = read_whole(fields, "max_tokens", least=least, most=_MAX_TOKENS)
    n = read_whole(fields, "n", least=1, most=_MAX_CHOICES) or 1
    form = _Completions(
        prompts if read_flag(fields, "echo") else [],
        top=read_whole(fields, "logprobs", least=0, most=_MAX_LOGPROBS),
        include_usage=stream and read_include_usage(fields),
    )
    return ChatRequest(
        model=model,
        prompt=Prompt.from_text("\n".join(prompts)),
        max_tokens=_DEFAULT_TOKENS if given is None else given,
        stream=stream,
        form=form,
        options=AnswerOptions(n=n * len(prompts)),
    )


class _Completions:
    content_type = JSON_TYPE
    prefix = "cmpl-"

    def __init__(self, echoed: list[str], *, top: int | None, include_usage: bool) -> None:
        self._echoed, self._top, self._include_usage = echoed, top, include_usage

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        """Write a whole answer; see `Form`."""
        choices = [self._write_choice(each, n, plan, label) for n, each in enumerate(plan.choices)]
        body = head_of(label) | {"choices": choices, "usage": count_usage(plan)}
        if label.cost is not None:
            body["meta"] = {"usage": label.cost}
        return encode_json(body)

    def open_writer(self, plan: Plan, label: Label) -> "_Chunks":
        """Open a writer for a stream; see `Form`."""
        return _Chunks(plan, label, include_usage=self._include_usage)

    def _write_choice(self, choice: Choice, index: int, plan: Plan, label: Label) -> dict[str, Any]:
        text = _text_of(choice)
        if self._echoed:
            text = self._echoed[index * len(self._echoed) // len(plan.choices)] + text
        return {
            "text": text,
            "index": index,
            "logprobs": None if self._top is None else self._describe(text, label, index),
            "finish_reason": choice.finish_reason,
        }

    def _describe(self, text: str, label: Label, index: int) -> dict[str, Any]:
        tokens = split_tokens(text)
        found = describe_tokens(tokens, top=self._top or 0, name=label.id, index=index)
        ends = itertools.accumulate(map(len, tokens), initial=0)
        return {
            "tokens": list(tokens),
            "token_logprobs": [each["logprob"] for each in found],
            "top_logprobs": [
                {top["token"]: top["logprob"] for top in each["top_logprobs"]} for each in found
            ],
            "text_offset": [offset for _, offset in zip(tokens, ends, strict=False)],
        }


def head_of(label: Label) -> dict[str, Any]:
    """Return the members of an answer, and of each chunk, that come first."""
    return {
        "id": label.id,
        "object": "text_completion",
        "created": label.created,
        "model": label.model,
        "system_fingerprint": FINGERPRINT,
    }


class _Chunks:
    """Writes the chunks of one streamed completion."""

    done = DONE

    def __init__(self, plan: Plan, label: Label, *, include_usage: bool) -> None:
        self._plan, self._label, self._include_usage = plan, label, include_usage
        self._head = head_of(label)
        self._tokens = [iter(_tokens_of(choice)) for choice in plan.choices]

    def write_roles(self) -> bytes:
        """Write nothing: a text has no role."""
        return b""

    def write_tokens(self, count: int) -> bytes:
        """Write the next tokens of each choice; see `StreamWriter`."""
        events = b""
        for index, tokens in enumerate(self._tokens):
            for token in itertools.islice(tokens, count):
                events += self._write_choice(index, token, None)
        return events

    def write_finish(self) -> bytes:
        """Write why each choice ends; see `StreamWriter`."""
        ends = enumerate(self._plan.choices)
        return b"".join(self._write_choice(n, "", each.finish_reason) for n, each in ends)

    def write_usage(self) -> bytes:
        """Write the usage, if requested; see `StreamWriter`."""
        if not self._include_usage:
            return b""
        more = {} if self._label.cost is None else {"meta": {"usage": self._label.cost}}
        return _event({**self._head, "choices": [], "usage": count_usage(self._plan), **more})

    def _write_choice(self, index: int, text: str, reason: str | None) -> bytes:
        choice = {"text": text, "index": index, "logprobs": None, "finish_reason": reason}
        return _event({**self._head, "choices": [choice]})


def _tokens_of(choice: Choice) -> tuple[str, ...]:
    sections = (each for each in choice.sections if each.kind in ("content", "refusal"))
    return tuple(token for section in sections for token in section.tokens)


def _text_of(choice: Choice) -> str:
    return "".join(_tokens_of(choice))


def _event(value: Any) -> bytes:
    data = json.dumps(value, ensure_ascii=False)
    return f"data: {data}\n\n".encode("utf-8", "backslashreplace")

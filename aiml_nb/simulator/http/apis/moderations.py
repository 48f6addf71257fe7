"""Moderations: what a few plain words say of a text; no judgement of anything."""

import re
from typing import Any

from ...model.options import AnswerOptions
from ...model.plan import Plan
from ...model.prompts import Prompt
from ...rng import hash_number
from ...settings import Settings
from ..chat import ChatRequest, read_object
from ..form import WholeForm
from ..openai_format import Label, encode_json
from .fields import read_model, read_texts

_MODELS = (
    *("omni-moderation-latest", "omni-moderation-2024-09-26"),
    *("text-moderation-latest", "text-moderation-stable"),
)
_CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening"),
    *("illicit", "illicit/violent", "self-harm", "self-harm/intent", "self-harm/instructions"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)
# The words that flag a text, and what it is flagged as.
_FLAGS = {
    "hate": re.compile(r"\bhate\b", re.I),
    "harassment": re.compile(r"\b(?:idiot|stupid)\b", re.I),
    "illicit": re.compile(r"\bsteal\b", re.I),
    "violence": re.compile(r"\b(?:kill|murder|stab)\b", re.I),
}
_HIGH, _LOW = 0.9, 0.01


def read_moderations(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a request for moderations; raises as `read_chat_request`."""
    fields = read_object(body)
    model = read_model(fields, settings, _MODELS, default=_MODELS[0])
    texts = read_texts(fields, "input")
    return ChatRequest(
        model=model,
        prompt=Prompt.from_text("\n".join(texts)),
        max_tokens=0,
        stream=False,
        form=_Moderations(texts),
        options=AnswerOptions(),
    )


class _Moderations(WholeForm):
    prefix = "modr-"

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        results = [_judge(text) for text in self._texts]
        return encode_json({"id": label.id, "model": label.model, "results": results})


def _judge(text: str) -> dict[str, Any]:
    found = {name: bool(pattern.search(text)) for name, pattern in _FLAGS.items()}
    scores = {
        name: round((_HIGH if found.get(name) else 0) + _LOW * hash_number(name, text) / 2**32, 6)
        for name in _CATEGORIES
    }
    return {
        "flagged": any(found.values()),
        "categories": {name: found.get(name, False) for name in _CATEGORIES},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }

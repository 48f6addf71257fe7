"""Embeddings: one unit vector for each text, the same for the same text and seed."""

import base64
import struct
from typing import Any

from ...model.options import AnswerOptions
from ...model.plan import Plan
from ...model.prompts import Prompt, split_tokens
from ...model.vectors import make_vector
from ...settings import Settings
from ..chat import ChatRequest, read_object
from ..form import WholeForm
from ..openai_format import Label, encode_json
from ..refusals import read_whole
from .fields import read_choice, read_model, read_texts

_SIZES = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
_DEFAULT_SIZE = 1536


def read_embeddings(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a request for embeddings; raises as `read_chat_request`."""
    fields = read_object(body)
    model = read_model(fields, settings, _SIZES)
    texts = read_texts(fields, "input")
    most = _SIZES.get(model, _DEFAULT_SIZE)
    size = read_whole(fields, "dimensions", least=1, most=most) or most
    encoding = read_choice(fields, "encoding_format", ("float", "base64"))
    if settings.accepts_anything:
        encoding = "float"  # a client without numpy asks for base64 and does not read it
    form = _Embeddings(texts, size, encoding)
    form.seed = settings.seed
    return ChatRequest(
        model=model,
        prompt=Prompt.from_text("\n".join(texts)),
        max_tokens=0,  # nothing is written: its time is that of a first token
        stream=False,
        form=form,
        options=AnswerOptions(),
    )


class _Embeddings(WholeForm):
    prefix = "emb-"
    seed = 0

    def __init__(self, texts: list[str], size: int, encoding: str) -> None:
        self._texts, self._size, self._encoding = texts, size, encoding

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        data = [
            {"object": "embedding", "index": index, "embedding": self._write(text)}
            for index, text in enumerate(self._texts)
        ]
        tokens = sum(len(split_tokens(text)) for text in self._texts)
        body: dict[str, Any] = {
            "object": "list",
            "data": data,
            "model": label.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        return encode_json(body)

    def _write(self, text: str) -> list[float] | str:
        vector = make_vector(text, size=self._size, seed=self.seed)
        if self._encoding == "float":
            return vector
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

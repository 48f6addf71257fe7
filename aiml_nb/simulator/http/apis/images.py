"""Images: made of a text, or of pictures that are sent; each a small PNG file."""

import base64
import time
from collections.abc import Mapping
from typing import Any

from ...model.options import AnswerOptions
from ...model.pictures import draw_picture
from ...model.plan import Plan
from ...model.prompts import Prompt
from ...settings import Settings
from ..chat import ChatRequest, read_object
from ..form import WholeForm
from ..openai_format import Label, encode_json
from ..refusals import read_whole, refuse_field
from .fields import read_choice, read_model, read_text

_MODELS = (
    *("gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5", "dall-e-2", "dall-e-3"),
    "chatgpt-image-latest",
)
_MAX_IMAGES = 10
_MAX_EDITED = 16
_TOKENS = 272  # that OpenAI's API counts for a picture of low quality


def read_generation(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a request for images; raises as `read_chat_request`."""
    return _read(read_object(body), settings, read_text)


def read_edit(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a request to change pictures that it names; raises as `read_generation`."""
    fields = read_object(body)
    images = fields.get("images")
    if not isinstance(images, list) or not 0 < len(images) <= _MAX_EDITED:
        raise refuse_field("images", f"must be 1 to {_MAX_EDITED} pictures", images)
    for image in images:
        _check_named(image, "images")
    if fields.get("mask") is not None:
        _check_named(fields["mask"], "mask")
    return _read(fields, settings, read_text)


def _check_named(image: Any, field: str) -> None:
    """Raise the refusal of a picture that is not named by one address or one id."""
    named = image if isinstance(image, Mapping) else {}
    given = [named[name] for name in ("image_url", "file_id") if named.get(name) is not None]
    if len(given) != 1 or not isinstance(given[0], str):
        raise refuse_field(field, "must have an image_url or a file_id", image)


def read_edit_form(fields: Mapping[str, Any], settings: Settings) -> ChatRequest:
    """Read a form with a picture to be changed, or varied."""
    images = [each for name, each in fields.items() if name in ("image", "image[]")]
    if not images or not isinstance(images[0], bytes | list):
        raise refuse_field("image", "must be a file", None)
    return _read(fields, settings, lambda given, name: str(given.get(name) or "a variation"))


def _read(fields: Mapping[str, Any], settings: Settings, read_prompt: Any) -> ChatRequest:
    model = read_model(fields, settings, _MODELS, default="dall-e-2")
    text = read_prompt(fields, "prompt")
    n = read_whole(fields, "n", least=1, most=_MAX_IMAGES) or 1
    usual = ("url", "b64_json") if model.startswith("dall-e") else ("b64_json", "url")
    form = _Images(text, n, read_choice(fields, "response_format", usual), settings.seed)
    return ChatRequest(
        model=model,
        prompt=Prompt.from_text(text),
        max_tokens=None,  # a picture takes as long as a text
        stream=False,
        form=form,
        options=AnswerOptions(),
    )


class _Images(WholeForm):
    def __init__(self, text: str, n: int, kind: str, seed: int) -> None:
        self._text, self._n, self._kind, self._seed = text, n, kind, seed

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        data = [self._write(number, plan) for number in range(self._n)]
        output = _TOKENS * self._n
        details = {"text_tokens": plan.prompt_tokens, "image_tokens": 0}
        usage = {
            "input_tokens": plan.prompt_tokens,
            "input_tokens_details": details,
            "output_tokens": output,
            "total_tokens": plan.prompt_tokens + output,
        }
        return encode_json({"created": int(time.time()), "data": data, "usage": usage})

    def _write(self, number: int, plan: Plan) -> dict[str, Any]:
        if self._kind == "url":
            return {"url": f"https://images.invalid/{plan.number}-{number}.png"}
        picture = draw_picture(self._seed, self._text, plan.repeat, number)
        return {"b64_json": base64.b64encode(picture).decode()}

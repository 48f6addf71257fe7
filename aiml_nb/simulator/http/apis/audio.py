"""Audio: texts that are spoken, and sounds that are written down. All sounds are WAV files."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ...model.answers import find_answer
from ...model.options import AnswerOptions
from ...model.plan import Plan
from ...model.prompts import Prompt, split_tokens
from ...model.sounds import find_words, speak
from ...settings import Settings
from ..chat import ChatRequest, read_object
from ..form import WholeForm
from ..openai_format import Label, encode_json
from ..refusals import refuse_field
from .fields import read_choice, read_model, read_text

_SPEAKERS = ("gpt-4o-mini-tts", "tts-1", "tts-1-hd")
_WRITERS = (
    *("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
    "gpt-4o-transcribe-diarize",
)
_SOUNDS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_TEXTS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_MAX_INPUT = 4096  # characters, of OpenAI's API


def read_speech(body: bytes, settings: Settings) -> ChatRequest:
    """Read the body of a request to speak a text; raises as `read_chat_request`."""
    fields = read_object(body)
    model = read_model(fields, settings, _SPEAKERS)
    text = read_text(fields, "input")
    if len(text) > _MAX_INPUT:
        raise refuse_field("input", f"must have at most {_MAX_INPUT} characters", text)
    voice = fields.get("voice")
    if not isinstance(voice, str | dict) or not voice:
        raise refuse_field("voice", "must be the name of a voice", voice)
    read_choice(fields, "response_format", _SOUNDS)
    return _answer(model, text, _Speech(text))


def read_transcription(fields: Mapping[str, Any], settings: Settings) -> ChatRequest:
    """Read a form with a sound that is to be written down, or translated."""
    model = read_model(fields, settings, _WRITERS)
    sound = fields.get("file")
    if not isinstance(sound, bytes) or not sound:
        raise refuse_field("file", "must be a file that is not empty", None)
    words = find_words(sound)
    if words is None:
        prompt = Prompt.from_text(f"sound {hashlib.blake2b(sound, digest_size=16).hexdigest()}")
        words = "".join(find_answer(prompt, settings).tokens)
    kind = read_choice(fields, "response_format", _TEXTS)
    return _answer(model, words, _Transcription(words, kind))


def _answer(model: str, text: str, form: WholeForm) -> ChatRequest:
    return ChatRequest(
        model=model,
        prompt=Prompt.from_text(text),
        max_tokens=None,
        stream=False,
        form=form,
        options=AnswerOptions(),
    )


class _Speech(WholeForm):
    content_type = "audio/wav"

    def __init__(self, text: str) -> None:
        self._text = text

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        return speak(self._text)


class _Transcription(WholeForm):
    def __init__(self, words: str, kind: str) -> None:
        self._words, self._kind = words, kind
        if kind in ("text", "srt", "vtt"):
            self.content_type = "text/plain"

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        words = self._words
        spans = {
            "srt": "1\n00:00:00,000 --> 00:00:01,000\n",
            "vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\n",
        }
        if self._kind in ("text", "srt", "vtt"):
            return f"{spans.get(self._kind, '')}{words}\n".encode("utf-8", "replace")
        tokens = len(split_tokens(words))
        body: dict[str, Any] = {"text": words}
        if self._kind == "json":
            body["usage"] = {
                "type": "tokens",
                "input_tokens": plan.prompt_tokens,
                "output_tokens": tokens,
                "total_tokens": plan.prompt_tokens + tokens,
            }
        else:
            body |= {"task": "transcribe", "language": "english", "duration": 1.0}
            body["segments"] = []
        return encode_json(body)

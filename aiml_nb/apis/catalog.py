"""The APIs by name and by path. Open this to add one."""

from __future__ import annotations

from functools import lru_cache

from . import asked, binary, columns, events, replies
from .api import Api

CHAT = Api(
    name="chat",
    path="/chat/completions",
    create="chat.completions.Completions.create",
    member="messages",
    fill=asked.messages_of,
    has_conversations=True,
    label=asked.last_message,
    complete=replies.as_it_is,
    holds="choices",
    streams=True,
    has_stream_options=True,
)
_CALLABLE = (
    CHAT,
    Api(
        name="responses",
        path="/responses",
        create="responses.Responses.create",
        member="input",
        fill=asked.input_of,
        has_conversations=True,
        label=asked.last_message,
        complete=replies.of_responses,
        has_text_format=True,
        holds="output",
        streams=True,
    ),
    Api(
        name="completions",
        path="/completions",
        create="completions.Completions.create",
        model="gpt-3.5-turbo-instruct",
        member="prompt",
        label=asked.first_input,
        complete=replies.of_completions,
        holds="choices",
        streams=True,
        has_stream_options=True,
        takes_several=True,
    ),
    Api(
        name="embeddings",
        path="/embeddings",
        create="embeddings.Embeddings.create",
        member="input",
        label=asked.first_input,
        complete=replies.of_embeddings,
        holds="data",
        missing=replies.missing_vectors,
        columns=columns.of_embeddings,
        defaults={"encoding_format": "base64"},  # a third of the bytes
        model="text-embedding-3-small",
        takes_several=True,
        output_tokens=0,
    ),
    Api(
        name="moderations",
        path="/moderations",
        create="moderations.Moderations.create",
        member="input",
        label=asked.first_input,
        complete=replies.counts,
        holds="results",
        columns=columns.of_moderations,
        model="omni-moderation-latest",
        takes_several=True,
        output_tokens=0,
    ),
    Api(
        name="images",
        path="/images/generations",
        create="images.Images.generate",
        member="prompt",
        label=lambda body: body.get("prompt"),
        complete=replies.counts,
        holds="data",
        missing=replies.missing_images,
        columns=columns.of_images,
        delta=events.of_media,
        output_tokens=1000,  # about what providers count for a picture of ordinary size
        model="gpt-image-1",
    ),
    Api(
        name="edits",
        path="/images/edits",
        create="images.Images.edit",
        member="prompt",
        label=lambda body: body.get("prompt"),
        complete=replies.counts,
        holds="data",
        missing=replies.missing_images,
        columns=columns.of_images,
        delta=events.of_media,
        spelled={"image": "images"},  # [{"image_url": "…"}]; the client's own is a form
        output_tokens=1000,
        model="gpt-image-1",
    ),
    Api(
        name="speech",
        path="/audio/speech",
        create="audio.speech.Speech.create",
        member="input",
        label=lambda body: body.get("input"),
        parse=binary.parse_sound,
        complete=replies.counts,
        holds="data",
        columns=columns.of_sounds,
        delta=events.of_media,
        output_tokens=0,
        model="gpt-4o-mini-tts",
    ),
    Api(
        name="transcription",
        path="/audio/transcriptions",
        create="audio.transcriptions.Transcriptions.create",
        member="file",
        label=asked.first_input,
        parse=binary.parse_text,
        complete=replies.of_transcription,
        holds="text",
        delta=events.of_media,
        sends_files=True,
        model="gpt-4o-transcribe",
    ),
)
# Those that are only watched.
_MESSAGES = Api(
    name="messages",
    label=asked.last_message,
    complete=replies.of_messages,
    delta=events.of_messages,
)
_GENERATE = Api(
    name="generate",
    label=asked.last_message,
    complete=replies.of_candidates,
    delta=events.of_candidates,
)
OTHER = Api(name="other", label=lambda body: "", complete=replies.counts)

# Those that runs can call, by name.
APIS = {api.name: api for api in _CALLABLE}
# How paths end. The first that fits decides.
_ENDINGS: tuple[tuple[str, Api], ...] = (
    *((api.path, api) for api in _CALLABLE),
    ("/images/variations", APIS["images"]),
    ("/audio/translations", APIS["transcription"]),
    ("/messages", _MESSAGES),
    (":generateContent", _GENERATE),
    (":streamGenerateContent", _GENERATE),
)
_NAMED = {api.name: api for _, api in _ENDINGS} | {OTHER.name: OTHER}


@lru_cache(maxsize=256)
def api_at(path: str) -> Api | None:
    """Return the API that a path belongs to, None if no model is known to answer there."""
    path = path.partition("?")[0].rstrip("/")
    return next((api for ending, api in _ENDINGS if path.endswith(ending)), None)


def path_before(path: str) -> str:
    """Return what stands in the path of a call before that which tells its API."""
    path = path.rstrip("/")
    ending = next((ending for ending, _ in _ENDINGS if path.endswith(ending)), "")
    before = path.removesuffix(ending)
    return before if ending[:1] in ("", "/") else before.rpartition("/")[0]


def api_named(name: str) -> Api:
    """Return the API with a name; `OTHER` for unknown ones."""
    return _NAMED.get(name, OTHER)

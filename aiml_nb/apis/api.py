"""The APIs by name: their addresses, what they are asked, and how their JSON is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from . import asked, binary, columns, events, replies
from .json_values import Json


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Api:
    """What is known of one API. Open this to add one.

    Parameters
    ----------
    name
        As in `records.Call.api`.
    path
        Where its requests go, after the base URL; empty for APIs that are only watched.
    create
        The method of the openai client whose parameters are the requests'; empty as `path`.
    member
        Of a request's body: what is asked.
    fill
        Makes that of the messages of a prompt.
    label
        Finds the last thing that was asked in the JSON of a request.
    parse
        Reads the bytes of a reply, given how JSON is read; JSON alone for most.
    complete
        Makes a completion (as of the chat API) of the JSON of a reply, so that text, tokens and end
        are read in one place; one without choices where a reply holds no text.
    holds
        The member that every reply has.
    missing
        Says what of a whole reply is missing, given it and the body of its request; else nothing.
    columns
        Finds what a table tells of a reply besides: ``{"dimensions": 1536}``.
    delta
        Finds in an event of a stream the text that it adds, and what it tells of the reply as a
        whole; None for streams that `replies` assembles piece by piece, and where there are none.
    streams
        Whether answers can be asked for as a stream, and whether that tells its usage only if
        ``stream_options`` ask for it.
    has_conversations
        It is asked messages, not just a text.
    has_text_format
        A ``response_format`` stands in its ``text``, and in other words.
    takes_several
        One request may hold several texts.
    sends_files
        What is asked is the path of a file, which is sent in a form.
    spelled
        Parameters of that method that stand under another name in JSON.
    defaults
        Parameters of a request that names no others, as the client has them.
    model
        What the simulator is asked for if nobody names a model; empty where the endpoint's is.
    output_tokens
        The tokens that an answer is assumed to have where nothing limits them: None for a text; 0
        where there can be none.
    """

    name: str
    path: str = ""
    create: str = ""
    member: str = ""
    fill: Callable[[Sequence[Json]], Any] = asked.content_of
    label: Callable[[Json], object]
    parse: Callable[[bytes, Callable[[bytes], Any]], Any] = binary.parse_as_json
    complete: Callable[[Any], Json | None]
    holds: str = ""
    missing: Callable[[Json, Json], str] = replies.nothing_missing
    columns: Callable[[Json], dict[str, Any]] = columns.none
    delta: Callable[[Json], tuple[str, Json]] | None = None
    streams: bool = False
    has_stream_options: bool = False
    has_conversations: bool = False
    has_text_format: bool = False
    takes_several: bool = False
    sends_files: bool = False
    spelled: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    output_tokens: int | None = None

    def choices(self, body: Json) -> object:
        """Return how many choices the body of a request asks for."""
        n = body.get("n")
        several = asked.how_many(body.get(self.member)) if self.takes_several else 1
        return several * (n if type(n) is int else 1)


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

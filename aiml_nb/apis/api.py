"""What is known of an API: its address, what it is asked, and how its JSON is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import asked, binary, columns, replies
from .json_values import Json


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Api:
    """What is known of one API; they are listed in `catalog`.

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

    @property
    def has_texts(self) -> bool:
        """Whether its answers are texts, and not vectors, pictures, sounds or verdicts."""
        return self.columns is columns.none

    def choices(self, body: Json) -> object:
        """Return how many choices the body of a request asks for."""
        n = body.get("n")
        several = asked.how_many(body.get(self.member)) if self.takes_several else 1
        return several * (n if type(n) is int else 1)

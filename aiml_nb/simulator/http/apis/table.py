"""The APIs by their paths: how the body of a request is read."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ...settings import Settings
from ..chat import ChatRequest, read_chat_request
from .audio import read_speech, read_transcription
from .completions import read_completion
from .embeddings import read_embeddings
from .images import read_edit, read_edit_form, read_generation
from .moderations import read_moderations
from .responses import read_response

AnyCall: TypeAlias = Callable[[bytes, Settings], ChatRequest]
AnyUpload: TypeAlias = Callable[[Mapping[str, Any], Settings], ChatRequest]

CALLS: Mapping[str, AnyCall] = {
    "/chat/completions": read_chat_request,
    "/audio/speech": read_speech,
    "/completions": read_completion,
    "/embeddings": read_embeddings,
    "/images/edits": read_edit,
    "/images/generations": read_generation,
    "/moderations": read_moderations,
    "/responses": read_response,
}

# Requests that are forms with files.
UPLOADS: Mapping[str, AnyUpload] = {
    "/audio/transcriptions": read_transcription,
    "/audio/translations": read_transcription,
    "/images/edits": read_edit_form,
    "/images/variations": read_edit_form,
}

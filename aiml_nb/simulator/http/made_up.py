"""Responses, voices and consents that were never made, as the openai client's own tests ask for."""

from collections.abc import Callable, Mapping
from typing import Any

from ..model.engine import simulate
from ..model.plan import Arrival
from ..settings import Settings
from .apis.responses import read_response
from .openai_format import Label

_CREATED = 1_715_367_049

_Json = dict[str, Any]
Answer = Callable[[str, Settings, bytes], Any]


def _show_response(name: str, settings: Settings, body: bytes) -> _Json:
    (plan,) = simulate([Arrival(0.0, name)], Settings(seed=settings.seed))
    form: Any = read_response(b"{}", settings).form
    whole: _Json = form.describe(plan, Label(name, _CREATED, settings.models[0]))
    return whole


def _delete_response(name: str, settings: Settings, body: bytes) -> _Json:
    return {"id": name, "object": "response", "deleted": True}


def _list_inputs(name: str, settings: Settings, body: bytes) -> _Json:
    part = {"type": "input_text", "text": "What is 2+2?"}
    item = {"id": "msg_1", "type": "message", "role": "user", "status": "completed"}
    return _page([item | {"content": [part]}])


def _count_tokens(name: str, settings: Settings, body: bytes) -> _Json:
    request = read_response(body or b"{}", settings)
    return {"object": "response.input_tokens", "input_tokens": request.prompt.tokens}


def _compact(name: str, settings: Settings, body: bytes) -> _Json:
    whole = _show_response("resp_compacted", settings, body)
    kept = {"id": whole["id"], "created_at": _CREATED, "object": "response.compaction"}
    return kept | {"output": whole["output"], "usage": whole["usage"]}


def _show_voice(name: str, settings: Settings, body: bytes) -> _Json:
    kept = {"id": name or "voice_1", "created_at": _CREATED, "name": "Simulated"}
    return kept | {"object": "audio.voice", "type": "prompt"}


def _delete_voice(name: str, settings: Settings, body: bytes) -> _Json:
    return {"id": name, "object": "audio.voice.deleted", "deleted": True}


def _show_consent(name: str, settings: Settings, body: bytes) -> _Json:
    kept = {"id": name or "cons_1", "created_at": _CREATED, "name": "Simulated"}
    return kept | {"object": "audio.voice_consent", "language": "en-US"}


def _list_consents(name: str, settings: Settings, body: bytes) -> _Json:
    return _page([_show_consent("", settings, body)])


def _delete_consent(name: str, settings: Settings, body: bytes) -> _Json:
    return {"id": name, "object": "audio.voice_consent", "deleted": True}


def _page(data: list[_Json]) -> _Json:
    first, last = data[0]["id"], data[-1]["id"]
    return {
        "object": "list", "data": data, "first_id": first, "last_id": last, "has_more": False,
    }  # fmt: skip


# By address, and then by method. The first that fits decides.
MADE_UP: Mapping[str, Mapping[str, Answer]] = {
    r"/responses/input_tokens()": {"POST": _count_tokens},
    r"/responses/compact()": {"POST": _compact},
    r"/responses/([^/]+)": {"GET": _show_response, "DELETE": _delete_response},
    r"/responses/([^/]+)/cancel": {"POST": _show_response},
    r"/responses/([^/]+)/input_items": {"GET": _list_inputs},
    r"/audio/voices()": {"POST": _show_voice},
    r"/audio/voices/([^/]+)": {"DELETE": _delete_voice},
    r"/audio/voice_consents()": {"GET": _list_consents, "POST": _show_consent},
    r"/audio/voice_consents/([^/]+)": {
        "GET": _show_consent, "POST": _show_consent, "DELETE": _delete_consent,
    },
}  # fmt: skip

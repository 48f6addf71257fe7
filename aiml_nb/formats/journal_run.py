"""Build a run from the lines of its journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..apis import shorten_texts
from ..records import CHAT, SKIPPED, Call, Run
from .codec import from_dict
from .journal import SETTINGS, VERSION, are_simulated, call_from_dict
from .journal_sections import Section, resolve, split_sections, taken_call, taken_records

_DEFAULTS: dict[str, Any] = {
    "strategy": "gather",
    "max_concurrency": 1,
    "stream": False,
    "model": "",
    "base_url": "",
    "simulated": False,
    "started_at": 0.0,
}


def run_from_journal(lines: Iterable[dict[str, Any]]) -> Run:
    """Build a run from the decoded lines of a journal: of several the last.

    A call without a line of its own is ``not_started``, or ``cancelled`` if it had been sent.
    Of several lines of one call the last one counts.

    Parameters
    ----------
    lines
        What `lines.decode` returned for each line.

    Raises
    ------
    ValueError
        If the first line is not a header, or another is malformed.
    """
    sections = split_sections(lines)
    section = sections[-1] if sections else Section()
    head, rest = section.head, section.records[1:]
    if head.get("aiml_nb_journal") != VERSION:
        raise ValueError(f'Its first line must have "aiml_nb_journal": {VERSION}.')
    settings = head.get("settings") or {}
    if not isinstance(settings, Mapping):
        raise ValueError("Its settings must be an object.")
    fields = known_settings(settings) | {"run_id": str(head.get("run_id") or "")}
    api = api_of(settings)
    whole = _whole_prompts(head.get("prompts"), sections)
    planned = read_planned(whole, known={}, api=api)
    finished: dict[str, Mapping[str, Any]] = {**taken_records(head.get("prompts"), sections)}
    calls = planned | _read_taken(finished, planned)
    for data in rest:
        name = str(data.get("custom_id"))
        if "aiml_nb_end" in data:
            fields |= read_footer(data)
        elif "aiml_nb_resumed" in data:
            new = read_planned(data.get("prompts"), known=planned, api=api)
            planned |= new
            begun = {n: call for n, call in calls.items() if call.outcome != "not_started"}
            calls |= new | begun
        elif "timing" in data:
            prompt = planned[name].prompt if name in planned else ""
            calls[name] = call_from_dict(data, prompt=prompt)
            finished[name] = data
            if name in planned:
                calls[name].parameters |= planned[name].parameters
                calls[name].row = planned[name].row
        elif "sent" in data and name in calls and calls[name].outcome == "not_started":
            calls[name].outcome = "cancelled"
    fields["simulated"] = fields["simulated"] or are_simulated(finished.values())
    fields["calls"] = sorted(calls.values(), key=lambda call: call.index)
    return from_dict(Run, fields)


def _whole_prompts(prompts: object, sections: list[Section]) -> list[Any]:
    try:
        return [resolve(each, sections) for each in _list(prompts) if isinstance(each, dict)]
    except (IndexError, KeyError, TypeError):
        raise ValueError("Its prompts are to be found in a run above that is not there.") from None


def _read_taken(
    lines: Mapping[str, Mapping[str, Any]], planned: Mapping[str, Call]
) -> dict[str, Call]:
    """Return the calls whose answers were taken from the runs above, by name."""
    calls: dict[str, Call] = {}
    for name, line in lines.items():
        own = planned[name]
        call = taken_call(line, prompt=own.prompt)
        call.index, call.custom_id = own.index, name
        call.parameters |= own.parameters
        call.row = own.row
        calls[name] = call
    return calls


def known_settings(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run in `data`, with defaults for missing ones."""
    return _DEFAULTS | {name: data[name] for name in SETTINGS if data.get(name) is not None}


def read_footer(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a run that only the last line of its journal has."""
    notices = data.get("notices")
    return {
        "loop_lag_max": data.get("loop_lag_max"),
        "loop_lag_total": data.get("loop_lag_total"),
        "limit_history": data.get("limit_history") or [],
        "stopped": data.get("stopped"),
        "loop_delays": data.get("loop_delays") or [],
        "held_time": data.get("held_time") or 0.0,
        "notices": [str(each) for each in notices] if isinstance(notices, list) else [],
    }


def api_of(settings: Mapping[str, Any]) -> str:
    """Return the API that the settings of a run name."""
    api = settings.get("api")
    return api if isinstance(api, str) else CHAT


def read_planned(prompts: object, *, known: Mapping[str, Call], api: str) -> dict[str, Call]:
    """Return the calls named in a line, added to the known ones; results files name none."""
    items = prompts if isinstance(prompts, list) else []
    items = [item for item in items if isinstance(item, dict)]
    names = {str(item.get("custom_id")): item for item in items}
    places = {name: at for at, name in enumerate({**known, **names})}
    return {
        name: planned_call(item, index=places[name], name=name, api=api)
        for name, item in names.items()
    }


def planned_call(item: Mapping[str, Any], *, index: int, name: str, api: str) -> Call:
    """Return the record of a prompt that a journal holds, not made yet."""
    return Call(
        index=index,
        custom_id=name,
        prompt=_label_of(item),
        api=api,
        parameters=own if isinstance(own := item.get("parameters"), dict) else {},
        row=row if isinstance(row := item.get("row", item.get("item")), dict) else None,
        error_type=SKIPPED if "problem" in item else None,
        error=str(item["problem"]) if "problem" in item else None,
    )


def made_call(data: Mapping[str, Any], planned: Call) -> Call:
    """Return the call in a line of a journal, with what was asked; raises as `call_from_dict`."""
    call = call_from_dict(data, prompt=planned.prompt)
    call.parameters |= planned.parameters
    call.index, call.row = planned.index, planned.row
    return call


def _label_of(item: Mapping[str, Any]) -> str:
    """Return what a call's prompt is called; an item of a function may have a label beside it."""
    if "item" in item:
        label = item.get("label", item["item"])
        return label if isinstance(label, str) else ""
    return _last_text(item)


def _last_text(item: Mapping[str, Any]) -> str:
    """Return the text of the last user message, the label of `prompts.Prompt`."""
    messages = [each for each in _list(item.get("messages")) if isinstance(each, dict)]
    users = [message for message in messages if message.get("role") == "user"]
    content = shorten_texts((users or messages or [{}])[-1].get("content"))
    if isinstance(content, str):
        return content
    texts = [part.get("text") if isinstance(part, dict) else part for part in _list(content)]
    return " ".join(text for text in texts if isinstance(text, str))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

"""Write a response as the events of a stream."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from ...model.choice import Section
from .response_format import ResponseBody

_DELTAS = {
    "content": "response.output_text",
    "refusal": "response.refusal",
    "reasoning": "response.reasoning_text",
    "audio": "response.output_text",
    "tool_call": "response.function_call_arguments",
    "function_call": "response.function_call_arguments",
    "custom_call": "response.custom_tool_call_input",
}


class ResponseWriter:
    """Writes the events of one streamed response; see `form.StreamWriter`."""

    done = b""  # the last event says so

    def __init__(self, body: ResponseBody) -> None:
        self._body = body
        self._number = itertools.count()
        self._tokens = self._write_sections()

    def write_roles(self) -> bytes:
        """Write that the response has begun."""
        head = self._body.head("in_progress")
        begun = self._write("response.created", response=head)
        return begun + self._write("response.in_progress", response=head)

    def write_tokens(self, count: int) -> bytes:
        """Write the next tokens, and what begins and ends with them."""
        return b"".join(itertools.islice(self._tokens, count))

    def write_finish(self) -> bytes:
        """Write what is left of the items, and the whole response."""
        rest = b"".join(self._tokens)
        kind = "response.incomplete" if self._body.is_cut else "response.completed"
        return rest + self._write(kind, response=self._body.whole())

    def write_usage(self) -> bytes:
        """Write nothing: the whole response has its usage."""
        return b""

    def _write_sections(self) -> Iterator[bytes]:
        """Yield as many times as there are tokens."""
        for number, section in enumerate(self._body.sections):
            tokens = section.tokens
            for place, token in enumerate(tokens):
                data = self._begin(number, section) if place == 0 else b""
                if not (section.is_call and place == 0):  # the name of a tool is in its item
                    data += self._write_delta(number, section, token)
                if place == len(tokens) - 1:
                    data += self._end(number, section)
                yield data
            if not tokens:
                yield self._begin(number, section) + self._end(number, section)

    def _begin(self, number: int, section: Section) -> bytes:
        item = self._body.item(number, section, status="in_progress", is_empty=True)
        data = self._write("response.output_item.added", output_index=number, item=item)
        if section.is_call:
            return data
        part = self._body.part(section, "")
        return data + self._write_part("response.content_part.added", number, section, part=part)

    def _write_delta(self, number: int, section: Section, token: str) -> bytes:
        more: dict[str, Any] = {"logprobs": []} if section.kind == "content" else {}
        kind = f"{_DELTAS[section.kind]}.delta"
        return self._write_part(kind, number, section, delta=token, **more)

    def _end(self, number: int, section: Section) -> bytes:
        status = "incomplete" if self._body.is_cut else "completed"
        item = self._body.item(number, section, status=status)
        member = {"refusal": "refusal", "custom_call": "input"}.get(section.kind, "text")
        if section.kind in ("tool_call", "function_call"):
            member = "arguments"
        told: dict[str, Any] = {member: section.text}
        if section.kind == "content":
            told["logprobs"] = []
        if member == "arguments":
            told["name"] = item["name"]
        data = self._write_part(f"{_DELTAS[section.kind]}.done", number, section, **told)
        if not section.is_call:
            part = self._body.part(section, section.text)
            data += self._write_part("response.content_part.done", number, section, part=part)
        return data + self._write("response.output_item.done", output_index=number, item=item)

    def _write_part(self, kind: str, number: int, section: Section, **told: Any) -> bytes:
        item = self._body.item(number, section, status="in_progress", is_empty=True)
        place = {} if section.is_call else {"content_index": 0}
        return self._write(kind, item_id=item["id"], output_index=number, **place, **told)

    def _write(self, kind: str, **told: Any) -> bytes:
        event = {"type": kind, "sequence_number": next(self._number), **told}
        data = json.dumps(event, ensure_ascii=False)
        return f"event: {kind}\ndata: {data}\n\n".encode("utf-8", "backslashreplace")

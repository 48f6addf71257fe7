"""Write a response: its items, its status and its usage."""

from collections.abc import Mapping
from typing import Any

from ...model.choice import Section
from ...model.plan import Plan
from ..openai_format import Label


class ResponseBody:
    """The parts of one response.

    Parameters
    ----------
    echoed
        The members that the request had.
    """

    def __init__(self, plan: Plan, label: Label, echoed: Mapping[str, Any]) -> None:
        self.plan, self.label, self._echoed = plan, label, echoed
        self.sections = plan.choices[0].sections if plan.choices else ()

    @property
    def is_cut(self) -> bool:
        """Whether ``max_output_tokens`` has ended it."""
        return self.plan.finish_reason == "length"

    def whole(self) -> dict[str, Any]:
        """Return the whole response."""
        status = "incomplete" if self.is_cut else "completed"
        items = [self.item(n, each, status=status) for n, each in enumerate(self.sections)]
        body = self.head(status) | {"output": items, "usage": self._count_usage()}
        if self.is_cut:
            body["incomplete_details"] = {"reason": "max_output_tokens"}
        if self.label.cost is not None:
            body["meta"] = {"usage": self.label.cost}
        return body

    def head(self, status: str) -> dict[str, Any]:
        """Return a response without output."""
        return {
            "id": self.label.id,
            "object": "response",
            "created_at": self.label.created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self.label.model,
            "output": [],
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "usage": None,
            **self._echoed,
        }

    def item(
        self, number: int, section: Section, *, status: str, is_empty: bool = False
    ) -> dict[str, Any]:
        """Return an item of the output.

        Parameters
        ----------
        is_empty
            Without its text, as a stream announces it.
        """
        name = f"{self.label.id.removeprefix('resp_')}{number}"
        text = "" if is_empty else section.text
        if section.kind == "reasoning":
            parts = [] if is_empty else [self.part(section, text)]
            return {"id": f"rs_{name}", "type": "reasoning", "summary": [], "content": parts}
        if section.is_call:
            return self._call(section, text, name, status)
        return {
            "id": f"msg_{name}",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [] if is_empty else [self.part(section, text)],
        }

    def part(self, section: Section, text: str) -> dict[str, Any]:
        """Return the only part of an item with a text."""
        if section.kind == "reasoning":
            return {"type": "reasoning_text", "text": text}
        if section.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def _call(self, section: Section, text: str, name: str, status: str) -> dict[str, Any]:
        is_custom = section.kind == "custom_call"
        return {
            "id": f"{'ctc' if is_custom else 'fc'}_{name}",
            "type": "custom_tool_call" if is_custom else "function_call",
            "status": status,
            "call_id": section.id,
            "name": section.tokens[0] if section.tokens else "",
            ("input" if is_custom else "arguments"): text,
        }

    def _count_usage(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "input_tokens": plan.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": plan.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": plan.reasoning_tokens},
            "total_tokens": plan.prompt_tokens + plan.completion_tokens,
        }

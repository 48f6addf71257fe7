"""Readers: from the text of an answer to what was asked for, or `InvalidAnswerError`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic_core import ValidationError, to_json

from ..completion import choices_of, message_of
from .find_json import find_json
from .problems import InvalidAnswerError, explain_model, explain_raised
from .response_format import UNNAMED, ResponseFormat

Redact = Callable[[Any], Any]


class Reader:
    """Reads answers as plain JSON; the base of the others.

    Attributes
    ----------
    runs_own_code
        It may call functions of the user's own, which may block.
    """

    runs_own_code = False

    def read(self, text: str, redact: Redact = lambda value: value) -> Any:
        """Return what the text of an answer holds.

        Parameters
        ----------
        redact
            Takes a key out of a JSON value: escapes may hide it from a search in the text.

        Raises
        ------
        InvalidAnswerError
            If it does not fit.
        """
        found, value = find_json(text)
        clean = redact(value)
        if clean is not value:
            found = to_json(clean).decode()
        return self._check(found, clean)

    def _check(self, text: str, value: Any) -> Any:
        if not isinstance(value, dict):
            kind = type(value).__name__
            raise InvalidAnswerError(f"the answer is JSON, and no object but of the type {kind}")
        return value


class SchemaReader(Reader):
    """Reads answers as plain JSON that a schema allows."""

    def __init__(self, schema: Any, name: str) -> None:
        from .schemas import make_validator

        self._validator = make_validator(schema)
        self._name = name

    def _check(self, text: str, value: Any) -> Any:
        from .schemas import check_value

        if self._validator is not None:
            check_value(self._validator, value, self._name)
        return value


class TypeReader(Reader):
    """Reads answers as objects of a type, with its validators."""

    def __init__(self, adapter: Any, name: str) -> None:
        self._adapter, self._name = adapter, name
        self.runs_own_code = _has_own_code(adapter.core_schema)

    def _check(self, text: str, value: Any) -> Any:
        # As JSON, not as the value: a strict type takes a date or an enum from its text only there.
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            try:
                why = explain_model(error)
            except Exception:  # noqa: BLE001  the words of the user's own exceptions
                why = "its validators refuse it"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  whatever a validator raises
            why = explain_raised(error)
        raise InvalidAnswerError(f"the answer does not fit {self._name}: {why}")


def reader_of(response_format: object) -> Reader | None:
    """Return the reader of the answers to a ``response_format``; None if any text may answer it."""
    if isinstance(response_format, ResponseFormat) and response_format.adapter is not None:
        return _reader_of_type(response_format.adapter, response_format["json_schema"]["name"])
    if not isinstance(response_format, Mapping):
        return None
    kind, schema, name = response_format.get("type"), None, "the schema"
    if kind == "json_schema":
        described = response_format.get("json_schema")
        if isinstance(described, Mapping):
            schema, given = described.get("schema"), described.get("name")
            name = f"{given!s:.64}" if given not in (None, "", UNNAMED) else name
    elif kind == "json_object":
        schema = response_format.get("schema")  # llama.cpp's extension
    else:
        return None
    try:
        return _reader_of_schema(json.dumps(schema), name) if schema else Reader()
    except (TypeError, ValueError, RecursionError):  # the server will say what is wrong with it
        return Reader()


@lru_cache(maxsize=64)
def _reader_of_type(adapter: Any, name: str) -> TypeReader:
    return TypeReader(adapter, name)


@lru_cache(maxsize=64)
def _reader_of_schema(text: str, name: str) -> SchemaReader:
    return SchemaReader(json.loads(text), name)


def text_to_read(text: str, body: object) -> str | None:
    """Return the text of an answer that is to be read; None if it calls tools instead.

    Parameters
    ----------
    text
        The text of the first choice.
    body
        The whole completion.
    """
    if text:
        return text
    choices = choices_of(body)
    message = message_of(choices[0]) if choices else {}
    return None if message.get("tool_calls") or message.get("function_call") else text


def _has_own_code(schema: Any, seen: set[int] | None = None) -> bool:
    """Say whether a core schema of pydantic calls functions: validators, `__post_init__` and such.

    Some of pydantic's own types do, too: to take them for the user's costs a thread, no more.
    """
    seen = set() if seen is None else seen
    if id(schema) in seen:
        return False
    seen.add(id(schema))
    if isinstance(schema, Mapping):
        kind = schema.get("type")
        if isinstance(kind, str) and kind.startswith("function-"):
            return True
        if any(schema.get(name) for name in ("post_init", "custom_init", "default_factory")):
            return True
        return any(_has_own_code(each, seen) for name, each in schema.items() if name != "metadata")
    return isinstance(schema, list | tuple) and any(_has_own_code(each, seen) for each in schema)

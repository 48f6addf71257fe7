"""JSON schemas: checked with `jsonschema`, for pydantic checks types and no schemas.

A schema comes from a dictionary, or from a journal without the class that it was made of. What
`jsonschema` itself cannot check (a pattern that Python does not know, a reference that leads out of
the schema) does not make an answer invalid, and nothing is fetched.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from ..loop import import_in_thread
from .problems import InvalidAnswerError, explain_schema

_MAX_PROBLEMS = 20  # a list of a million wrong items has no need of a million sentences


def check_schema(schema: Any) -> None:
    """Raise ValueError if something is not a JSON schema."""
    import_in_thread("jsonschema")
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        raise ValueError(explain_schema([error]) + ".") from None


def make_validator(schema: Any) -> Any:
    """Return the validator of a schema; None if it is none."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing import Registry

    try:
        check_schema(schema)
    except (ValueError, RecursionError):
        return None
    # The registry is empty: the default one would fetch what a reference names.
    return validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())


def check_value(validator: Any, value: Any, name: str) -> None:
    """Raise InvalidAnswerError if the schema does not allow a value."""
    try:
        found = list(islice(validator.iter_errors(value), _MAX_PROBLEMS))
    except Exception:  # noqa: BLE001  the schema cannot be checked, see above
        return
    if found:
        found.sort(key=lambda each: len(each.absolute_path))
        raise InvalidAnswerError(f"the answer does not fit {name}: {explain_schema(found)}")

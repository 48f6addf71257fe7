"""``--schema``: what answers are to be, from a schema in a file or a class of the user's own."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ..endpoint.function_failures import words_of
from ..typed import as_response_format

_CLASS = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")
_EXAMPLES = (
    "a file with a JSON schema, --schema review.json, or a class in a module of this folder, "
    "--schema reviews:Review for the class Review in reviews.py"
)


def add_schema_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--schema`` and ``--retry-invalid``."""
    group = parser.add_argument_group("typed answers", "each field is a column of the results")
    group.add_argument(
        "--schema",
        metavar="FILE|MODULE:CLASS",
        help="what every answer is to be: a JSON schema (review.json), or a pydantic model or "
        "dataclass in a module of this folder (reviews:Review)",
    )
    group.add_argument(
        "--retry-invalid",
        type=int,
        metavar="N",
        help="ask again so often for an answer that does not fit the schema (0)",
    )


def read_schema(given: str) -> Any:
    """Return the ``response_format`` that ``--schema`` names; a module is imported for it.

    Raises
    ------
    ValueError
        If the file cannot be read or the module not be imported, or there is no such thing in it.
    """
    path = Path(given)
    found = _CLASS.fullmatch(given)
    if found and not path.exists():
        schema = _import_class(given, *found.groups())
    elif path.suffix.lower() == ".json" or path.exists():
        schema = _read_file(path)
    else:
        raise ValueError(f"--schema is {given!r}, and there is no such file. Name {_EXAMPLES}.")
    try:
        return as_response_format(schema)
    except (TypeError, ValueError) as error:
        raise ValueError(f"--schema {given}: {error}") from None


def _read_file(path: Path) -> Any:
    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(
            f"The schema file '{path}' cannot be read: {error.strerror}. Name {_EXAMPLES}."
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise ValueError(f"The schema file '{path}' is not JSON in UTF-8. Save it so.") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"The schema file '{path}' is not JSON: {error.msg} in line {error.lineno}, column "
            f"{error.colno}. Write one such as "
            '{"type": "object", "properties": {"score": {"type": "integer"}}}.'
        ) from None
    if isinstance(schema, dict):
        return schema
    raise ValueError(
        f"The schema file '{path}' holds {type(schema).__name__} in the place of an object. Write "
        'one such as {"type": "object", "properties": {"score": {"type": "integer"}}}.'
    )


def _import_class(given: str, module: str, name: str) -> Any:
    with _this_folder_first():
        try:
            found: Any = import_module(module)
        except ModuleNotFoundError as error:
            if error.name is not None and (module + ".").startswith(error.name + "."):
                raise ValueError(
                    f"--schema {given}: there is no module {module!r} in this folder. Name "
                    f"{_EXAMPLES}."
                ) from None
            raise _refuse_import(given, module, error) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  whatever the user's module does
            raise _refuse_import(given, module, error) from None
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise ValueError(
            f"--schema {given}: the module {module!r} has no {name!r}. Name a class that it has."
        )
    return found


def _refuse_import(given: str, module: str, error: BaseException) -> ValueError:
    return ValueError(
        f"--schema {given}: the module {module!r} cannot be imported ({words_of(error):.200}). "
        f"Type  python -c 'import {module}'  to see where."
    )


@contextmanager
def _this_folder_first() -> Iterator[None]:
    folder = os.getcwd()
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)

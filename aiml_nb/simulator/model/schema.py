"""Generate a small value that a JSON schema allows, the same for the same draws."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .schema_merge import SchemaError, merge_schemas
from .schema_types import find_type, goes_on, is_null
from .schema_values import make_formatted_text, make_number, make_word

Draw: TypeAlias = Callable[[str], int]
"""Draws an integer for a path in the value, always the same for the same path."""

# The largest schema, in characters.
_MAX_SCHEMA = 100_000

# Bounds of the value: its parts, the characters of its texts, its nesting.
_MAX_PARTS = 2000
_MAX_TEXT = 20_000
_MAX_DEPTH = 40

# Optional properties are generated down to the first of these depths. If the value becomes too
# large, or one of them is not supported, the next one is tried.
_OPTIONAL_DEPTHS = (4, 1, 0)

_UNSUPPORTED = (
    "not", "if", "contains", "dependentSchemas", "dependentRequired", "dependencies",
    "propertyNames", "$dynamicRef", "$recursiveRef",
)  # fmt: skip


class Schema:
    """A JSON schema for which a value can be generated.

    Raises
    ------
    SchemaError
        If no value, or only a large one, can be generated, or a keyword is not supported.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        if len(json.dumps(root)) > _MAX_SCHEMA:
            raise SchemaError(f"it is longer than {_MAX_SCHEMA} characters")
        # Tried once at the start, so that an impossible schema is refused before the call begins.
        for self._depth in _OPTIONAL_DEPTHS:
            try:
                self._make(_draw_zero)
            except SchemaError:
                if self._depth == _OPTIONAL_DEPTHS[-1]:
                    raise
            else:
                return

    def make(
        self, draw: Draw, *, turn: int = 0, subject: str | None = None, answer: str | None = None
    ) -> Any:
        """Make a value.

        Parameters
        ----------
        turn
            Values differ between turns, if the schema allows that.
        subject
            The first text of the value, if the schema allows any text there.
        answer
            The text of a property ``answer``, if the schema allows any text there.
        """
        try:
            return self._make(draw, turn, subject, answer)
        except SchemaError:
            # One draw in a thousand may fail by rounding; the zero draw worked in `__init__`.
            return self._make(_draw_zero)

    def _make(self, draw: Draw, turn: int = 0, *given: str | None) -> Any:
        try:
            return _ValueMaker(self._root, draw, self._depth, *given).make(self._root, "", turn)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            if isinstance(error, SchemaError):
                raise
            raise SchemaError("it is not a JSON schema") from error


def _draw_zero(_: str) -> int:
    return 0


class _ValueMaker:
    """Generates one value; `path` is the JSON pointer of a part."""

    def __init__(
        self,
        root: Any,
        draw: Draw,
        optional_depth: int,
        subject: str | None = None,
        answer: str | None = None,
    ) -> None:
        self._root = root
        self._draw = draw
        self._optional_depth = optional_depth
        self._subject = subject
        self._answer = answer
        self._parts = _MAX_PARTS
        self._text = _MAX_TEXT

    def make(self, schema: Any, path: str, turn: int) -> Any:
        if path.count("/") > _MAX_DEPTH:
            raise SchemaError("it has no end")
        schema = self._resolve(schema, is_deep=path.count("/") >= self._optional_depth)
        number = self._draw(path) + turn
        if "const" in schema or "enum" in schema:
            return self._choose(schema, number)
        kind = find_type(schema)
        if kind == "object":
            return self._make_object(schema, path, turn)
        if kind == "array":
            return self._make_array(schema, path, turn)
        if kind == "string":
            return self._make_text(schema, path, number)
        if kind in ("integer", "number"):
            return make_number(schema, kind, number)
        return None if kind == "null" else bool(number % 2)

    def _resolve(self, schema: Any, *, is_deep: bool) -> Mapping[str, Any]:
        """Resolve references and alternatives until the schema has none.

        Where the value is deep already, an alternative is taken that ends it, if there is one:
        else no value of a recursive schema would have an end.
        """
        for _ in range(_MAX_DEPTH):
            self._use(parts=1)
            rest = merge_schemas(schema, True)
            for name in _UNSUPPORTED:
                if name in rest:
                    raise SchemaError(f"the simulator does not understand {name!r}")
            if "$ref" in rest:
                schema = merge_schemas(self._find(rest.pop("$ref")), rest)
            elif "anyOf" in rest or "oneOf" in rest:
                options = rest.pop("anyOf" if "anyOf" in rest else "oneOf")
                options = sorted(options or [False], key=goes_on if is_deep else is_null)
                schema = merge_schemas(rest, options[0])
            elif "allOf" in rest:
                parts, schema = rest.pop("allOf"), rest
                for part in parts:
                    schema = merge_schemas(schema, part)
            else:
                return rest
        raise SchemaError("its references have no end")

    def _find(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise SchemaError(f"{reference!r:.80} leads out of it")
        found = self._root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name) if isinstance(found, list) else name]
            except (LookupError, TypeError, ValueError):
                raise SchemaError(f"{reference!r:.80} leads nowhere") from None
        return found

    def _choose(self, schema: Mapping[str, Any], number: int) -> Any:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        if not values:
            raise SchemaError("an enum in it is empty")
        self._use(parts=len(values) // 100, text=max(len(json.dumps(each)) for each in values))
        return values[number % len(values)]

    def _make_object(self, schema: Mapping[str, Any], path: str, turn: int) -> dict[str, Any]:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        others = schema.get("additionalProperties", True)
        wanted = list(dict.fromkeys([*properties, *required]))
        self._use(parts=len(wanted) // 10)
        most = schema.get("maxProperties", len(wanted))
        if path.count("/") >= self._optional_depth or len(wanted) > most:
            needed = set(required)
            wanted = [name for name in wanted if name in needed]
        if not schema.get("minProperties", 0) <= len(wanted) <= most:
            raise SchemaError("an object in it has more or fewer properties than it may have")
        made = {}
        for name in wanted:
            place = f"{path}/{name.replace('/', '~1')}"
            made[name] = self.make(properties.get(name, others), place, turn)
        return made

    def _make_array(self, schema: Mapping[str, Any], path: str, turn: int) -> list[Any]:
        first, items = schema.get("prefixItems", []), schema.get("items", True)
        if isinstance(items, list):  # drafts before 2020-12 have no prefixItems
            first, items = items, schema.get("additionalItems", True)
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", _MAX_PARTS))
        if path.count("/") >= self._optional_depth:
            wanted = least
        else:
            wanted = max(least, min(most, len(first) if items is False else max(2, len(first))))
        if not least <= wanted <= min(most, _MAX_PARTS):
            raise SchemaError("an array in it has more or fewer items than it may have")
        schemas = [*first, *[items] * wanted][:wanted]
        # Unique items are drawn at the same path with different turns, so that they differ.
        unique = bool(schema.get("uniqueItems"))
        made = [
            self.make(each, f"{path}/{0 if unique else at}", turn + at)
            for at, each in enumerate(schemas)
        ]
        if unique and len({json.dumps(each, sort_keys=True) for each in made}) < len(made):
            raise SchemaError("the items of an array in it cannot all differ")
        return made

    def _make_text(self, schema: Mapping[str, Any], path: str, number: int) -> str:
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", _MAX_TEXT))
        self._use(text=max(least, 64))
        formatted = make_formatted_text(schema, number, least, most)
        if formatted is not None:
            self._use(text=len(formatted))
            return formatted
        if path.endswith("/answer"):
            given = self._answer
        else:
            given, self._subject = self._subject, None
        if given and least <= len(given) <= most:
            return given
        if least > most:
            raise SchemaError("a text in it is at least longer than it is at most")
        return make_word(number, least, most)

    def _use(self, *, parts: int = 0, text: int = 0) -> None:
        self._parts -= parts
        self._text -= text
        if self._parts < 0 or self._text < 0:
            raise SchemaError("what it asks for is too large")

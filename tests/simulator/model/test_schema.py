from __future__ import annotations

import hashlib
import json

import jsonschema
import pytest

from aiml_nb.simulator.model.patterns import PatternError, make_match
from aiml_nb.simulator.model.schema import Schema, SchemaError

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
    },
    "required": ["value", "next"],
}
GOOD = {
    "anything": {},
    "true": True,
    "types": {"type": ["null", "integer"]},
    "null": {"type": "null"},
    "tool": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 7},
            "exact": {"type": "boolean"},
        },
        "required": ["city", "unit", "days", "exact"],
        "additionalProperties": False,
    },
    "inferred": {"properties": {"a": {"items": {"minimum": 3}}}, "required": ["a"]},
    "required but not described": {"required": ["x"], "additionalProperties": {"type": "integer"}},
    "at most one property": {
        "properties": {"a": {}, "b": {}},
        "required": ["a"],
        "maxProperties": 1,
    },
    "list": {"type": "array", "items": {"type": "string"}, "minItems": 7},
    "no list": {"type": "array", "maxItems": 0},
    "unique numbers": {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 9,
        "uniqueItems": True,
    },
    "unique choices": {"items": {"enum": ["x", "y", "z"]}, "minItems": 3, "uniqueItems": True},
    "unique truths": {"items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
    "tuple": {"prefixItems": [{"type": "string"}, {"type": "number"}], "items": False},
    "tuple and more": {
        "prefixItems": [{"type": "string"}],
        "minItems": 3,
        "items": {"type": "null"},
    },
    "open recursion": {
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["children"],
    },
    "many branches": {"properties": {f"p{n}": {"$ref": "#"} for n in range(30)}},
    "definitions": {
        "definitions": {"p": {"type": "integer"}},
        "properties": {"x": {"$ref": "#/definitions/p", "description": "d"}},
        "required": ["x"],
    },
    "slashes": {
        "$defs": {"a/b~": {"type": "integer"}},
        "properties": {"a/b/c": {"$ref": "#/$defs/a~1b~0"}},
        "required": ["a/b/c"],
    },
    "any of": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 3}]},
    "one of": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    "all of": {
        "allOf": [
            {"properties": {"a": {"type": "number", "minimum": 3}}, "required": ["a"]},
            {
                "properties": {"a": {"type": "integer", "maximum": 4}, "b": {"const": 7}},
                "required": ["b"],
            },
        ]
    },
    "all of any of": {"allOf": [{"anyOf": [{"type": "string"}]}, {"anyOf": [{"minLength": 3}]}]},
    "enums": {"enum": [1, 2, 3], "allOf": [{"enum": [2, 3]}, {"enum": [3, 4]}]},
    "const": {"const": {"a": [1, None]}},
    "multiples": {"type": "integer", "multipleOf": 7, "minimum": 50},
    "half multiples": {"type": "integer", "multipleOf": 1.5, "exclusiveMinimum": 3, "maximum": 9},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 1},
    "narrow": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-7},
    "wide": {"type": "number", "minimum": -1e308, "maximum": 1e308},
    "one number": {"type": "number", "minimum": 5, "maximum": 5},
    "below": {"type": "integer", "exclusiveMaximum": -3},
    "long": {"type": "string", "minLength": 100},
    "short": {"type": "string", "maxLength": 1},
    "empty": {"type": "string", "maxLength": 0},
    "number plate": {"type": "string", "pattern": r"^[A-Z]{2}-\d{4}$"},
    "long pattern": {"type": "string", "pattern": r"^(foo|bar)+\.[a-z]{1,3}$", "minLength": 20},
    "exact pattern": {"type": "string", "pattern": "^[a-z]+$", "minLength": 5, "maxLength": 6},
    "excluding pattern": {"type": "string", "pattern": '^[^"\\\\]*$', "minLength": 3},
    "address": {"type": "string", "pattern": r"[\w.-]+@[\w-]+\.\w{2,}"},
    "colour": {"type": "string", "pattern": "^#(?:[0-9a-fA-F]{3}){1,2}$"},
    "formats": {
        "properties": {
            name: {"type": "string", "format": name}
            for name in ("date-time", "date", "time", "email", "uuid", "ipv4", "ipv6", "hostname")
        }
    },
    "what is not understood need not be there": {
        "properties": {"a": {"not": {}}, "b": {"type": "integer"}},
        "required": ["b"],
    },
    "list of nodes": {"$defs": {"node": {**NODE, "required": ["value"]}}, "$ref": "#/$defs/node"},
}


def draw_from(seed):
    """Draw as the simulator does: from a seed and a place."""
    return lambda path: int.from_bytes(
        hashlib.blake2b(f"{seed}{path}".encode(), digest_size=4).digest()
    )


@pytest.mark.parametrize("name", GOOD)
def test_what_is_made_is_valid_whatever_is_drawn(name):
    """As another library judges it."""
    schema, maker = GOOD[name], Schema(GOOD[name])
    kind = jsonschema.validators.validator_for(
        schema if isinstance(schema, dict) else {}, default=jsonschema.Draft202012Validator
    )
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)

    for seed in range(40):
        for turn in range(3):
            draw = draw_from(seed)
            value = maker.make(draw, turn=turn, subject="Paris", answer="It is 4.")

            assert [error.message for error in validator.iter_errors(value)] == []
            assert value == maker.make(draw, turn=turn, subject="Paris", answer="It is 4.")
            assert len(json.dumps(value)) < 50_000


def test_draws_and_turns_change_what_is_made():
    maker = Schema(GOOD["tool"])

    values = [maker.make(draw_from(seed), turn=turn) for seed in range(3) for turn in range(3)]

    assert len({json.dumps(value) for value in values}) == 9


def test_the_first_text_is_the_subject_and_the_answer_has_its_place():
    schema = {
        "properties": {name: {"type": "string"} for name in ("answer", "city", "note")},
        "required": ["answer", "city", "note"],
    }

    value = Schema(schema).make(draw_from(0), subject="Paris", answer="It is 4.")

    assert (value["answer"], value["city"]) == ("It is 4.", "Paris")
    assert value["note"] not in ("It is 4.", "Paris")


WIDE = {"properties": {f"a{n}": {"$ref": "#"} for n in range(3000)}}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (False, "allows nothing"),
        (3, "allows nothing"),
        (None, "allows nothing"),
        ({"type": "objet"}, "'objet' is not a type"),
        ({"type": 7}, "not a JSON schema"),
        ({"properties": 7}, "not a JSON schema"),
        ({"type": "object", "required": [{}]}, "not a JSON schema"),
        ({"type": "number", "minimum": "x"}, "not a JSON schema"),
        ({"type": "number", "minimum": float("nan")}, "not a JSON schema"),
        ({"not": {}}, "does not understand 'not'"),
        ({"$ref": "#"}, "no end"),
        ({"$ref": "#/x"}, "leads nowhere"),
        ({"$ref": "http://x/y"}, "leads out of it"),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "no end"),
        ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, "no end|hold together"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "both string and integer"),
        ({"enum": []}, "empty"),
        ({"anyOf": []}, "allows nothing"),
        ({"type": "array", "minItems": 10**9}, "more or fewer items"),
        ({"items": False, "minItems": 1}, "allows nothing"),
        ({"items": {"type": "boolean"}, "minItems": 3, "uniqueItems": True}, "cannot all differ"),
        ({"type": "object", "minProperties": 3}, "more or fewer properties"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "allows nothing"),
        ({"type": "string", "minLength": 10**9}, "too large"),
        ({"type": "string", "minLength": 5, "maxLength": 3}, "longer"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "between its bounds"),
        ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 4}, "between its bounds"),
        ({"type": "number", "multipleOf": 0}, "above 0"),
        ({"type": "string", "pattern": "(?=x)"}, "look-around"),
        ({"minItems": 60, "items": {"minItems": 60, "items": {"type": "null"}}}, "too large"),
        (WIDE | {"required": list(WIDE["properties"])}, "too large"),
        ({"title": "x" * 100_001}, "longer than 100000"),
    ],
)  # fmt: skip
def test_what_cannot_be_met_is_refused_with_the_reason(schema, reason):
    with pytest.raises(SchemaError, match=reason):
        Schema(schema)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        ("abc", "abc"),
        ("a|b", "a"),
        ("^$", ""),
        ("a?b*c+", "abc"),
        ("a{2}b{2,}c{1,3}", "aabbc"),
        ("a{,3}", "a{,3}"),
        (r"\.\\\t\x41\u00e9", ".\\\tAé"),
        ("(?:ab){2}(?<name>c)", "ababc"),
        ("[a-c]", "a"),
        ("[^a-z]", "0"),
        (r"[\]\-]", "]"),
        ("[]", None),
        ("a)", None),
        ("(a", None),
        ("[a", None),
        ("*", None),
        ("a^b", None),
        (r"(a)\1", None),
        (r"\bword", None),
        ("(?!a)b", None),
        ("(((a{1000}){1000}){1000})", None),
        ("(" * 500, None),
        ("a" * 2000, None),
    ],
)
def test_a_match_of_a_pattern_or_none(pattern, text):
    if text is None:
        with pytest.raises(PatternError):
            make_match(pattern, 0)
    else:
        assert make_match(pattern, 0) == text

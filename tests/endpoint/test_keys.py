"""A key is checked before use and shown nowhere."""

from __future__ import annotations

import pickle

import pytest

from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.errors import EndpointError

CANARY = "canary-0123456789abcdef"


@pytest.mark.parametrize("around", ["{}\n", "  {}", "\t{} \r\n"])
def test_white_space_around_a_pasted_key_is_dropped(around: str) -> None:
    key = ApiKey(around.format(CANARY), source="AIML_API_KEY")
    key.check()

    assert key.reveal() == CANARY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        (f"Bearer {CANARY}", "'Bearer'"),
        (f"{CANARY}\nrest", "line break"),
        (f"{CANARY} rest", "space"),
        (f"{CANARY}é", "no key has"),
        (f"{CANARY}\x07", "no key has"),
    ],
)
def test_a_wrong_key_is_refused_with_its_length_and_without_its_text(text: str, said: str) -> None:
    key = ApiKey(text, source="AIML_API_KEY")

    with pytest.raises(EndpointError, match=said) as caught:
        key.check()

    assert CANARY not in str(caught.value)
    assert f"({len(text.strip())} characters)" in str(caught.value)
    assert "AIML_API_KEY" in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_display_shows_the_key() -> None:
    key = ApiKey(CANARY, source="api_key=")

    shown = [repr(key), str(key), f"{key}", repr([key]), repr(key.reveal)]

    assert not any(CANARY in text for text in shown)
    with pytest.raises(TypeError):
        vars(key)


def test_a_key_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="not written to disk"):
        pickle.dumps(ApiKey(CANARY, source="api_key="))


def test_a_server_that_echoes_the_key_is_redacted() -> None:
    key = ApiKey(CANARY, source="api_key=")

    assert key.redact(f"Incorrect API key: {CANARY}.") == "Incorrect API key: [key]."

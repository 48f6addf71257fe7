"""What came from outside reaches a terminal as text that moves, turns and hides nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aiml_nb as nb

from .raw_server import raw_server

KEY = "canary-0123456789abcdef"
HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202egnorw\u2066 \u200b"
PLAIN = "".join(each for each in HOSTILE if each.isascii() and each.isprintable())


def refusal(words: str) -> bytes:
    body = json.dumps({"error": {"message": words}}, ensure_ascii=False).encode()
    return b"HTTP/1.1 404 No\r\nconnection: close\r\n\r\n" + body


def is_clean(text: str) -> bool:
    return all(each.isprintable() or each == "\n" for each in text)


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
def test_an_error_that_is_raised(strategy: str) -> None:
    with raw_server(refusal(f"no model {HOSTILE} {chr(0x200B).join(KEY)}")) as server:
        endpoint = nb.connect(
            base_url=server.base_url, api_key=KEY, model=f"m{HOSTILE}", verbose=False
        )
        endpoint.known.models.add("\u200b".join(f"m{KEY}"))
        with pytest.raises(nb.EndpointError) as caught:
            nb.run(["Who?"], endpoint, strategy=strategy)

    said = str(caught.value)
    assert is_clean(said)
    assert "[2J" in said
    assert said.count("[key]") == 2
    assert KEY not in said


def test_what_a_run_that_goes_on_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    prompts = [
        {"custom_id": f"{HOSTILE}{n}", "messages": [{"role": "user", "content": "Who?"}]}
        for n in range(2)
    ]
    with raw_server(refusal("no")) as server:
        endpoint = nb.connect(base_url=server.base_url, api_key=KEY, model="m", verbose=False)
        path = Path(f"j{HOSTILE.replace('/', '')}.jsonl")
        run = nb.run(prompts[:1], endpoint, journal=path, max_attempts=1)
        nb.resume(path, endpoint, prompts=prompts, max_attempts=1)
        with pytest.raises(nb.JournalError) as caught:
            nb.resume(path, endpoint, prompts=["another"])

    assert run.calls[0].outcome == "error"
    said = capsys.readouterr()
    assert "Resumed" in said.out
    assert is_clean(said.out + said.err + str(caught.value) + repr(run.calls))


def test_a_file_whose_name_is_hostile(tmp_path: Path) -> None:
    path = tmp_path / f"p{HOSTILE}.txt"
    path.write_text("")

    for wrong in (path, tmp_path / f"none{HOSTILE}.txt"):
        with pytest.raises(ValueError, match="prompts file") as caught:
            nb.prompts.read_prompts(wrong)

        assert is_clean(str(caught.value))

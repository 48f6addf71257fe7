"""Clients that others wrote read the simulator as they read the real thing: a call and a stream."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from ...kernels.environments import Environment, python_of
from ...rows import exhaustive
from ..caller import SHORT, write_body
from .test_foreground import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LANGCHAIN = f"""
import sys
from langchain_openai import ChatOpenAI
model = ChatOpenAI(base_url=sys.argv[1], api_key="any", model="gpt-4o", max_retries=0)
print(model.invoke({SHORT!r}).content)
print("".join(chunk.content for chunk in model.stream({SHORT!r})))
"""
LITELLM = f"""
import sys, litellm
ask = dict(model="openai/gpt-4o", messages=[dict(role="user", content={SHORT!r})],
           api_base=sys.argv[1], api_key="any", num_retries=0)
print(litellm.completion(**ask).choices[0].message.content)
chunks = litellm.completion(stream=True, **ask)
print("".join(chunk.choices[0].delta.content or "" for chunk in chunks))
"""
CLIENTS = {
    "langchain": (LANGCHAIN, Environment("langchain", ("langchain-openai",))),
    "litellm": (LITELLM, Environment("litellm", ("litellm[proxy]",))),
}


@pytest.mark.parametrize(
    ("client", "profile"),
    [
        ("langchain", "openai"),
        ("litellm", "aimlapi"),
        exhaustive("langchain", "aimlapi"),
        exhaustive("litellm", "openai"),
    ],
)
def test_a_library_completes_and_streams(client, profile, tmp_path):
    program, environment = CLIENTS[client]
    with served(name="faq" if profile == "openai" else profile) as (_, base_url):
        done = subprocess.run(
            [python_of(environment), "-c", program, base_url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-2:] == ["2 + 2 = 4."] * 2


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("stream", [False, True])
def test_curl_completes_and_streams(stream):
    with served() as (_, base_url):
        done = subprocess.run(
            [
                *("curl", "--silent", "--no-buffer", "--fail", f"{base_url}/chat/completions"),
                *("--header", "Content-Type: application/json"),
                *("--data", json.dumps(write_body(SHORT, stream=stream))),
            ],
            capture_output=True,
            text=True,
            check=True,
        )

    if stream:
        assert done.stdout.endswith("data: [DONE]\n\n")
        events = [json.loads(line[6:]) for line in done.stdout.splitlines()[:-2] if line]
        text = "".join(event["choices"][0]["delta"].get("content", "") for event in events)
    else:
        text = json.loads(done.stdout)["choices"][0]["message"]["content"]
    assert text == "2 + 2 = 4."

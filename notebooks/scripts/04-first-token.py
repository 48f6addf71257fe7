"""Lesson 4 as a script: a stream, two streams at once, and whether it is faster."""

import asyncio
from time import perf_counter

import aiml_nb as nb


def time_to_first_token(stream, begin):
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
            return perf_counter() - begin
    return None


def print_rest(stream):
    for chunk in stream:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
    print("\n")


def ask_streaming(endpoint, question):
    with endpoint.open() as client:
        begin = perf_counter()
        stream = client.chat.completions.create(
            model=endpoint.model, messages=[{"role": "user", "content": question}], stream=True
        )
        first = time_to_first_token(stream, begin)
        print_rest(stream)
    print(f"First token after {first:.2f} s, the last after {perf_counter() - begin:.2f} s.")


async def read_beginning(client, model, question, enough):
    text, messages = "", [{"role": "user", "content": question}]
    stream = await client.chat.completions.create(model=model, messages=messages, stream=True)
    async with stream:
        async for chunk in stream:
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            if len(text) >= enough:
                break
    return text


async def read_two(endpoint):
    async with endpoint.open_async() as client:
        ways = (read_beginning(client, endpoint.model, each, 60) for each in nb.prompts.FAQ)
        print(*await asyncio.gather(*ways), sep=" …\n")


if __name__ == "__main__":
    endpoint = nb.connect(simulate=True, scenario="faq", seed=0, speed=3)
    ask_streaming(endpoint, nb.prompts.FAQ[0])
    asyncio.run(read_two(endpoint))
    for stream in (False, True):
        fresh = nb.connect(simulate=True, scenario="faq", seed=0, speed=5, verbose=False)
        run = nb.run(nb.prompts.FAQ, fresh, stream=stream, progress=False)
        print(f"both questions, stream={stream!s:5} {run.makespan:.2f} s")

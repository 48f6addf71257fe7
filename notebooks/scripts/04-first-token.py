"""Lesson 4 as a script: why does streaming feel faster?"""

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


if __name__ == "__main__":
    endpoint = nb.connect(simulate=True, scenario="faq", seed=0, speed=3)
    ask_streaming(endpoint, nb.prompts.FAQ[0])
    for stream in (False, True):
        fresh = nb.connect(simulate=True, scenario="faq", seed=0, speed=5, verbose=False)
        run = nb.run(nb.prompts.FAQ, fresh, stream=stream, progress=False)
        print(f"both questions, stream={stream!s:5} {run.makespan:.2f} s")

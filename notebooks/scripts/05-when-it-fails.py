"""Lesson 5 as a script: what if some calls fail?"""

import asyncio

import openai

import aiml_nb as nb

PASSES = {429, 500, 502, 503, 504}


async def ask_again(ask, question):
    for attempt in (1, 2, 3):
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            print(f"    attempt {attempt}: status {error.status_code}  {question}")
            if error.status_code not in PASSES or attempt == 3:
                raise
        await asyncio.sleep(0.05)


async def ask_safely(ask, question):
    answer, error = None, None
    try:
        answer = await ask_again(ask, question)
    except Exception as reason:
        error = reason
    return {"question": question, "answer": answer, "error": error}


async def ask_all(scenario):
    endpoint = nb.connect(simulate=True, scenario=scenario, seed=0, speed=10, verbose=False)
    async with endpoint.open_async() as client:

        async def ask(question):
            reply = await client.chat.completions.create(
                model=endpoint.model, messages=[{"role": "user", "content": question}]
            )
            return reply.choices[0].message.content

        return await asyncio.gather(*(ask_safely(ask, q) for q in nb.prompts.TWENTY[:6]))


async def stop_after_five(endpoint):
    handle = nb.start(nb.prompts.TWENTY, endpoint, max_concurrency=4)
    while handle.progress[0] < 5:
        await asyncio.sleep(0.01)
    handle.cancel()
    return handle.partial


if __name__ == "__main__":
    for scenario in ("one-fails", "hiccups"):
        print(f"{scenario} (simulated):")
        records = asyncio.run(ask_all(scenario))
        print(f"    {sum(record['error'] is None for record in records)} of 6 answered")
    print(asyncio.run(stop_after_five(nb.connect(simulate=True, seed=0, speed=10))))

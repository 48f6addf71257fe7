"""Lesson 1 as a script: which answer comes first, one after another and at the same time?"""

import asyncio

import aiml_nb as nb

endpoint = nb.connect(simulate=True, scenario="faq", seed=0, speed=10)


def ask(client, question):
    reply = client.chat.completions.create(
        model=endpoint.model, messages=[{"role": "user", "content": question}]
    )
    print("   ", question, "->", reply.choices[0].message.content[:40], "…")


async def ask_async(client, question):
    reply = await client.chat.completions.create(
        model=endpoint.model, messages=[{"role": "user", "content": question}]
    )
    print("   ", question, "->", reply.choices[0].message.content[:40], "…")


async def ask_both_at_once():
    async with endpoint.open_async() as client:
        await asyncio.gather(*(ask_async(client, question) for question in nb.prompts.FAQ))


if __name__ == "__main__":
    print("One after another:")
    with endpoint.open() as client:
        for question in nb.prompts.FAQ:
            ask(client, question)
    print("At the same time:")
    asyncio.run(ask_both_at_once())
    print(nb.compare(nb.prompts.TWENTY, endpoint, progress=False).finding)

"""Lesson 3 as a script: how many calls at once, and why not all of them?"""

import asyncio

import aiml_nb as nb


def connect_to(scenario):
    return nb.connect(simulate=True, scenario=scenario, speed=10, seed=0, verbose=False)


async def ask_all(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def ask_in_slot(question):
        async with slots:
            return await ask(question)

    return await asyncio.gather(*(ask_in_slot(question) for question in questions))


async def ask_twenty(limit):
    endpoint = connect_to("tight")
    async with endpoint.open_async() as client:

        async def ask(question):
            reply = await client.chat.completions.create(
                model=endpoint.model, messages=[{"role": "user", "content": question}]
            )
            return reply.choices[0].message.content

        return await ask_all(ask, nb.prompts.TWENTY, limit)


def tell(what, run):
    attempts = sum(len(call.attempts) for call in run.calls)
    print(f"{what:34} {run.makespan:5.2f} s, {attempts} attempts")


if __name__ == "__main__":
    print(f"{len(asyncio.run(ask_twenty(5)))} answers, all simulated, five at a time")
    for limit in (1, 5, 20):
        run = nb.run(nb.prompts.TWENTY, connect_to("tight"), max_concurrency=limit, progress=False)
        tell(f"five cashiers, {limit} in flight", run)
    for way in ("gather", "batches"):
        slow = connect_to("stragglers")
        run = nb.run(nb.prompts.TWENTY, slow, strategy=way, max_concurrency=5, progress=False)
        tell(f"one slow call, five by {way}", run)
    for limit in (7, 14):
        seven = connect_to("seven")
        tell(
            f"a server that takes 7, {limit} in flight",
            nb.run(nb.prompts.TWENTY[:14], seven, max_concurrency=limit, progress=False),
        )

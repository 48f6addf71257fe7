"""Lesson 11 as a script: a runner of one's own, with AsyncOpenAI alone."""

import asyncio
from time import perf_counter

import openai
from openai import AsyncOpenAI

import aiml_nb as nb

PASSES = {429, 500, 502, 503, 504}


async def ask(client, question, seconds):
    async with asyncio.timeout(seconds):
        reply = await client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": question}]
        )
    return reply.choices[0].message.content


async def ask_again(client, question, seconds):
    for attempt in (1, 2, 3):
        try:
            return await ask(client, question, seconds)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
            wait = float(error.response.headers.get("retry-after", 0.05))
        await asyncio.sleep(wait)


async def run_all(client, questions, records, limit, seconds):
    records += [{"question": each, "outcome": "not started"} for each in questions]
    slots = asyncio.Semaphore(limit)

    async def fill(record):
        async with slots:
            record |= {"outcome": "cancelled", "started": perf_counter()}
            try:
                answer = await ask_again(client, record["question"], seconds)
                record |= {"outcome": "ok", "answer": answer}
            except Exception as error:
                record |= {"outcome": "error", "error": error}
            record["finished"] = perf_counter()

    await asyncio.gather(*(fill(record) for record in records))


async def main():
    server, records = nb.connect(simulate=True, scenario="hiccups", speed=4, seed=0), []
    settings = {"base_url": server.base_url, "api_key": server.key.reveal(), "max_retries": 0}
    async with AsyncOpenAI(**settings) as client:
        await run_all(client, nb.prompts.TWENTY[:8], records, limit=3, seconds=10)
    for record in records:
        print(f"{record['outcome']:8}{record['question']}")


if __name__ == "__main__":
    asyncio.run(main())

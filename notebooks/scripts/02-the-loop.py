"""Lesson 2 as a script: here no event loop is running until asyncio.run brings one."""

import asyncio

import aiml_nb as nb


async def boil(what, seconds):
    for minute in range(3):
        print(f"{what}: {minute} min")
        await asyncio.sleep(seconds / 3)
    print(f"{what} ready")
    return what


async def breakfast():
    tea = asyncio.create_task(boil("tea", 0.3))
    print("the table is laid")
    await asyncio.sleep(0.2)
    print("breakfast:", await tea)


async def main():
    await asyncio.gather(boil("tea", 0.3), boil("eggs", 0.5))
    await breakfast()
    endpoint = nb.connect(simulate=True, scenario="faq", seed=2, speed=8)
    faq, five = await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, endpoint, progress=False),
        nb.run_async(nb.prompts.TWENTY[:5], endpoint, progress=False),
    )
    print(faq)
    print(five)


if __name__ == "__main__":
    asyncio.run(main())

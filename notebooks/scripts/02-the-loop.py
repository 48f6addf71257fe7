"""Lesson 2 as a script: here no event loop is running until asyncio.run brings one."""

import asyncio

import aiml_nb as nb


async def boil(what, seconds):
    for minute in range(3):
        print(f"{what}: {minute} min")
        await asyncio.sleep(seconds / 3)
    print(f"{what} ready")


def is_loop_running():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def main():
    print("Inside main a loop is running:", is_loop_running())
    await asyncio.gather(boil("tea", 0.3), boil("eggs", 0.5))
    endpoint = nb.connect(simulate=True, scenario="faq", seed=2, speed=8)
    faq, five = await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, endpoint, progress=False),
        nb.run_async(nb.prompts.TWENTY[:5], endpoint, progress=False),
    )
    print(faq)
    print(five)


if __name__ == "__main__":
    print("Before it, a loop is running:", is_loop_running())
    nb.patch_loop()
    asyncio.run(main())

"""What each task waits for, and who wakes it, in the words of asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiml_nb as nb
from aiml_nb.loop_view import LoopView


def tell(view: LoopView, name: str) -> list[tuple[str, str | None]]:
    """Who woke a task at each of its steps, and what it waited for then."""
    tasks = {task["id"]: task["name"] for task in view.recording["tasks"]}
    return [
        (step["woken_by"]["text"], step["waits_for"] and step["waits_for"]["text"])
        for step in view.recording["steps"]
        if tasks[step["task"]] == name
    ]


def test_locks_events_conditions_and_barriers() -> None:
    async def wait(lock: Any, event: Any, condition: Any, barrier: Any) -> None:
        async with lock:
            pass
        await event.wait()
        async with condition:
            await condition.wait()
        await barrier.wait()

    async def wake(lock: Any, event: Any, condition: Any, barrier: Any) -> None:
        async with lock:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)
        event.set()
        await asyncio.sleep(0.001)
        async with condition:
            condition.notify()
        await asyncio.sleep(0.001)
        await barrier.wait()

    async def main() -> None:
        things = (asyncio.Lock(), asyncio.Event(), asyncio.Condition(), asyncio.Barrier(2))
        await asyncio.gather(wake(*things), wait(*things))

    view = LoopView(main)

    assert tell(view, "wait") == [
        ("its start by main", "lock"),
        ("wake, which released the lock", "event"),
        ("wake, which set the event", "condition"),
        ("wake, which notified the condition", "barrier"),
        ("wake, which came to the barrier last", None),
    ]


def test_queues() -> None:
    async def produce(queue: asyncio.Queue[int]) -> None:
        for number in range(2):
            await queue.put(number)
        await queue.join()

    async def consume(queue: asyncio.Queue[int]) -> None:
        for _ in range(2):
            await asyncio.sleep(0.002)
            await queue.get()
            queue.task_done()

    async def main() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue(1)
        await asyncio.gather(produce(queue), consume(queue))

    view = LoopView(main)

    assert tell(view, "produce") == [
        ("its start by main", "queue (room)"),
        ("consume, which took an item out of the queue", "queue (all items done)"),
        ("consume, which finished the last item of the queue", None),
    ]


def test_tasks_groups_and_what_comes_first() -> None:
    async def nap(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def main() -> None:
        await asyncio.create_task(nap(0.001), name="short nap")
        async with asyncio.TaskGroup() as group:
            group.create_task(nap(0.002))
            group.create_task(nap(0.003))
        for each in asyncio.as_completed([nap(0.001), nap(0.1)]):
            await each
        await asyncio.wait([asyncio.create_task(nap(0.005))])

    view = LoopView(main)

    assert [wait for _, wait in tell(view, "main")] == [
        *("task short nap", "TaskGroup of 2", "the next of 2", "the next of 1", "all of 1", None)
    ]
    told = view.recording["steps"][0]["waits_for"]
    assert (told["kind"], told["tasks"]) == ("task", [1])
    assert [task["how"] for task in view.recording["tasks"]] == [
        *("LoopView", "create_task", "TaskGroup", "TaskGroup", "as_completed", "as_completed"),
        "create_task",
    ]
    assert {task["started_at"]["line"] for task in view.recording["tasks"][2:4]} == {
        task["line"] + shift for task in view.recording["tasks"][:1] for shift in (3, 4)
    }


def test_timeouts_and_cancellations() -> None:
    async def nap() -> None:
        await asyncio.sleep(5)

    async def main() -> None:
        try:
            async with asyncio.timeout(0.003):
                await nap()
        except TimeoutError:
            pass
        task = asyncio.create_task(nap())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    view = LoopView(main)

    steps = view.recording["steps"]
    assert steps[0]["waits_for"]["timeout"]["seconds"] == 0.003
    assert (steps[0]["function"], steps[0]["waits_for"]["seconds"]) == ("nap", 5)
    assert steps[0]["waits_for"]["timeout"]["until"] == steps[1]["due"]
    assert tell(view, "main")[1] == ("its timeout of 0.003 s", "its next turn")
    assert tell(view, "nap") == [
        ("its start by main", "sleep 5 s"),
        ("main, which cancelled it", None),
    ]
    assert view.recording["tasks"][1]["ending"] == "cancelled"


def test_wait_for_has_a_limit_on_every_python() -> None:
    async def main() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(5), 0.003)

    view = LoopView(main)

    assert view.recording["steps"][0]["waits_for"]["timeout"]["seconds"] == 0.003
    assert "its timeout of 0.003 s" in [waker for waker, _ in tell(view, "main")]


def test_threads_and_plain_futures() -> None:
    def save() -> None:
        time.sleep(0.002)

    async def main() -> None:
        await asyncio.to_thread(save)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, time.sleep, 0.002)
        future = loop.create_future()
        loop.call_later(0.001, future.set_result, None)
        await future

    view = LoopView(main)

    assert tell(view, "main") == [
        ("its start by LoopView", "save in a thread"),
        ("the thread of save", "time.sleep in a thread"),
        ("the thread of time.sleep", "future"),
        ("its timeout of 0.001 s", None),
    ]


def test_generators_and_objects_that_are_awaited_do_not_hide_the_line() -> None:
    class Kettle:
        def __await__(self) -> Any:
            return asyncio.sleep(0.001).__await__()

    async def minutes() -> AsyncIterator[int]:
        await asyncio.sleep(0.001)
        yield 1

    async def main() -> None:
        async for _ in minutes():
            pass
        await Kettle()

    view = LoopView(main)

    functions = [step["function"] for step in view.recording["steps"]]
    assert functions == ["minutes", "main", "main"]
    assert [step["awaits"] for step in view.recording["steps"]] == [
        *("await asyncio.sleep(0.001)", "await Kettle()", None)
    ]


def test_calls_of_the_openai_client_wait_for_the_answer_of_the_server(
    endpoint: nb.Endpoint,
) -> None:
    from openai import AsyncOpenAI

    async def ask(client: AsyncOpenAI, question: str) -> str | None:
        message: Any = {"role": "user", "content": question}
        answer = await client.chat.completions.create(model="gpt-4o", messages=[message])
        return answer.choices[0].message.content

    async def main() -> None:
        key = endpoint.key.reveal()
        async with AsyncOpenAI(base_url=endpoint.base_url, api_key=key) as client:
            await asyncio.gather(*(ask(client, each) for each in nb.prompts.FAQ))

    view = LoopView(main)

    tasks, steps = view.recording["tasks"], view.recording["steps"]
    asking = {task["id"] for task in tasks if task["function"] == "ask"}
    waits = {
        step["waits_for"]["text"] for step in steps if step["task"] in asking and step["waits_for"]
    }
    assert len(asking) == len(nb.prompts.FAQ)
    assert waits == {"answer of the server"}
    assert {task["ending"] for task in tasks} == {"returned"}
    assert not any(task["yours"] for task in tasks if task["id"] not in asking | {0})
    ended = [step for step in steps if step["task"] in asking and step["ending"]]
    assert {step["line"] - tasks[step["task"]]["line"] for step in ended} == {3}
    assert steps[0]["waits_for"]["text"] == f"gather of {len(nb.prompts.FAQ)}"

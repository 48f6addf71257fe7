from __future__ import annotations

import pytest

from aiml_nb.simulator import scenario

from ..caller import SHORT, write_body

CHAT = "/v1/chat/completions"


@pytest.fixture
def service(open_service):
    settings = scenario("conformance").to_dict()
    return open_service(**settings)


async def store(service, prompt=SHORT, **parameters):
    return await service.complete(prompt, store=True, **parameters)


async def test_a_stored_completion_is_found_changed_and_deleted(service):
    stored = await store(service, metadata={"a": "1"})
    address = f"{CHAT}/{stored['id']}"

    _, _, found = await service.call("GET", address)
    _, _, changed = await service.call("POST", address, json={"metadata": {"a": "2"}})
    _, _, again = await service.call("GET", address)
    _, _, deleted = await service.call("DELETE", address)
    _, _, listed = await service.call("GET", CHAT)

    assert found == stored | {"metadata": {"a": "1"}}
    assert changed["metadata"] == again["metadata"] == {"a": "2"}
    assert deleted == {"id": stored["id"], "object": "chat.completion.deleted", "deleted": True}
    assert listed["data"] == []


async def test_the_list_is_paged_ordered_and_filtered(service):
    names = [(await store(service, f"{n}", metadata={"n": str(n % 2)}))["id"] for n in range(5)]

    async def list_names(query):
        page = (await service.call("GET", f"{CHAT}?{query}"))[2]
        return [each["id"] for each in page["data"]], page["has_more"]

    assert await list_names("limit=2") == (names[:2], True)
    assert await list_names(f"limit=2&after={names[2]}") == (names[3:], False)
    assert await list_names("order=desc") == (names[::-1], False)
    assert await list_names("metadata[n]=1") == (names[1::2], False)
    assert await list_names("model=other") == ([], False)


async def test_the_messages_of_a_stored_completion_are_listed(service):
    stored = await store(service)

    _, _, page = await service.call("GET", f"{CHAT}/{stored['id']}/messages")

    (message,) = page["data"]
    assert (message["role"], message["content"]) == ("user", SHORT)


async def test_models_and_completions_never_made_exist_here(service):
    _, _, model = await service.call("GET", "/v1/models/never-made")
    status, _, deleted = await service.call("DELETE", "/v1/models/never-made")
    _, _, completion = await service.call("GET", f"{CHAT}/never-made")

    assert model["id"] == completion["id"] == deleted["id"] == "never-made"
    assert (status, deleted["deleted"]) == (200, True)
    assert completion["choices"][0]["message"]["content"]
    assert (await service.call("POST", CHAT, json=write_body() | {"model": "any"}))[0] == 200


async def test_metadata_that_is_no_object_is_refused(service):
    for call in (
        service.call("POST", CHAT, json=write_body(store=True, metadata=3)),
        service.call("POST", f"{CHAT}/any", json={"metadata": 3}),
    ):
        assert (await call)[0] == 400


async def test_other_scenarios_store_nothing(open_service):
    service = open_service()
    stored = await store(service)

    assert (await service.call("GET", f"{CHAT}/{stored['id']}"))[0] == 404
    assert (await service.call("GET", CHAT))[0] == 405

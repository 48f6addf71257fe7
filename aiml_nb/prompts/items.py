"""Items: what a function of the user's own is called with, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass, replace
from typing import Any

from ..formats.plain import plain_data_of, without_keys
from .prompt import Prompt, shorten


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Prompt):
    """What a function is called with, in the place of a prompt.

    Its one message is its label, for whatever shows what a call asked.

    Parameters
    ----------
    value
        The item itself, whatever it is.
    is_lost
        It is read from a journal, which holds no more of it than how Python shows it, or all of it
        but a key.
    """

    value: Any
    is_lost: bool = False


def as_items(items: object) -> list[Item]:
    """Return each of `items` as an `Item`.

    Parameters
    ----------
    items
        A list of anything, or something else that has a length and can be gone through; the rows
        of a table, each as a dictionary.

    Raises
    ------
    TypeError
        If it is a single text, mapping or number, has no length, or is the function.
    ValueError
        If there are none.
    """
    if hasattr(items, "columns"):
        items = _rows_of(items)
    if isinstance(items, str | bytes | Mapping | os.PathLike):
        raise TypeError(
            f"items must be a list, not the single {type(items).__name__} {shorten(items)}"
            f"{_advise_on_single(items)}"
        )
    if callable(items):
        raise TypeError(
            f"The first argument is {shorten(items)}, and a list of items is expected there. "
            "Write run(items, function)."
        )
    if not isinstance(items, Iterable):
        raise TypeError(
            f"items must be a list, not {shorten(items)}. Write [item, item] or a table's rows."
        )
    if not isinstance(items, Sized):
        raise TypeError(
            f"items is {shorten(items)}, which has no length: how many calls it comes to is not "
            "known before. Write list(items)."
        )
    found = list(items)
    if not found:
        raise ValueError("items is empty. Give at least one, for example ['a question'].")
    labels = without_keys(list(map(label_of, found)))
    return [as_item(value, label=label) for value, label in zip(found, labels, strict=True)]


def as_item(value: Any, *, label: str | None = None, custom_id: str | None = None) -> Item:
    """Return one value as an `Item`; its label is its text, or else how Python shows it.

    A dictionary is a row of the user's own, its names the columns.
    """
    text = label_of(value) if label is None else label
    is_row = isinstance(value, dict) and bool(value) and all(isinstance(n, str) for n in value)
    return Item(
        messages=[{"role": "user", "content": text}],
        value=value,
        custom_id=custom_id,
        row=dict(value) if is_row else None,  # as it is now
    )


def item_of(prompt: Prompt) -> Any:
    """Return what a function is called with."""
    return prompt.value if isinstance(prompt, Item) else prompt


def item_to_dict(item: Item) -> dict[str, Any]:
    """Return what a journal keeps of an item: as JSON can hold it, and its label.

    Raises
    ------
    ValueError
        If it cannot be written down at all.
    """
    try:
        plain = plain_data_of(item.value)
    except ValueError as error:
        raise ValueError(
            f"The journal cannot hold the item {item.label}: {error}. Give items as JSON has them, "
            "or keep no journal: journal=False."
        ) from None
    label, written = item.label, without_keys(plain)
    data = {"item": written} if written == label else {"item": written, "label": label}
    is_lost = item.is_lost or written != plain or _is_lost(item.value, plain)
    return data | {"lost": True} if is_lost else data


def _is_lost(value: Any, plain: Any) -> bool:
    """Say whether the plain data of an item is only how Python shows it."""
    if not isinstance(plain, str) or isinstance(value, str | bytes):
        return False
    try:
        return bool(repr(value) == plain)
    except Exception:  # noqa: BLE001  a repr of the user's own
        return True


def read_item(data: Mapping[str, Any]) -> Item:
    """Read what `item_to_dict` made; raise KeyError or TypeError if it is something else."""
    value, label = data["item"], data.get("label")
    if not isinstance(label, str | None):
        raise TypeError("The label of an item must be text.")
    item = as_item(value, label=label, custom_id=data["custom_id"])
    return replace(item, is_lost=True) if data.get("lost") else item


def label_of(value: object) -> str:
    """Return what pictures and tables call an item: a text as it is, of others the beginning."""
    if isinstance(value, str):
        return str(value)
    try:
        return shorten(value)
    except Exception:  # noqa: BLE001  a repr of the user's own
        return f"<{type(value).__name__}>"


def _rows_of(table: Any) -> list[dict[Any, Any]]:
    """Return the rows of a table: of pandas, polars or pyarrow."""
    for name in ("to_dicts", "to_pylist"):
        if hasattr(table, name):
            return list(getattr(table, name)())
    names = list(table.columns)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(
            f"items is a table with two columns called {twice!r}, and each row becomes a "
            "dictionary. Rename one of them."
        )
    if not hasattr(table, "to_dict"):
        raise TypeError(
            f"items is {shorten(table)}, whose rows are not known. Give them as a list."
        )
    return list(table.to_dict("records"))


def _advise_on_single(given: object) -> str:
    if isinstance(given, Mapping) and given:
        return ". Give its values: list(items.values()); or put it in a list: [item]."
    if isinstance(given, os.PathLike):
        return ". Read it first: items = aiml_nb.prompts.read_prompts(path), or a table's rows."
    return f". Put it in a list: [{shorten(given)}]."

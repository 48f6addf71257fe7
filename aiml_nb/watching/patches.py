"""Methods of classes with ours around them, and how they get their own again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_PROXY = "_self_wrapper"  # an attribute that wrapt's proxies of functions have


class Patch:
    """A method of a class with ours around it."""

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self.owner, self.name = owner, name
        self.is_removed = False
        self._original = owner.__dict__[name]
        self.wrapper = wrap(self._original)
        setattr(owner, name, self.wrapper)

    def is_in_place(self) -> bool:
        """Say whether ours is still called, perhaps below somebody else's."""
        return any(each is self.wrapper for each in _layers(self.owner.__dict__[self.name]))

    def remove(self) -> None:
        """Take ours out, also from below a wrapper of somebody else's that lets us."""
        top = self.owner.__dict__[self.name]
        if top is self.wrapper:
            setattr(self.owner, self.name, self._original)
            self.is_removed = True
            return
        for layer in _layers(top):
            # A proxy (wrapt's) calls what its attribute names. A function does not care about its
            # attribute: ours stays below it, and passes everything on.
            if getattr(layer, "__wrapped__", None) is self.wrapper and hasattr(layer, _PROXY):
                layer.__wrapped__ = self._original
                self.is_removed = True
                return

    def is_on_top(self) -> bool:
        """Say whether nobody else's is around ours."""
        return not self.is_removed and self.owner.__dict__[self.name] is self.wrapper


def _layers(top: Any) -> Iterator[Any]:
    seen = 0
    while top is not None and seen < 50:
        yield top
        top, seen = getattr(top, "__wrapped__", None), seen + 1

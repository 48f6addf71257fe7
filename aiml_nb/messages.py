"""`Message`: a text for users in two forms: Python arguments, and command-line options."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Message(str):
    """A text in its Python form, with its form for the command line.

    Joined to other text with ``+`` it keeps both; an f-string would keep the Python form only.

    Parameters
    ----------
    python
        The text itself.
    command_line
        The form for the command line; None for the same text.
    """

    command_line: str

    def __new__(cls, python: str, command_line: str | None = None) -> Message:
        """Create a message; in `__new__`, because `str` takes no second argument."""
        message = super().__new__(cls, python)
        message.command_line = str(python) if command_line is None else command_line
        return message

    def __add__(self, other: str) -> Message:
        """Join text to its end."""
        return Message(str(self) + str(other), self.command_line + for_command_line(other))

    def __radd__(self, other: str) -> Message:
        """Join it to the end of a text."""
        return Message(str(other) + str(self), for_command_line(other) + self.command_line)

    def map(self, change: Callable[[str], str]) -> Message:
        """Return a message with both of its forms changed."""
        return Message(change(str(self)), change(self.command_line))


def argument(name: str, value: object = None) -> Message:
    """Name an argument that is an option of the same name on the command line.

    Parameters
    ----------
    value
        Its value: ``max_calls=4`` is ``--max-calls 4``. True means a flag; an empty text leaves the
        value open, as in ``seed=``; None names the argument only.
    """
    option = f"--{name.replace('_', '-')}"
    if value is None:
        return Message(name, option)
    return Message(
        f"{name}={value}", option if value is True or value == "" else f"{option} {value}"
    )


def either(python: str, option: str) -> Message:
    """Return what to type in Python; that text also names the command line's option."""
    return Message(f"{python}, on the command line {option}", option)


def join(separator: str, texts: Iterable[str]) -> Message:
    """Join texts and messages to one."""
    listed = list(texts)
    return Message(separator.join(listed), separator.join(map(for_command_line, listed)))


def message_of(error: BaseException) -> str:
    """Return the message of an error: a `Message`, if it was raised with one."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Message) else str(error)


def for_command_line(said: str | BaseException) -> str:
    """Return the form of a text or an error for the command line."""
    text = message_of(said) if isinstance(said, BaseException) else said
    return text.command_line if isinstance(text, Message) else text


def in_request(name: str, value: str) -> Message:
    """Return what to add to a request: an argument of `run`, or a member of a prompt's line."""
    inside = value.replace("'", '"')
    return Message(f"{name}={value}", f'"{name}": {inside}')


# Advice that several messages share.
SIMULATE = either("connect(simulate=True)", "--simulate")
GIVE_KEY = either("connect(base_url=…, api_key=…)", "--api-key-env NAME")

"""Ids, as the runtime checks and derives them."""
import re
import uuid

_PROJECT = uuid.UUID("6f6e0a3e-9c5d-4b5c-8a51-7f3b1f0c2d11")


class InvalidName(ValueError):
    """A category that is none, an id that is none, a stream name of no known form."""


def check_category(text: str) -> None:
    """A lower-case letter, then up to 63 of [a-z0-9_-]."""
    if not re.fullmatch("[a-z][a-z0-9_-]{0,63}", text):
        raise InvalidName(f"category {quoted(text)} must be a lower-case letter and up to 63 of [a-z0-9_-]")


def check_entity_id(text: str) -> None:
    """1 to 128 of [A-Za-z0-9_-], and not the reserved word "command"."""
    if text == "command":
        raise InvalidName("entity id 'command' is reserved; choose another")
    if not re.fullmatch("[A-Za-z0-9_-]{1,128}", text):
        raise InvalidName(f"entity id {quoted(text)} must be 1 to 128 of [A-Za-z0-9_-]")


def check_command_id(text: str) -> None:
    """1 to 128 printable ASCII characters without spaces."""
    if not re.fullmatch("[\x21-\x7e]{1,128}", text):
        raise InvalidName(f"command id {quoted(text)} must be 1 to 128 printable ASCII characters without spaces")


def derive_id(scope: str, name: str) -> str:
    """The name-based UUID (version 5) that Troupe gives to a name in a scope: the same everywhere and for ever.

    `derive_id("identity", auth0_id)` is the id of a user; `derive_id("event", command_id + "/1")` that of the first
    event of a command.
    """
    return str(uuid.uuid5(uuid.uuid5(_PROJECT, scope), name))


def quoted(text: str) -> str:
    """For errors: without control characters, and not the whole of a long text."""
    shown = re.sub("[^\x20-\x7e]|'", "?", text[:64])
    return f"'{shown}{'…' if len(text) > 64 else ''}'"

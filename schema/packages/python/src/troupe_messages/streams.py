"""The names of streams."""
from typing import NamedTuple, Optional

from .ids import InvalidName, check_category, check_entity_id, quoted


def entity_stream(category: str, id: str) -> str:
    """The events of one entity: "identity.4711"."""
    check_category(category)
    check_entity_id(id)
    return f"{category}.{id}"


def category_stream(category: str) -> str:
    """The events of every entity of a category: "identity"."""
    check_category(category)
    return category


def command_stream(category: str, id: Optional[str] = None) -> str:
    """The commands to one entity: "identity.command.4711"; without an id, those of the category: "identity.command"."""
    check_category(category)
    if id is None:
        return f"{category}.command"
    check_entity_id(id)
    return f"{category}.command.{id}"


class Stream(NamedTuple):
    """What the name of a stream says."""

    category: str
    commands: bool
    """Tells a stream of commands from one of events."""
    id: Optional[str]
    """Names the entity; None stands for the whole category."""

    def holds(self, subject: str) -> bool:
        """Whether a message on `subject` belongs to the stream."""
        try:
            found = parse_stream(subject)
        except InvalidName:
            return False
        return found[:2] == self[:2] and self.id in (None, found.id)


def parse_stream(name: str) -> Stream:
    """Reads any of the four forms; InvalidName for everything else."""
    category, *rest = name.split(".")
    check_category(category)
    commands = rest[:1] == ["command"]
    if commands:
        rest = rest[1:]
    if len(rest) > 1:
        raise InvalidName(
            f"stream {quoted(name)} must be category, category.id, category.command or category.command.id"
        )
    for id in rest:
        check_entity_id(id)
    return Stream(category, commands, rest[0] if rest else None)

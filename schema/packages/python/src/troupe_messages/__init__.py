"""The commands and events of Troupe's features, one module for each category, and what they travel in."""
from .envelope import MAX_ENVELOPES, Envelope, MalformedMessage, command, decode_message, encode_message, events_of
from .ids import InvalidName, check_category, check_command_id, check_entity_id, derive_id
from .streams import Stream, category_stream, command_stream, entity_stream, parse_stream

__all__ = [
    "MAX_ENVELOPES",
    "Envelope",
    "InvalidName",
    "MalformedMessage",
    "Stream",
    "category_stream",
    "check_category",
    "check_command_id",
    "check_entity_id",
    "command",
    "command_stream",
    "decode_message",
    "derive_id",
    "encode_message",
    "entity_stream",
    "events_of",
    "parse_stream",
]

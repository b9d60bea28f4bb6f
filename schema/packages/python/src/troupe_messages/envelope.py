"""What messages travel in: reading and writing bodies, and making commands and events."""
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from .ids import check_command_id, derive_id

MAX_ENVELOPES = 1000
"""The most envelopes that one message may carry."""


class MalformedMessage(ValueError):
    """A body that is no envelope and no array of envelopes."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"member '{member}' {reason}" if member else f"the body {reason}")
        self.member = member
        """Which part is wrong: "metadata.traceId", "[1].data", or "" for the body as a whole."""
        self.reason = reason
        """What is wrong with it."""


@dataclass
class Envelope:
    """What every message travels in, on the wire and in the log."""

    id: str
    """Unique for each message. On a command it is the command's id: the same id again has no second effect."""

    type: str
    """The message's name in its category: a key of the category's COMMANDS or EVENTS."""

    metadata: Dict[str, Any] = field(default_factory=lambda: {"traceId": "", "userId": ""})
    """Who and what the message belongs to: traceId, userId, and members that may be added at any time."""

    data: Dict[str, Any] = field(default_factory=dict)
    """The message itself: decode it with its type's `from_dict`."""


def decode_message(body: Union[bytes, str]) -> List[Envelope]:
    """Reads the body of a message: one envelope, or an array of 1 to 1,000 of them.

    Every other body is a MalformedMessage that names the member. Unknown members are passed over; a traceId or userId
    that is missing is "". What `data` holds is not looked at.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedMessage("", "must be UTF-8") from None
    try:
        value = json.loads(text, parse_constant=_no_json)
    except RecursionError:
        raise MalformedMessage("", "must not be nested so deeply") from None
    except ValueError:
        raise MalformedMessage("", "must be JSON") from None
    if not isinstance(value, list):
        return [_envelope(value, "")]
    _check_count(len(value))
    return [_envelope(one, f"[{index}]") for index, one in enumerate(value)]


def encode_message(envelopes: Iterable[Envelope]) -> bytes:
    """Writes the body of a message: an object for one envelope, an array for several."""
    all = [{"id": one.id, "type": one.type, "metadata": one.metadata, "data": one.data} for one in envelopes]
    _check_count(len(all))
    text = json.dumps(all[0] if len(all) == 1 else all, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


def command(
    type: str,
    data: Dict[str, Any],
    *,
    id: Optional[str] = None,
    trace_id: Optional[str] = None,
    user_id: Optional[str] = None,
    cause: Optional[Envelope] = None,
) -> Envelope:
    """Puts a command into its envelope.

    `id` is a new UUID when left out: give one where the same command may be sent again. `cause` is the message that the
    command follows from: its trace, user and correlation are carried on.
    """
    id = str(uuid.uuid4()) if id is None else id
    check_command_id(id)
    inherited: Dict[str, Any] = cause.metadata if cause else {}
    metadata = {
        "traceId": inherited.get("traceId", id) if trace_id is None else trace_id,
        "userId": inherited.get("userId", "") if user_id is None else user_id,
    }
    if cause:
        metadata.update(correlationId=_correlation(cause), causationId=cause.id)
    return Envelope(id, type, metadata, data)


def events_of(
    cause: Envelope, events: Iterable[Tuple[str, Dict[str, Any]]], first_version: int, time: Optional[datetime] = None
) -> List[Envelope]:
    """The envelopes of the events, (type, data) each, that a command made.

    Their ids derive from the command's, so that deciding the same command again makes the same events; `first_version`
    is the entity's version at the first of them.
    """
    now = (time or datetime.now(timezone.utc)).astimezone(timezone.utc)
    shared = {
        "traceId": cause.metadata.get("traceId", ""),
        "userId": cause.metadata.get("userId", ""),
        "correlationId": _correlation(cause),
        "causationId": cause.id,
        "commandId": cause.id,
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if isinstance(cause.metadata.get("traceparent"), str):
        shared["traceparent"] = cause.metadata["traceparent"]
    return [
        Envelope(derive_id("event", f"{cause.id}/{n + 1}"), type, {**shared, "version": first_version + n}, data)
        for n, (type, data) in enumerate(events)
    ]


def _correlation(message: Envelope) -> str:
    return message.metadata.get("correlationId") or message.metadata.get("traceId", "")


def _no_json(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_count(count: int) -> None:
    if count == 0:
        raise MalformedMessage("", "must hold at least one envelope")
    if count > MAX_ENVELOPES:
        raise MalformedMessage("", f"must hold at most {MAX_ENVELOPES} envelopes")


def _envelope(value: Any, place: str) -> Envelope:
    if not isinstance(value, dict):
        raise MalformedMessage(place, "must be an object")
    prefix = f"{place}." if place else ""
    metadata = _member(value, "metadata", prefix, dict)
    named = {name: _member(metadata, name, f"{prefix}metadata.", str, "") for name in ("traceId", "userId")}
    return Envelope(
        id=_member(value, "id", prefix, str),
        type=_member(value, "type", prefix, str),
        metadata={**metadata, **named},
        data=_member(value, "data", prefix, dict),
    )


def _member(members: Dict[str, Any], name: str, prefix: str, kind: type, missing: Any = None) -> Any:
    if name not in members and missing is None:
        raise MalformedMessage(prefix + name, "is missing")
    value = members.get(name, missing)
    if not isinstance(value, kind):
        raise MalformedMessage(prefix + name, "must be a string" if kind is str else "must be an object")
    return value

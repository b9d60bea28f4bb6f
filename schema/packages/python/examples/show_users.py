"""Shows the users in the bodies of messages, one a line, such as those of `identity.*`:

    nats sub --raw 'identity.*' | python show_users.py
"""
import sys

from troupe_messages import MalformedMessage, decode_message
from troupe_messages.identity import EVENTS, UserAdded


def main() -> None:
    for line in sys.stdin.buffer:
        try:
            envelopes = decode_message(line)
        except MalformedMessage as error:
            print(f"passed over: {error}", file=sys.stderr)
            continue
        for envelope in envelopes:
            event_type = EVENTS.get(envelope.type)
            if event_type is None:
                continue  # of a later version, or a command
            event = event_type.from_dict(envelope.data)
            if isinstance(event, UserAdded):
                print(event.id, event.first_name, event.last_name)


if __name__ == "__main__":
    main()

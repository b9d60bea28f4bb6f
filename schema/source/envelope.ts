/**
 * Who and what a message belongs to. Every message carries these two members; others may be added at any time
 * (Troupe adds correlationId, causationId, commandId, version, time, traceparent and node to events), and a
 * consumer must pass over the ones it does not know.
 */
export interface Metadata {
  /** One id for everything that a request caused: given by the first command and carried to its events. */
  traceId: string;

  /** The caller's user id, or "" when nobody is known to be the cause. */
  userId: string;

  /** Members that this version of the schema does not name. */
  [member: string]: unknown;
}

/**
 * What every message travels in, on the wire and in the log. Consumers in other languages keep working with these
 * four members alone.
 *
 * @typeParam Type the message's name, such as "UserAdded".
 * @typeParam Data the message itself, such as UserAdded.
 */
export interface Envelope<Type extends string = string, Data = unknown> {
  /** Unique for each message. On a command it is the command's id: the same id again has no second effect. */
  id: string;

  /** The message's name in its category's schema; the name of the type of `data`. */
  type: Type;

  /** Who and what the message belongs to. */
  metadata: Metadata;

  /** The message itself. */
  data: Data;
}

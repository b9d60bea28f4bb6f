import { JetStreamApiError } from "@nats-io/jetstream";

/** The entity's stream has moved on since it was read: nothing was stored. Read it again, decide again. */
export class Conflict extends Error {
  readonly name = "Conflict";

  constructor(
    readonly stream: string,
    /** The position that the stream's last message was expected to have. */
    readonly expected: number,
  ) {
    super(`${stream}: its last message is not at position ${expected}`);
  }
}

/** Nobody answered in time that the message was stored, and nobody that it was not: it may be, now or later. */
export class OutcomeUnknown extends Error {
  readonly name = "OutcomeUnknown";

  constructor(
    readonly stream: string,
    readonly cause: unknown,
  ) {
    super(`${stream}: whether the message was stored is unknown (${textOf(cause)})`);
  }
}

/** The message was certainly not stored: nobody listens there, or JetStream refused it. */
export class NotStored extends Error {
  readonly name = "NotStored";

  constructor(
    readonly stream: string,
    readonly cause: unknown,
  ) {
    super(`${stream}: the message was not stored (${textOf(cause)})`);
  }
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of an answer of JetStream's that says no; undefined for everything that is no such answer. */
export function refusalCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

/** A lost compare-and-set is 10071, and on servers newer than 2.10 also 10164. */
export function isLostRace(error: unknown): boolean {
  const code = refusalCode(error);
  return code === 10071 || code === 10164;
}

/** Whether stream or consumer is not there (any more). */
export function isGone(error: unknown): boolean {
  const code = refusalCode(error);
  return code === 10014 || code === 10059;
}

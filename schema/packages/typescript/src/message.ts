import { randomUUID } from "node:crypto";

import type { Envelope, Metadata } from "./envelope";
import { checkCommandId, deriveId } from "./ids";

/** The most envelopes that one message may carry. */
export const maxEnvelopes = 1000;

/** A body that is no envelope and no array of envelopes. */
export class MalformedMessage extends Error {
  readonly name = "MalformedMessage";

  constructor(
    /** Which part is wrong: "metadata.traceId", "[1].data", or "" for the body as a whole. */
    readonly member: string,
    /** What is wrong with it. */
    readonly reason: string,
  ) {
    super(member === "" ? `the body ${reason}` : `member '${member}' ${reason}`);
  }
}

/**
 * Reads the body of a message: one envelope, or an array of 1 to 1,000 of them. Every other body is a
 * MalformedMessage that names the member. Unknown members are passed over; a traceId or userId that is missing is "".
 * What `data` holds is not looked at: validate it against the JSON Schema of its type where it comes from outside.
 */
export function decodeMessage(body: Uint8Array | string): Envelope[] {
  let value: unknown;
  try {
    value = JSON.parse(typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new MalformedMessage("", error instanceof SyntaxError ? "must be JSON" : "must be UTF-8");
  }
  if (!Array.isArray(value)) return [decodeEnvelope(value, "")];
  if (value.length === 0) throw new MalformedMessage("", "must hold at least one envelope");
  if (value.length > maxEnvelopes) throw new MalformedMessage("", `must hold at most ${maxEnvelopes} envelopes`);
  return value.map((each, index) => decodeEnvelope(each, `[${index}]`));
}

/** Writes the body of a message: an object for one envelope, an array for several. */
export function encodeMessage(envelopes: readonly Envelope[]): string {
  if (envelopes.length === 0) throw new MalformedMessage("", "must hold at least one envelope");
  if (envelopes.length > maxEnvelopes) throw new MalformedMessage("", `must hold at most ${maxEnvelopes} envelopes`);
  return JSON.stringify(envelopes.length === 1 ? envelopes[0] : envelopes);
}

function decodeEnvelope(value: unknown, place: string): Envelope {
  if (!isObject(value)) throw new MalformedMessage(place, "must be an object");
  const name = (member: string) => (place === "" ? member : `${place}.${member}`);
  const metadata = objectIn(value, "metadata", name("metadata"));
  return {
    id: textIn(value, "id", name("id")),
    type: textIn(value, "type", name("type")),
    metadata: {
      ...metadata,
      traceId: textIn(metadata, "traceId", name("metadata.traceId"), ""),
      userId: textIn(metadata, "userId", name("metadata.userId"), ""),
    },
    data: objectIn(value, "data", name("data")),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textIn(members: Record<string, unknown>, key: string, name: string, missing?: string): string {
  const value = Object.prototype.hasOwnProperty.call(members, key) ? members[key] : missing;
  if (value === undefined) throw new MalformedMessage(name, "is missing");
  if (typeof value !== "string") throw new MalformedMessage(name, "must be a string");
  return value;
}

function objectIn(members: Record<string, unknown>, key: string, name: string): Record<string, unknown> {
  const value = members[key];
  if (value === undefined) throw new MalformedMessage(name, "is missing");
  if (!isObject(value)) throw new MalformedMessage(name, "must be an object");
  return value;
}

/** Where a command comes from. */
export interface Origin {
  /** The command's id; a new UUID when left out. Give one where the same command may be sent again. */
  id?: string;
  /** One id for everything that a request causes; the command's own id when left out. */
  traceId?: string;
  /** The caller's user id, or "". */
  userId?: string;
  /** The message that this command follows from: its trace, user and correlation are carried on. */
  cause?: Envelope;
}

/** A command in its envelope. */
export function command<Type extends string, Data extends object>(
  type: Type,
  data: Data,
  { id = randomUUID(), cause, traceId = cause?.metadata.traceId, userId = cause?.metadata.userId }: Origin = {},
): Envelope<Type, Data> {
  checkCommandId(id);
  const metadata: Metadata = { traceId: traceId ?? id, userId: userId ?? "" };
  if (cause) Object.assign(metadata, { correlationId: correlationOf(cause), causationId: cause.id });
  return { id, type, metadata, data };
}

/** An event that has no envelope yet. */
export interface NewEvent {
  type: string;
  data: object;
}

/**
 * The envelopes of the events that a command made. Their ids derive from the command's, so that deciding the same
 * command again makes the same events; `firstVersion` is the entity's version at the first of them.
 */
export function eventsOf(
  cause: Envelope,
  events: readonly NewEvent[],
  firstVersion: number,
  time: Date = new Date(),
): Envelope[] {
  return events.map(({ type, data }, index) => ({
    id: deriveId("event", `${cause.id}/${index + 1}`),
    type,
    metadata: {
      traceId: cause.metadata.traceId,
      userId: cause.metadata.userId,
      correlationId: correlationOf(cause),
      causationId: cause.id,
      commandId: cause.id,
      version: firstVersion + index,
      time: time.toISOString(),
      ...(typeof cause.metadata.traceparent === "string" ? { traceparent: cause.metadata.traceparent } : {}),
    },
    data,
  }));
}

function correlationOf({ metadata }: Envelope): string {
  const { correlationId } = metadata;
  return typeof correlationId === "string" && correlationId !== "" ? correlationId : metadata.traceId;
}

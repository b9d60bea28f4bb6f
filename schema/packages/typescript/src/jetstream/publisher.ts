import { setTimeout as sleep } from "node:timers/promises";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamClient, JetStreamManager, JetStreamPublishOptions } from "@nats-io/jetstream";
import { errors, headers } from "@nats-io/nats-core";
import type { MsgHdrs, NatsConnection } from "@nats-io/nats-core";

import type { Envelope } from "../envelope";
import { checkCommandId } from "../ids";
import { decodeMessage, encodeMessage } from "../message";
import { parseStream } from "../streams";
import { Conflict, isLostRace, NotStored, OutcomeUnknown, refusalCode } from "./errors";
import { findCategory, nextMessage } from "./log";

/** JetStream's word that a message is stored. */
export interface Published {
  position: number;
  /** It was there before: nothing was stored this time. */
  duplicate: boolean;
}

export interface PublisherOptions {
  /** Milliseconds that one attempt waits for its answer. */
  timeout?: number;
  /** Milliseconds after which no further attempt is made. */
  deadline?: number;
}

export interface CommandOptions {
  /** The subject that the command's outcome is sent to. */
  outcomeTo?: string;
}

/** One message on its way. */
interface Draft {
  subject: string;
  body: string;
  options: Partial<JetStreamPublishOptions>;
}

/** Publishes commands and events; a promise is kept when JetStream has confirmed that the message is stored. */
export class Publisher {
  readonly #client: JetStreamClient;
  readonly #timeout: number;
  readonly #deadline: number;
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection, { timeout = 2_000, deadline = 10_000 }: PublisherOptions = {}) {
    this.#connection = connection;
    this.#client = jetstream(connection);
    this.#timeout = timeout;
    this.#deadline = deadline;
  }

  /**
   * Sends a command to "identity.command.4711", or to "identity.command" where its data names the entity.
   *
   * The same command to the same stream within JetStream's duplicate window is stored once: its `Nats-Msg-Id` is stream
   * and command id (the command id alone is that of the command's events: they share the JetStream stream, and would be
   * taken for the command again). A command that asks for its outcome has none: each repeat must arrive to be answered.
   * Whoever handles commands must know a repeated id either way.
   */
  async sendCommand(stream: string, command: Envelope, { outcomeTo }: CommandOptions = {}): Promise<Published> {
    if (parseStream(stream).kind !== "commands") throw new TypeError(`${stream} is not a stream of commands`);
    checkCommandId(command.id);
    const options: Partial<JetStreamPublishOptions> = { headers: tracing([command]) };
    if (outcomeTo === undefined) options.msgID = `${stream} ${command.id}`;
    else options.headers?.set("Troupe-Outcome-To", outcomeTo);
    return this.#publish({ subject: stream, body: encodeMessage([command]), options }, async () => undefined);
  }

  /**
   * Appends the events of one command to an entity's stream, "identity.4711", as one message, if and only if the
   * stream's last message is at `expected` (0: there is none). Conflict: it is not, so nothing was stored. An unknown
   * outcome is resolved by reading the stream; OutcomeUnknown is what remains when that was not possible in time. The
   * `Nats-Msg-Id` is the command's id, as on Troupe's own events.
   *
   * Append only to a category of your own: Troupe refuses to load an entity whose events it did not write.
   */
  async appendEvents(stream: string, events: readonly Envelope[], expected: number): Promise<Published> {
    const { category, kind, id } = parseStream(stream);
    if (kind !== "events" || id === undefined) throw new TypeError(`${stream} is not the stream of one entity's events`);
    const body = encodeMessage(events);
    const { commandId } = events[0].metadata;
    const options: Partial<JetStreamPublishOptions> = {
      headers: tracing(events),
      msgID: typeof commandId === "string" ? commandId : events[0].id,
      expect: { lastSubjectSequence: expected },
    };
    const manager = await jetstreamManager(this.#connection, { checkAPI: false, timeout: this.#timeout });
    const resolve = () => this.#stored(manager, category, stream, events[0].id, expected);
    return this.#publish({ subject: stream, body, options }, resolve);
  }

  /** What stands after the expected position: these events, another's (Conflict), or nothing yet (undefined). */
  async #stored(
    manager: JetStreamManager,
    category: string,
    stream: string,
    id: string,
    expected: number,
  ): Promise<Published | undefined> {
    const next = await nextMessage(manager, await findCategory(manager, category), stream, expected);
    if (next === null) return undefined;
    if (decodeMessage(next.data)[0].id !== id) throw new Conflict(stream, expected);
    return { position: next.seq, duplicate: true };
  }

  /** `resolve` finds out what became of a message whose outcome is unknown. */
  async #publish(draft: Draft, resolve: () => Promise<Published | undefined>): Promise<Published> {
    const { subject, body, options } = draft;
    const until = Date.now() + this.#deadline;
    let unknown: unknown; // why an attempt so far may have been stored
    for (let attempt = 1; ; ++attempt) {
      if (this.#connection.isClosed()) throw givenUp(subject, unknown, new errors.ClosedConnectionError());
      try {
        const { seq, duplicate } = await this.#client.publish(subject, body, { ...options, timeout: this.#timeout });
        return { position: seq, duplicate };
      } catch (error) {
        const lost = isLostRace(error);
        if (mayBeStored(error)) unknown = error;
        const fate = lost || unknown ? await fateBy(resolve) : "absent";
        if (typeof fate === "object") return fate;
        if (lost && (fate === "absent" || !unknown)) throw new Conflict(subject, options.expect?.lastSubjectSequence ?? 0);
        if (!lost && refusalCode(error) !== undefined && !unknown) throw new NotStored(subject, error);
        if (Date.now() >= until) throw givenUp(subject, unknown, error);
        await sleep(Math.min(1_000, 25 * 2 ** attempt) * (0.5 + Math.random() / 2));
      }
    }
  }
}

/** Where a message is, "absent" when it is not there (yet), "unread" when nobody could tell. */
async function fateBy(resolve: () => Promise<Published | undefined>): Promise<Published | "absent" | "unread"> {
  try {
    return (await resolve()) ?? "absent";
  } catch (error) {
    if (error instanceof Conflict) throw error;
    return "unread";
  }
}

function givenUp(subject: string, unknown: unknown, last: unknown): Error {
  return unknown === undefined ? new NotStored(subject, last) : new OutcomeUnknown(subject, unknown);
}

/** Everything except JetStream's own "no" and "nobody listens there". */
function mayBeStored(error: unknown): boolean {
  if (refusalCode(error) !== undefined) return false;
  const cause = error instanceof Error && error.cause instanceof errors.RequestError ? error.cause : error;
  return !(cause instanceof errors.RequestError && cause.isNoResponders());
}

function tracing([first]: readonly Envelope[]): MsgHdrs {
  const all = headers();
  if (typeof first.metadata.traceparent === "string") all.set("traceparent", first.metadata.traceparent);
  return all;
}

import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { JetStreamManager, NextMsgRequest, SeqMsgRequest, StoredMsg, StreamConfig } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";

import type { Envelope } from "../envelope";
import { categoryStream, parseStream } from "../streams";
import { decodeMessage } from "../message";
import { isGone } from "./errors";

/** The subjects of a category's JetStream stream: events and commands, which cannot be two streams. */
function subjectsOf(category: string): string[] {
  return [`${category}.*`, `${category}.command.*`];
}

/**
 * Makes the JetStream stream of a category unless there is one, named and set as Troupe's own are: files, nothing
 * deleted or purged, direct reads. Troupe does this for its categories; a service that has a category of its own calls
 * it at its start.
 */
export async function ensureCategory(
  connection: NatsConnection,
  category: string,
  { name = `troupe_${category}`, replicas = 1 }: { name?: string; replicas?: number } = {},
): Promise<void> {
  const subjects = subjectsOf(categoryStream(category));
  const manager = await jetstreamManager(connection);
  const config: Partial<StreamConfig> & { name: string } = {
    name,
    subjects,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
  };
  const found = await manager.streams.info(name).catch(async (error) => {
    if (!isGone(error)) throw error;
    return manager.streams.add(config);
  });
  const missing = subjects.filter((subject) => !found.config.subjects.includes(subject));
  if (missing.length > 0) {
    throw new Error(`JetStream stream '${name}' must have the subject ${missing.join(" and ")}: add it, or choose another name`);
  }
}

/** The name of the JetStream stream that holds a category. */
export async function findCategory(manager: JetStreamManager, category: string): Promise<string> {
  try {
    return await manager.streams.find(`${category}.command`);
  } catch (error) {
    if (!(error instanceof Error && /no stream matches/.test(error.message))) throw error;
    throw new Error(`no JetStream stream holds the category '${category}': start Troupe first, or call ensureCategory`);
  }
}

/** An event, and where the log has it. */
export interface RecordedEvent {
  envelope: Envelope;
  stream: string;
  /** Of the message; all events of a message share it. */
  position: number;
}

/** What the log holds of one entity. */
export interface EntityHistory {
  events: RecordedEvent[];
  /** Of the last message, 0 when there is none: what `appendEvents` expects. */
  position: number;
}

/**
 * Reads the events of one entity, oldest first, from the leader of the stream: nothing that was confirmed before is
 * missing. A message that cannot be read is a MalformedMessage.
 */
export async function readEntity(
  connection: NatsConnection,
  stream: string,
  { after = 0 }: { after?: number } = {},
): Promise<EntityHistory> {
  const { category, kind, id } = parseStream(stream);
  if (kind !== "events" || id === undefined) throw new TypeError(`${stream} is not the stream of one entity's events`);
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const name = await findCategory(manager, category);
  const history: EntityHistory = { events: [], position: after };
  for (let next; (next = await nextMessage(manager, name, stream, history.position)) !== null; ) {
    const position = next.seq;
    history.events.push(...decodeMessage(next.data).map((envelope) => ({ envelope, stream, position })));
    history.position = position;
  }
  return history;
}

/** The first message on a subject after a position. */
export function nextMessage(
  manager: JetStreamManager,
  name: string,
  subject: string,
  position: number,
): Promise<StoredMsg | null> {
  const query: SeqMsgRequest & NextMsgRequest = { seq: position + 1, next_by_subj: subject };
  return manager.streams.getMessage(name, query);
}

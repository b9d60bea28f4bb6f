import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { Consumer, ConsumerConfig } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";

import type { StreamName } from "../streams";
import { isGone } from "./errors";
import { findCategory } from "./log";

/** The durable consumer that the members of a queue share. */
export interface QueueSettings {
  stream: StreamName;
  queue: string;
  ackWait: number;
  ordered: boolean;
}

/**
 * The one filter that all of a stream passes. More may pass it, see streamHolds: the commands of a category have two subjects,
 * and with a filter for each of them nats-server now and then passes over messages (nats-io/nats-server#6932).
 */
function filterOf({ category, kind, id }: StreamName): string {
  const prefix = kind === "commands" ? `${category}.command` : category;
  if (id !== undefined) return `${prefix}.${id}`;
  return kind === "commands" ? `${category}.>` : `${prefix}.*`;
}

const millisecond = 1_000_000; // in nanoseconds

/**
 * Makes the queue's consumer unless it is there: every message from the first on, explicit ack. One that is there and
 * differs is an error that names the setting, for changing it would change it for the other members too.
 */
export async function queueConsumer(connection: NatsConnection, settings: QueueSettings): Promise<Consumer> {
  const { stream, queue, ackWait, ordered } = settings;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(queue)) throw new TypeError(`queue '${queue}' must be 1 to 64 of [A-Za-z0-9_-]`);
  const manager = await jetstreamManager(connection);
  const name = await findCategory(manager, stream.category);
  const wanted: Partial<ConsumerConfig> = {
    durable_name: queue,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWait * millisecond,
    deliver_policy: DeliverPolicy.All,
    max_ack_pending: ordered ? 1 : 1_000,
    filter_subject: filterOf(stream),
  };
  const found = await manager.consumers.info(name, queue).catch((error) => {
    if (!isGone(error)) throw error;
    return manager.consumers.add(name, wanted);
  });
  for (const setting of Object.keys(wanted) as (keyof ConsumerConfig)[]) {
    const [has, wants] = [found.config[setting], wanted[setting]].map((value) => JSON.stringify(value));
    if (has !== wants) {
      throw new Error(`queue '${queue}' has ${setting} ${has}, not ${wants}: use the same settings, or another queue name`);
    }
  }
  return jetstream(connection).consumers.get(name, queue);
}

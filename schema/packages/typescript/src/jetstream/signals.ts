import type { NatsConnection } from "@nats-io/nats-core";

import type { Listener } from "./listener";

/**
 * Runs a service's listeners until SIGINT or SIGTERM, or until one of them cannot go on, which ends the others and is
 * thrown. Then every message in hand is finished and the connection is drained: `await untilStopped(…)` is a clean exit.
 */
export async function untilStopped(connection: NatsConnection, ...listeners: Listener[]): Promise<void> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = () => void listeners.map((each) => each.stop());
  signals.forEach((signal) => process.on(signal, stop));
  try {
    await Promise.all(listeners.map((each) => each.closed));
  } finally {
    await Promise.all(listeners.map((each) => each.stop()));
    signals.forEach((signal) => process.off(signal, stop));
    if (!connection.isClosed()) await connection.drain();
  }
}

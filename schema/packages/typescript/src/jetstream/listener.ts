import { setTimeout as sleep } from "node:timers/promises";

import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";

import type { Envelope } from "../envelope";
import { decodeMessage, MalformedMessage } from "../message";
import { parseStream, streamHolds } from "../streams";
import type { StreamName } from "../streams";
import { queueConsumer } from "./consumer";
import { isGone, textOf } from "./errors";

/** A message as a handler gets it. */
export interface Received<Type extends string = string, Data = unknown> extends Envelope<Type, Data> {
  /** Where it was published: "identity.4711", "identity.command.4711". */
  stream: string;
  /** Its place in the log. The envelopes of one message share it. */
  position: number;
  /** Its place among the envelopes of its message, from 0. */
  index: number;
  /** 1 the first time. More: it was delivered before and not acknowledged, so perhaps handled before. */
  attempt: number;
}

/** Handlers by message type; a type that has none is skipped. `Messages` maps names to types: `IdentityEvents`. */
export type Handlers<Messages> = {
  [Type in keyof Messages & string]?: (message: Received<Type, Messages[Type]>) => void | Promise<void>;
};

/** Something that went wrong and that the listener went on from. */
export interface Problem {
  /**
   * - `malformed`: the message cannot be read. It is not delivered to this queue again.
   * - `failed`: the handler threw. The message comes again after `retryIn` milliseconds.
   * - `given-up`: the message failed, or ended its process, too often. It is not delivered to this queue again.
   * - `slow`: the handler has run longer than `handlerTimeout`. Other members may get the message.
   * - `connection`: messages could not be fetched. The listener tries again.
   *
   * What is not delivered again stays in the log at its position.
   */
  kind: "malformed" | "failed" | "given-up" | "slow" | "connection";
  message: string;
  stream?: string;
  position?: number;
  attempt?: number;
  retryIn?: number;
  error?: unknown;
}

export interface ListenOptions {
  /** "identity.4711", "identity", "identity.command.4711" or "identity.command". */
  stream: string;
  /** Names the durable subscription. Members with the same name share its messages, and a later one resumes it. */
  queue: string;
  /** Told of every problem. If it throws, the listener ends. */
  onProblem: (problem: Problem) => void;
  /** Looks at the data before the handler does; a text says why the message is malformed. */
  validate?: (envelope: Envelope) => string | undefined;
  /** Messages fetched at once, at most 100. */
  batch?: number;
  /** Milliseconds without an acknowledgement after which JetStream delivers a message again. */
  ackWait?: number;
  /** Milliseconds that a handler may take. */
  handlerTimeout?: number;
  /** Deliveries after which a message is given up. */
  maxAttempts?: number;
  /** Nothing is delivered, to any member, while a message is unacknowledged: strict order, and slower. */
  ordered?: boolean;
}

/** Milliseconds that one fetch waits for messages; also how soon a broker that came back is asked again. */
const pullTime = 2_000;

type AnyHandler = (message: Received) => void | Promise<void>;
type AnyHandlers = Record<string, AnyHandler>;

/** Starts to follow a stream from its beginning, or from where the queue's members left off. */
export async function listen<Messages>(
  connection: NatsConnection,
  options: ListenOptions,
  handlers: Handlers<Messages>,
): Promise<Listener> {
  const stream = parseStream(options.stream);
  const { batch = 100, ackWait = 5_000, ordered = false } = options;
  if (!Number.isInteger(batch) || batch < 1 || batch > 100) throw new RangeError("batch must be 1 to 100");
  if (!Number.isInteger(ackWait) || ackWait < 100) throw new RangeError("ackWait must be at least 100 milliseconds");
  const consumer = await queueConsumer(connection, { stream, queue: options.queue, ackWait, ordered });
  return new Listener(connection, consumer, stream, { ...options, batch, ackWait }, handlers as object as AnyHandlers);
}

/**
 * One member of a queue: fetches batches, handles one message after the other, and acknowledges each when its
 * handlers are done. Everything fetched and not yet acknowledged is kept in progress meanwhile.
 */
export class Listener {
  /**
   * Kept when the listener has stopped; broken when it cannot go on: its consumer or stream was deleted, the
   * connection closed, or `onProblem` threw.
   */
  readonly closed: Promise<void>;

  /** The position of the last message that was done with, 0 before the first. */
  position = 0;

  readonly #connection: NatsConnection;
  readonly #consumer: Consumer;
  readonly #stream: StreamName;
  readonly #options: ListenOptions & { batch: number; ackWait: number };
  readonly #handlers: AnyHandlers;
  readonly #handlerTimeout: number;
  readonly #maxAttempts: number;

  #stopping = new AbortController();
  #fetching?: ConsumerMessages;
  #waiting: JsMsg[] = [];
  #current?: { message: JsMsg; since: number; slow: boolean };
  #changed: () => void = () => {};
  #failure: { error: unknown } | undefined;

  constructor(
    connection: NatsConnection,
    consumer: Consumer,
    stream: StreamName,
    options: ListenOptions & { batch: number; ackWait: number },
    handlers: AnyHandlers,
  ) {
    this.#connection = connection;
    this.#consumer = consumer;
    this.#stream = stream;
    this.#options = options;
    this.#handlers = handlers;
    this.#handlerTimeout = options.handlerTimeout ?? 60_000;
    this.#maxAttempts = options.maxAttempts ?? 20;
    this.closed = this.#run();
    this.closed.catch(() => {}); // whoever awaits it, now or later, hears of it
  }

  /**
   * Stops: the message in hand is finished and acknowledged, those that wait behind it are given back, to be delivered
   * again at once (in their order only where the queue is `ordered`). Kept when that is done; the connection is left
   * open.
   */
  async stop(): Promise<void> {
    this.#stop();
    await this.closed.catch(() => {});
  }

  #stop(): void {
    this.#stopping.abort();
    this.#fetching?.stop();
    this.#changed();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop();
  }

  async #run(): Promise<void> {
    const extend = setInterval(() => this.#guard(() => this.#keepInProgress()), this.#options.ackWait / 3);
    void this.#connection.closed().then((error) => this.#fail(error ?? new Error("the connection was closed")));
    try {
      await Promise.all([this.#fetch(), this.#work()].map((one) => one.catch((error) => this.#fail(error))));
      if (!this.#connection.isClosed()) await this.#connection.flush();
    } finally {
      clearInterval(extend);
    }
    if (this.#failure) throw this.#failure.error;
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Fetches whenever less than a batch is in hand, so that never more than one is. */
  async #fetch(): Promise<void> {
    const stopping = this.#stopping.signal;
    for (let failures = 0; !stopping.aborted; ) {
      const room = this.#options.batch - this.#waiting.length - (this.#current ? 1 : 0);
      if (room <= 0 || this.#current?.slow) {
        await this.#change();
        continue;
      }
      try {
        this.#fetching = await this.#consumer.fetch({ max_messages: room, expires: pullTime });
        if (stopping.aborted) this.#fetching.stop();
        for await (const message of this.#fetching) {
          this.#waiting.push(message);
          this.#changed();
        }
        failures = 0;
      } catch (error) {
        if (stopping.aborted) return;
        if (isGone(error) || (await this.#consumerIsGone())) {
          throw new Error(`queue '${this.#options.queue}' is gone: its consumer or its stream was deleted`, { cause: error });
        }
        this.#report({ kind: "connection", message: textOf(error), error });
        const delay = retryDelay(++failures);
        await sleep(delay, undefined, { signal: stopping }).catch(() => {});
      }
    }
  }

  async #consumerIsGone(): Promise<boolean> {
    return this.#consumer.info().then(() => false, isGone);
  }

  async #work(): Promise<void> {
    for (;;) {
      if (this.#stopping.signal.aborted) return this.#giveBack();
      const message = this.#waiting.shift();
      if (!message) {
        await this.#change();
        continue;
      }
      this.#current = { message, since: Date.now(), slow: false };
      try {
        await this.#handle(message);
      } finally {
        this.#current = undefined;
        this.#changed();
      }
    }
  }

  /** Kept at the next message, the next one done with, or a stop. */
  #change(): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.resolve();
    const before = this.#changed;
    return new Promise((resolve) => {
      this.#changed = () => {
        before();
        resolve();
        this.#changed = () => {};
      };
    });
  }

  async #handle(message: JsMsg): Promise<void> {
    const { subject: stream, seq: position } = message;
    const attempt = message.info.deliveryCount;
    if (!streamHolds(this.#stream, stream)) return this.#done(message);
    if (attempt > this.#maxAttempts) {
      return this.#giveUp(message, { kind: "given-up", message: `delivered ${attempt - 1} times without success` });
    }
    let envelopes: Envelope[];
    try {
      envelopes = decodeMessage(message.data);
      for (const envelope of envelopes) this.#validate(envelope);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      return this.#giveUp(message, { kind: "malformed", message: error.message, error });
    }
    try {
      for (const [index, envelope] of envelopes.entries()) {
        await this.#handlerOf(envelope.type)?.({ ...envelope, stream, position, index, attempt });
      }
    } catch (error) {
      if (attempt >= this.#maxAttempts) return this.#giveUp(message, { kind: "given-up", message: textOf(error), error });
      const retryIn = retryDelay(attempt);
      message.nak(retryIn);
      return this.#report({ kind: "failed", message: textOf(error), stream, position, attempt, retryIn, error });
    }
    this.#done(message);
  }

  #handlerOf(type: string): AnyHandler | undefined {
    return Object.prototype.hasOwnProperty.call(this.#handlers, type) ? this.#handlers[type] : undefined;
  }

  #validate(envelope: Envelope): void {
    if (!this.#handlerOf(envelope.type)) return;
    const complaint = this.#options.validate?.(envelope);
    if (complaint !== undefined) throw new MalformedMessage("data", complaint);
  }

  #done(message: JsMsg): void {
    message.ack();
    this.position = message.seq;
  }

  #giveUp(message: JsMsg, problem: Problem): void {
    message.term();
    this.position = message.seq;
    this.#report({ ...problem, stream: message.subject, position: message.seq, attempt: message.info.deliveryCount });
  }

  #report(problem: Problem): void {
    this.#options.onProblem(problem);
  }

  #giveBack(): void {
    for (const message of this.#waiting.splice(0)) message.nak();
  }

  #keepInProgress(): void {
    if (this.#current && Date.now() - this.#current.since > this.#handlerTimeout) {
      if (this.#current.slow) return;
      this.#current.slow = true;
      this.#giveBack();
      const { subject: stream, seq: position, info } = this.#current.message;
      const message = `the handler has run for more than ${this.#handlerTimeout} ms`;
      return this.#report({ kind: "slow", message, stream, position, attempt: info.deliveryCount });
    }
    this.#current?.message.working();
    for (const message of this.#waiting) message.working();
  }
}

/** Milliseconds before the next attempt: doubled each time, half a minute at most, with jitter. */
function retryDelay(attempt: number): number {
  return Math.round(Math.min(30_000, 125 * 2 ** attempt) * (0.5 + Math.random() / 2));
}

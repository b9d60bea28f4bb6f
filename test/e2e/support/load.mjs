// Load under which something dies, and the comparison of what was answered with what is in the log.
//
//   const load = new Load(t, node);                 ends with the test, however that ends
//   await load.reached(200);       … the fault …
//   await load.stop();
//   await compare(node, load);
import assert from 'node:assert/strict';
import { afterwards, profile, until } from './node.mjs';

/** Clients that add users without end, every other one under a key of its own. Users are told apart by their first name. */
export class Load {
  constructor(t, node, name = 'load', clients = 16) {
    this.node = node;
    this.name = name;
    this.serial = 0;
    this.accepted = new Map();
    this.refused = new Set();
    this.done = false;
    this.clients = Array.from({ length: clients }, () => this.run());
    afterwards(t, () => this.stop());
  }

  async run() {
    while (!this.done) {
      const name = `${this.name}-${++this.serial}`;
      let answer;
      try {
        answer = await this.node.post('/v1/identity/AddUser', profile(name), this.serial % 2 ? { 'Idempotency-Key': name } : {});
      } catch {
        if (this.done) return;
      }
      if (answer?.status === 200) {
        this.accepted.set(name, answer.body);
        continue;
      }
      if (answer) {
        assert.equal(answer.status, 503, answer.text);
        if (answer.body.code !== 'outcome-unknown') this.refused.add(name);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  reached(count) { return until(`${count} accepted commands`, () => this.accepted.size >= count); }
  /** So many more than now. */
  goesOn(count) { return this.reached(this.accepted.size + count); }

  async stop() {
    this.done = true;
    await Promise.all(this.clients);
  }
}

/** Every accepted command is in the log once, where its answer says; none that was refused is. */
export async function compare(node, load) {
  const events = await node.allEvents('identity');
  assert.equal(new Set(events.map((event) => event.metadata.commandId)).size, events.length, 'no command is stored twice');
  const byName = new Map();
  for (const event of events) {
    const name = event.data.firstName;
    assert.ok(!byName.has(name), `${name} is stored twice`);
    byName.set(name, event);
  }
  for (const [name, answer] of load.accepted) {
    const event = byName.get(name);
    assert.ok(event, `${name} was accepted and is not in the log`);
    assert.deepEqual(
      { commandId: answer.commandId, stream: answer.stream, position: answer.position },
      { commandId: event.metadata.commandId, stream: event.stream, position: `identity:${event.position}` });
  }
  for (const name of load.refused) assert.ok(!byName.has(name), `${name} was answered as not stored`);
  return events;
}

// A member of a queue as a process of its own: prints each event it handles, and ends itself right after handling the
// one whose data says so, before that is acknowledged.
//
//   node member.mjs URL STREAM QUEUE ACK_WAIT
import { writeSync } from "node:fs";

import { connect } from "@nats-io/transport-node";

import { listen, untilStopped } from "@devpie/troupe-messages/jetstream";

const [servers, stream, queue, ackWait] = process.argv.slice(2);
const connection = await connect({ servers });
const print = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const listener = await listen(connection, { stream, queue, ackWait: Number(ackWait), onProblem: print }, {
  Happened({ id, data, attempt, position }) {
    print({ id, attempt, position });
    if (data.crash && attempt === 1) process.kill(process.pid, "SIGKILL");
  },
});
print({ ready: true });
await untilStopped(connection, listener);

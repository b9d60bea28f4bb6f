// Adds a user and follows everybody who is added, until SIGINT or SIGTERM:
//
//   NATS_URL=nats://127.0.0.1:4222 node users.mjs 'auth0|zoe' zoe@example.com Zoë Washburne
//
// Started again, it goes on after the last user it has shown; started twice, the two share the users.
import { connect } from "@nats-io/transport-node";

import { command, commandStream, deriveId } from "@devpie/troupe-messages";
import type { AddUser, IdentityEvents } from "@devpie/troupe-messages";
import { listen, Publisher, untilStopped } from "@devpie/troupe-messages/jetstream";

const connection = await connect({ servers: process.env.NATS_URL });

const listener = await listen<IdentityEvents>(
  connection,
  { stream: "identity", queue: "users-example", onProblem: (problem) => console.error(problem) },
  {
    UserAdded({ data, stream, position, attempt }) {
      console.log(JSON.stringify({ stream, position, attempt, name: `${data.firstName} ${data.lastName}` }));
    },
  },
);

const [auth0Id, email, firstName = "", lastName = ""] = process.argv.slice(2);
if (auth0Id !== undefined && email !== undefined) {
  const user: AddUser = { auth0Id, email, emailVerified: true, firstName, lastName, picture: "", locale: "" };
  const stream = commandStream("identity", deriveId("identity", auth0Id));
  const { position } = await new Publisher(connection).sendCommand(stream, command("AddUser", user));
  console.log(JSON.stringify({ sent: stream, position }));
}

await untilStopped(connection, listener);

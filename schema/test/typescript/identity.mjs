// Stands in for Troupe's category `identity` where no node runs: answers AddUser with UserAdded, and nothing else.
import { entityStream, eventsOf, parseStream } from "@devpie/troupe-messages";
import { ensureCategory, listen, Publisher, readEntity } from "@devpie/troupe-messages/jetstream";

/** Resolves to the listener on the commands. */
export async function startIdentity(connection) {
  await ensureCategory(connection, "identity");
  const publisher = new Publisher(connection);
  const onProblem = (problem) => console.error(problem);
  return listen(connection, { stream: "identity.command", queue: "mic-identity", onProblem }, {
    async AddUser(message) {
      const { id = message.data.id } = parseStream(message.stream);
      const stream = entityStream("identity", id);
      const { events, position } = await readEntity(connection, stream);
      if (events.length > 0) return;
      const added = { type: "UserAdded", data: { ...message.data, id } };
      await publisher.appendEvents(stream, eventsOf(message, [added], 1), position);
    },
  });
}

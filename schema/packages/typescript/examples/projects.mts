// A microservice with a category of its own. It takes `AddProject` from projects.command.<id>, decides by what it reads
// from projects.<id>, and appends what happened there:
//
//   NATS_URL=nats://127.0.0.1:4222 node projects.mjs
//
// Run as many as you like: they share the commands, and compare-and-set keeps one history for each project.
import { connect } from "@nats-io/transport-node";

import { entityStream, eventsOf, parseStream } from "@devpie/troupe-messages";
import type { NewEvent } from "@devpie/troupe-messages";
import { Conflict, ensureCategory, listen, Publisher, readEntity, untilStopped } from "@devpie/troupe-messages/jetstream";
import type { EntityHistory, Received } from "@devpie/troupe-messages/jetstream";

interface AddProject {
  name: string;
  prefix: string;
}

interface ProjectsCommands {
  AddProject: AddProject;
}

function decide(history: EntityHistory, { name, prefix }: AddProject): NewEvent[] {
  if (history.events.length > 0) return []; // there is one already
  const columns = ["To Do", "In Progress", "Review", "Done"];
  return [
    { type: "ProjectAdded", data: { name, prefix } },
    ...columns.map((title) => ({ type: "ColumnAdded", data: { title } })),
  ];
}

const connection = await connect({ servers: process.env.NATS_URL });
await ensureCategory(connection, "projects");
const publisher = new Publisher(connection);

async function addProject(message: Received<"AddProject", AddProject>): Promise<void> {
  const { category, id } = parseStream(message.stream);
  if (id === undefined) throw new Error("AddProject must be sent to projects.command.<id>");
  const stream = entityStream(category, id);
  for (;;) {
    const history = await readEntity(connection, stream);
    if (history.events.some(({ envelope }) => envelope.metadata.commandId === message.id)) return; // done before
    const events = decide(history, message.data);
    if (events.length === 0) return;
    try {
      await publisher.appendEvents(stream, eventsOf(message, events, history.events.length + 1), history.position);
      return;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error; // delivered again later
    }
  }
}

const listener = await listen<ProjectsCommands>(
  connection,
  { stream: "projects.command", queue: "mic-projects", onProblem: (problem) => console.error(problem) },
  { AddProject: addProject },
);
console.log("ready");
await untilStopped(connection, listener);

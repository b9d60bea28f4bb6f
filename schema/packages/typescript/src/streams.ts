import { checkCategory, checkEntityId, InvalidName } from "./ids";
import { quoted } from "./internal/quoted";

/** The events of one entity: "identity.4711". */
export function entityStream(category: string, id: string): string {
  checkCategory(category);
  checkEntityId(id);
  return `${category}.${id}`;
}

/** The events of every entity of a category: "identity". */
export function categoryStream(category: string): string {
  checkCategory(category);
  return category;
}

/** The commands to one entity: "identity.command.4711"; without an id, those of the category: "identity.command". */
export function commandStream(category: string, id?: string): string {
  checkCategory(category);
  if (id === undefined) return `${category}.command`;
  checkEntityId(id);
  return `${category}.command.${id}`;
}

/** What a stream name says. Without an id it is the stream of the whole category. */
export interface StreamName {
  category: string;
  kind: "events" | "commands";
  id?: string;
}

/** Reads any of the four forms; throws InvalidName for everything else. */
export function parseStream(name: string): StreamName {
  const [category, ...rest] = name.split(".");
  checkCategory(category);
  const kind = rest[0] === "command" ? "commands" : "events";
  if (kind === "commands") rest.shift();
  if (rest.length > 1) {
    throw new InvalidName(`stream ${quoted(name)} must be category, category.id, category.command or category.command.id`);
  }
  if (rest.length === 0) return { category, kind };
  checkEntityId(rest[0]);
  return { category, kind, id: rest[0] };
}

/** Whether a message on `subject` belongs to the stream. */
export function streamHolds(stream: StreamName, subject: string): boolean {
  let found: StreamName;
  try {
    found = parseStream(subject);
  } catch {
    return false;
  }
  if (found.category !== stream.category || found.kind !== stream.kind) return false;
  return stream.id === undefined || stream.id === found.id;
}

import { createHash } from "node:crypto";

import { quoted } from "./internal/quoted";

/** Whether a text may name a category: a lower-case letter, then up to 63 of [a-z0-9_-]. */
export function isCategory(text: string): boolean {
  return /^[a-z][a-z0-9_-]{0,63}$/.test(text);
}

/** Whether a text may name an entity: 1 to 128 of [A-Za-z0-9_-], and not the reserved word "command". */
export function isEntityId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(text) && text !== "command";
}

/** Whether a text may name a command: 1 to 128 printable ASCII characters without spaces. */
export function isCommandId(text: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(text);
}

/** A category that is none, an id that is none, a stream name of no known form. */
export class InvalidName extends Error {
  readonly name = "InvalidName";
}

export function checkCategory(text: string): void {
  if (isCategory(text)) return;
  throw new InvalidName(`category ${quoted(text)} must be a lower-case letter and up to 63 of [a-z0-9_-]`);
}

export function checkEntityId(text: string): void {
  if (text === "command") throw new InvalidName("entity id 'command' is reserved; choose another");
  if (isEntityId(text)) return;
  throw new InvalidName(`entity id ${quoted(text)} must be 1 to 128 of [A-Za-z0-9_-]`);
}

export function checkCommandId(text: string): void {
  if (isCommandId(text)) return;
  throw new InvalidName(`command id ${quoted(text)} must be 1 to 128 printable ASCII characters without spaces`);
}

/**
 * The name-based UUID (version 5) that Troupe gives to `name` in `scope`: the same everywhere and for ever.
 * `deriveId("identity", auth0Id)` is the id of a user; `deriveId("event", commandId + "/1")` that of the first event
 * of a command.
 */
export function deriveId(scope: string, name: string): string {
  return uuid5(uuid5(Buffer.from("6f6e0a3e9c5d4b5c8a517f3b1f0c2d11", "hex"), scope), name).toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function uuid5(namespace: Buffer, name: string): Buffer {
  const bytes = createHash("sha1").update(namespace).update(name, "utf8").digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes;
}

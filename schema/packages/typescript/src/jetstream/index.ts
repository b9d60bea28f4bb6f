export { Conflict, NotStored, OutcomeUnknown } from "./errors";
export * from "./listener";
export { ensureCategory, readEntity } from "./log";
export type { EntityHistory, RecordedEvent } from "./log";
export * from "./publisher";
export * from "./signals";

/** For errors: without control characters, and not the whole of a long text. */
export function quoted(text: unknown): string {
  const shown = String(text);
  return `'${shown.slice(0, 64).replace(/[^\x20-\x7e]|'/g, "?")}${shown.length > 64 ? "…" : ""}'`;
}

// Writes, in one language, what names a category's messages: a handler is found and a message is decoded by the name in
// its envelope, and the types alone do not tell a program which names there are.
//
//   node name_messages.mjs typescript|go|python SCHEMA.json
import { readFileSync } from "node:fs";

const [language, schemaFile] = process.argv.slice(2);
const { title: category, "x-commands": commands, "x-events": events } = JSON.parse(readFileSync(schemaFile, "utf8"));
const [word, ...words] = category.split(/[_-]/);
const upper = (text) => text[0].toUpperCase() + text.slice(1);
const camel = word + words.map(upper).join("");
const each = (names, line) => names.map(line).join("");

const writers = {
  typescript() {
    const named = (kind, what, names) => `
/** The ${what} of category \`${category}\` by name. */
export interface ${upper(camel)}${kind}s {
${each(names, (name) => `  ${name}: ${name};\n`)}}

/** The names of the ${what} of category \`${category}\`. */
export const ${camel}${kind}Types = [${names.map((name) => `"${name}"`).join(", ")}] as const;
`;
    return `import type { ${[...commands, ...events].join(", ")} } from "./${category}";
${named("Command", "commands", commands)}${named("Event", "events", events)}`;
  },

  go() {
    const named = (kind, what, names) => {
      const width = Math.max(...names.map((name) => name.length));
      return `
// ${kind}s makes an empty message for the name of each of the category's ${what}.
var ${kind}s = map[string]func() interface{}{
${each(names, (name) => `\t"${name}":${" ".repeat(width - name.length)} func() interface{} { return new(${name}) },\n`)}}
`;
    };
    return `package ${category}

import _ "embed"

// Category is the name of the category.
const Category = "${category}"

// Schema is the JSON Schema (draft 7) of the category's messages: one entry in \`definitions\` for each type.
//
//go:embed ${category}.schema.json
var Schema []byte
${named("Command", "commands", commands)}${named("Event", "events", events)}`;
  },

  python() {
    const named = (kind, what, names) => `

${kind}S = {
${each(names, (name) => `    "${name}": ${name},\n`)}}
"""The types of the category's ${what} by name."""
`;
    return `

CATEGORY = "${category}"
"""The name of the category."""
${named("COMMAND", "commands", commands)}${named("EVENT", "events", events)}`;
  },
};
process.stdout.write(writers[language]());

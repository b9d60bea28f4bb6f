// Objects against the Kubernetes models, strictly: a member that the model does not know is a complaint too.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const models = dirname(require.resolve('kubernetes-models/package.json'));

/** The package's check of an object's kind. */
function validatorOf({ apiVersion, kind }) {
  const file = join(models, String(apiVersion), `${kind}.js`);
  if (!existsSync(file)) throw new Error(`no model of ${apiVersion} ${kind}`);
  const schema = Object.keys(require(file)).find((name) => name.startsWith('Io'));
  return require(join(models, '_schemas', `${schema}.js`)).validate;
}

/**
 * A wrapper that notes which members a check asks for. The package ignores members that its models lack, and a misspelt
 * member is what goes wrong most: nobody asks for it.
 */
function noting(value, path, members) {
  if (typeof value !== 'object' || value === null) return value;
  const asked = new Set();
  members.push({ path, asked, names: Object.keys(value) });
  const children = new Map(Object.entries(value).map(([name, child]) => [name, noting(child, `${path}/${name}`, members)]));
  return new Proxy(value, {
    get(target, name) {
      asked.add(name);
      return children.has(name) ? children.get(name) : Reflect.get(target, name);
    },
  });
}

/** What is wrong with an object: a list of lines, empty if nothing is. */
export function complaintsOf(object) {
  const members = [];
  const validate = validatorOf(object);
  const fits = validate(noting(object, '', members));
  const found = fits ? [] : validate.errors.map(({ instancePath, keyword, params }) => `${instancePath}: ${keyword} ${JSON.stringify(params)}`);
  for (const { path, asked, names } of members) {
    for (const name of names) if (!asked.has(name)) found.push(`${path}/${name} is unknown`);
  }
  return found;
}

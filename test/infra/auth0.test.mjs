// Auth0's deploy tool reads the tenant's file, without a tenant: its own schema, its own checks of what belongs together.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { repository } from './support.mjs';

const require = createRequire(import.meta.url);
const { default: YamlContext } = require('auth0-deploy-cli/lib/context/yaml');
const folder = join(repository, '__infra__/auth0');
const mappings = {
  AUTH0_AUDIENCE: 'https://client-backend.devpie.local', FRONTEND_ORIGINS: ['http://localhost:3000'],
  GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret',
};

/** What the tool would send; throws what it complains of. */
async function read(file) {
  const context = new YamlContext({ AUTH0_INPUT_FILE: file, AUTH0_BASE_PATH: folder, AUTH0_KEYWORD_REPLACE_MAPPINGS: mappings }, {});
  await context.loadAssetsFromLocal();
  return context.assets;
}

test('the deploy tool accepts the tenant', async () => {
  const tenant = await read(join(folder, 'tenant.yaml'));
  const [api] = tenant.resourceServers;
  assert.deepEqual([api.identifier, api.signing_alg], [mappings.AUTH0_AUDIENCE, 'RS256']);
  assert.deepEqual(tenant.clients.map(({ app_type, grant_types }) => [app_type, grant_types]),
    [['spa', ['authorization_code', 'refresh_token']], ['non_interactive', ['client_credentials']]]);
  assert.deepEqual(tenant.clients[0].web_origins, mappings.FRONTEND_ORIGINS);
  assert.deepEqual(tenant.roles.map(({ name }) => name), ['admin', 'employee', 'user']);
  assert.equal(tenant.actions[0].code, readFileSync(join(folder, 'actions/claims.js'), 'utf8'));
  assert.doesNotMatch(JSON.stringify({ ...tenant, actions: [] }), /##|@@/);
});

test('names that the tenant uses are names that it has', async () => {
  const tenant = await read(join(folder, 'tenant.yaml'));
  const clients = new Set(tenant.clients.map(({ name }) => name));
  const used = [...tenant.clientGrants.map((one) => one.client_id), ...[...tenant.databases, ...tenant.connections].flatMap((one) => one.enabled_clients)];
  for (const name of used) assert.ok(clients.has(name), name);
  for (const { action_name } of tenant.triggers['post-login']) assert.ok(tenant.actions.some(({ name }) => name === action_name), action_name);
});

test('the deploy tool would see a mistake', async (t) => {
  const temporary = mkdtempSync(join(tmpdir(), 'troupe-infra-'));
  t.after(() => rmSync(temporary, { recursive: true }));
  const text = readFileSync(join(folder, 'tenant.yaml'), 'utf8');
  for (const [from, to] of [
    ['scopes: []', 'scopes: none'], ['name: Devpie Services', 'name: Devpie Client'], ['supported_triggers:', 'supported_trigger:'],
    ['code: ./actions/claims.js', 'code: ./actions/clams.js'],
  ]) {
    const file = join(temporary, 'tenant.yaml');
    writeFileSync(file, text.replace(from, to));
    await assert.rejects(read(file), undefined, to);
  }
});

// What a node says of itself: OpenAPI and AsyncAPI documents that their own tools accept and that tell the truth.
import assert from 'node:assert/strict';
import test from 'node:test';
import SwaggerParser from '@apidevtools/swagger-parser';
import { Parser } from '@asyncapi/parser';
import { ok, profile, startNode } from './support/node.mjs';

const commands = ['AddUser', 'ModifyUser', 'LockAccount', 'UnlockAccount', 'CloseAccount'];
const events = ['UserAdded', 'UserModified', 'AccountLocked', 'AccountUnlocked', 'AccountClosed'];

test('the OpenAPI document', async (t) => {
  const node = await startNode(t);
  const served = await node.get('/v1/openapi.json');
  const document = ok(served);

  await t.test('is valid', async () => {
    await SwaggerParser.validate(structuredClone(document));
  });

  await t.test('names every command, view, category and route of the features', () => {
    for (const command of commands) {
      for (const path of [`/v1/identity/${command}`, `/v1/identity/{id}/${command}`]) {
        const { post } = document.paths[path];
        assert.deepEqual(post.requestBody.content['application/json'].schema, { $ref: `#/components/schemas/identity.${command}` });
        assert.ok(post.responses['202'] && post.responses['409']);
      }
    }
    for (const [path, method] of [
      ['/v1/commands', 'post'], ['/v1/commands/{commandId}', 'get'], ['/v1/views/users', 'get'], ['/v1/views/users/{key}', 'get'],
      ['/v1/events/identity', 'get'], ['/v1/users', 'post'], ['/v1/users/me', 'get'], ['/v1/openapi.json', 'get'], ['/v1/asyncapi.json', 'get'],
    ]) {
      assert.ok(document.paths[path]?.[method]?.summary, `${method} ${path}`);
    }
    assert.equal(document.components.schemas['view.users'].properties.emailVerified.type, 'boolean');
    assert.ok(document.paths['/v1/views/users'].get.parameters.some((one) => one.name === 'auth0Id'));
    assert.equal(document.components.schemas['identity.AddUser'].additionalProperties, false);
  });

  await t.test('describes answers as they come', async () => {
    const has = (name, value) => {
      for (const member of document.components.schemas[name].required) assert.ok(member in value, `${name} without ${member}`);
    };
    const added = ok(await node.post('/v1/identity/AddUser', profile('zoe')));
    has('Accepted', added);
    has('Problem', (await node.post('/v1/identity/AddUser', {})).body);
    has('TakenIn', (await node.post('/v1/identity/AddUser', profile('wash'), { Prefer: 'respond-async' })).body);
    has('RecordedEvent', ok(await node.get('/v1/events/identity')).items[0]);
    await node.caughtUp('users');
    const row = ok(await node.get(`/v1/views/users/${added.id}`));
    const { properties } = document.components.schemas['view.users'];
    assert.deepEqual(Object.keys(row).sort(), Object.keys(properties).sort());
    for (const [column, value] of Object.entries(row)) assert.equal(typeof value, properties[column].type, column);
  });

  await t.test('is sent once to who has it', async () => {
    const again = await node.get('/v1/openapi.json', { 'If-None-Match': served.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
    assert.equal((await node.get('/v1/openapi.json', { 'If-None-Match': '"another"' })).status, 200);
  });
});

test('the AsyncAPI document', async (t) => {
  const node = await startNode(t);
  const served = await node.get('/v1/asyncapi.json');
  const document = ok(served);

  await t.test('is valid', async () => {
    const { document: parsed, diagnostics } = await new Parser().parse(served.text);
    assert.deepEqual(diagnostics.filter((one) => one.severity === 0).map((one) => `${one.path.join('.')}: ${one.message}`), []);
    assert.ok(parsed);
  });

  await t.test('has the streams of events and commands with their messages', () => {
    const channel = (address) => Object.values(document.channels).find((one) => one.address === address);
    assert.deepEqual(Object.keys(channel('identity.{id}').messages).sort(), [...events, 'Commit'].sort());
    assert.deepEqual(Object.keys(channel('identity.command.{id}').messages).sort(), [...commands].sort());
    assert.deepEqual(Object.keys(channel('identity.command').messages).sort(), [...commands].sort());
    const payload = document.components.messages['identity.UserAdded'].payload;
    assert.equal(payload.properties.type.const, 'UserAdded');
    assert.deepEqual(payload.required.slice().sort(), ['data', 'id', 'metadata', 'type']);
  });

  await t.test('is sent once to who has it', async () => {
    assert.equal((await node.get('/v1/asyncapi.json', { 'If-None-Match': served.headers.etag })).status, 304);
  });
});

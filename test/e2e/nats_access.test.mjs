// A broker that lets nobody in who does not belong there: TLS with an authority of the test's own, user and password, a
// token, and a credentials file (an operator's, an account's and a user's keys, as 'nsc' would make them).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { nkeys } from '@nats-io/transport-node';
import { startBroker } from './support/nats.mjs';
import { afterwards, ok, profile, run, startNode, temporaryDirectory, until } from './support/node.mjs';

const openssl = (cwd, ...args) => execFileSync('openssl', args, { cwd, stdio: 'pipe' });

/** An authority's certificate: the path of `<name>.pem` beside its key. */
function authority(directory, name) {
  openssl(directory, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  return join(directory, `${name}.pem`);
}

/** The configuration of a broker that speaks TLS with a certificate for 127.0.0.1 from this authority. */
function tlsLines(directory, signer) {
  openssl(directory, 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=127.0.0.1',
    '-keyout', 'broker.key', '-out', 'broker.csr');
  writeFileSync(join(directory, 'san'), 'subjectAltName=IP:127.0.0.1');
  openssl(directory, 'x509', '-req', '-in', 'broker.csr', '-CA', `${signer}.pem`, '-CAkey', `${signer}.key`, '-CAcreateserial',
    '-days', '2', '-extfile', 'san', '-out', 'broker.pem');
  return [`tls { cert_file: "${join(directory, 'broker.pem')}", key_file: "${join(directory, 'broker.key')}" }`];
}

/** A token that says `claims` of the key `subject`, signed by `issuer`. */
function signed(issuer, subject, claims) {
  const encode = (value) => Buffer.from(typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)).toString('base64url');
  const body = { iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), sub: subject.getPublicKey(), name: claims.type, nats: { version: 2, ...claims } };
  const unsigned = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(body)}`;
  return `${unsigned}.${encode(issuer.sign(new TextEncoder().encode(unsigned)))}`;
}

const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** The content of a credentials file for a user of this account. */
function credentials(account) {
  const user = nkeys.createUser();
  const token = signed(account, user, { type: 'user', subs: -1, data: -1, payload: -1 });
  return `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n`
    + `-----BEGIN USER NKEY SEED-----\n${new TextDecoder().decode(user.getSeed())}\n------END USER NKEY SEED------\n`;
}

const start = (t, url, ...flags) => startNode(t, { flags: ['--log', 'nats', '--nats', url, ...flags] });
const works = async (node) => {
  const { id } = ok(await node.post('/v1/users', profile('zoe')));
  assert.equal((await node.allEvents('identity')).at(-1).stream, `identity.${id}`);
};

/** Stands before a broker and refuses as many connections as `toRefuse` says, after they have said who they are. */
async function refusingProxy(t, broker, toRefuse) {
  const proxy = { refused: 0 };
  const server = net.createServer((client) => {
    const upstream = net.connect(broker.port, '127.0.0.1');
    for (const [one, other] of [[client, upstream], [upstream, client]]) one.on('error', () => {}).on('close', () => other.destroy());
    upstream.pipe(client);
    if (proxy.refused === toRefuse) return void client.pipe(upstream);
    proxy.refused += 1;
    client.once('data', () => client.end("-ERR 'Authorization Violation'\r\n"));
  }).listen(0, '127.0.0.1');
  afterwards(t, () => server.close());
  await once(server, 'listening');
  proxy.url = `nats://127.0.0.1:${server.address().port}`;
  return proxy;
}

/** What a node says that cannot start: one line, and the exit status of a wrong configuration. */
async function refusal(t, url, ...flags) {
  const { code, stderr } = await run(['run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', temporaryDirectory(t), '--log', 'nats', '--nats', url, ...flags]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^troupe: [^\n]*\n$/);
  return stderr;
}

test('a broker with TLS is trusted when --nats-ca names its authority, and refused clearly otherwise', async (t) => {
  const directory = temporaryDirectory(t);
  const ours = authority(directory, 'ours');
  const others = authority(directory, 'others');
  const broker = await startBroker(t, { lines: tlsLines(directory, 'ours') });
  const node = await start(t, broker.url, '--nats-ca', ours);
  await works(node);

  await t.test('another authority', async () => {
    assert.match(await refusal(t, broker.url, '--nats-ca', others), /--nats-ca: .*certificate.*others\.pem/);
  });
  await t.test('no authority at all', async () => {
    assert.match(await refusal(t, broker.url), /TLS.*--nats-ca/);
  });
  await t.test('a file that holds none', async () => {
    const file = join(directory, 'empty.pem');
    writeFileSync(file, 'nothing\n');
    assert.match(await refusal(t, broker.url, '--nats-ca', file), /--nats-ca: .*empty\.pem is not a readable PEM file/);
  });
  await t.test('a broker without TLS is not talked to in clear', async () => {
    const plain = await startBroker(t);
    assert.match(await refusal(t, plain.url, '--nats-ca', ours), /--nats-ca: .*no TLS/);
  });
  await t.test('and comes back after the broker was away', async () => {
    await broker.kill();
    await until('the node to notice', async () => (await node.get('/readyz')).status === 503);
    await broker.start();
    await until('the node to be back', async () => (await node.get('/readyz')).status === 200);
    await works(node);
  });
});

test('user and password, and a token, are part of the URL and shown nowhere', async (t) => {
  for (const [lines, secret] of [['authorization { user: "troupe", password: "hidden" }', 'troupe:hidden'], ['authorization { token: "hidden" }', 'hidden']]) {
    const broker = await startBroker(t, { lines: [lines] });
    const as = (who) => broker.url.replace('//', `//${who}@`);
    const node = await start(t, as(secret));
    await works(node);
    assert.doesNotMatch((await node.get('/admin/config')).text + node.stdout + node.stderr, /hidden/);
    for (const url of [as(secret.replace('hidden', 'hidden-wrong')), broker.url]) {
      const said = await refusal(t, url);
      assert.match(said, /the broker at \S*127\.0\.0\.1:\d+ refuses .*--nats-creds/);
      assert.doesNotMatch(said, /hidden/);
    }
  }
});

/** A broker of accounts, and the paths of a credentials file that it knows and of one that it does not. */
async function brokerOfAccounts(t) {
  const operator = nkeys.createOperator();
  const [account, stranger, system] = Array.from({ length: 3 }, () => nkeys.createAccount());
  const known = (one, claims) => `${one.getPublicKey()}: "${signed(operator, one, { type: 'account', ...claims })}"`;
  const broker = await startBroker(t, {
    lines: [
      `operator: "${signed(operator, operator, { type: 'operator' })}"`, 'resolver: MEMORY',
      `system_account: ${system.getPublicKey()}`, `resolver_preload { ${known(account, { limits })}, ${known(system, {})} }`,
    ],
  });
  const file = (name, content) => {
    const path = join(temporaryDirectory(t), name);
    writeFileSync(path, content);
    return path;
  };
  return { broker, file, ours: file('ours.creds', credentials(account)), strange: file('strange.creds', credentials(stranger)) };
}

test('a credentials file opens a broker of accounts, and one of another account does not', async (t) => {
  const { broker, file, ours, strange } = await brokerOfAccounts(t);
  const node = await start(t, broker.url, '--nats-creds', ours);
  await works(node);
  assert.match(await refusal(t, broker.url, '--nats-creds', strange), /refuses .*strange\.creds/);
  assert.match(await refusal(t, broker.url, '--nats-creds', file('broken.creds', 'nothing\n')), /--nats-creds: .*broken\.creds/);
  assert.match(await refusal(t, broker.url), /refuses .*--nats-creds/);
});

// The client library cannot send one signature in 256, and the broker then refuses a node that it knows.
test('good credentials that are refused now and then open the broker', async (t) => {
  const { broker, ours } = await brokerOfAccounts(t);
  const proxy = await refusingProxy(t, broker, 3);
  await works(await start(t, proxy.url, '--nats-creds', ours));
  assert.equal(proxy.refused, 3);
});

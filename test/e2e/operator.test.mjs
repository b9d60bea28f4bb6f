// The command line for running nodes: command, inspect, projection, dead-letter, top, completion; as people and as programs use it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import test from 'node:test';
import { binary, inMemory, ok, patience, profile, run, startNode, temporaryDirectory, tutorial, until } from './support/node.mjs';

const forNode = (node) => (...words) => run([...words, '--admin', node.admin]);
const forApplication = (node) => (...words) => run([...words, '--http', node.http]);

/** The document of a command that must succeed. */
async function document(running) {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('a command is stored, seen, refused, repeated and folded, all from the command line', async (t) => {
  const node = await startNode(t);
  const command = forApplication(node);
  const inspect = forNode(node);
  const added = await document(command('command', 'identity', 'AddUser', JSON.stringify(profile('zoe')), '--json'));
  assert.deepEqual(added.events.map((one) => one.type), ['UserAdded']);
  const entity = `identity/${added.id}`;

  const locked = await command('command', entity, 'LockAccount', '{"reason":"lost phone"}', '--command-id', 'one');
  assert.deepEqual([locked.code, locked.stderr], [0, '']);
  assert.match(locked.stdout, new RegExp(`^identity\\.${added.id} is at version 2, stored at identity:2\\n`));
  assert.match(locked.stdout, /^AccountLocked +2  /m);
  const again = await command('command', entity, 'LockAccount', '{"reason":"lost phone"}', '--command-id', 'one');
  assert.deepEqual([again.code, again.stdout], [0, locked.stdout]);
  const unchanged = await command('command', entity, 'LockAccount', '{"reason":"again"}');
  assert.match(unchanged.stdout, /nothing changed, it stays at version 2/);

  const refused = await command('command', entity, 'ModifyUser', '{"firstName":"Z","lastName":"W","picture":"","locale":"en"}');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^troupe: refused with 409 account-locked: /);
  const invalid = await command('command', entity, 'LockAccount', '{"reason":7}');
  assert.equal(invalid.code, 1);
  assert.match(invalid.stderr, /^troupe: refused with 400 invalid-data: .*\n  \S*reason: /);
  const late = await command('command', entity, 'UnlockAccount', '{"reason":"found"}', '--if-version', '1');
  assert.equal(late.code, 1);
  assert.match(late.stderr, /412 version-mismatch.*troupe inspect entity/);

  const now = await document(inspect('inspect', 'entity', entity, '--json'));
  assert.deepEqual([now.version, now.state.status], [2, 'locked']);
  const before = await document(inspect('inspect', 'entity', entity, '--version', '1', '--json'));
  assert.deepEqual([before.version, before.state.status], [1, 'open']);
  const stream = await inspect('inspect', 'stream', entity);
  assert.match(stream.stdout, /^version +position +type +data\n +1 +1  UserAdded +\{.*\n +2 +2  AccountLocked +\{/);
  const nobody = await inspect('inspect', 'entity', 'identity/nobody', '--json');
  assert.equal(nobody.code, 1);
  assert.equal(JSON.parse(nobody.stdout).code, 'not-found');
});

test('data come from standard input with -', async (t) => {
  const node = await startNode(t);
  const done = spawnSync(binary, ['command', 'identity', 'AddUser', '-', '--http', node.http, '--json'],
    { input: JSON.stringify(profile('wash')), encoding: 'utf8', timeout: patience });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(JSON.parse(done.stdout).version, 1);
});

test('actors, projections, dead letters and the cluster are listed for people and for programs', async (t) => {
  const node = await startNode(t);
  for (let i = 0; i < 12; ++i) ok(await node.post('/v1/users', profile(`user-${i}`)));
  await node.caughtUp('users');
  const inspect = forNode(node);
  const actors = await inspect('inspect', 'actors', '--path', '/log');
  assert.match(actors.stdout, /^path +kind +status +mailbox +processed +restarts/);
  assert.match(actors.stdout, /^\/log\/writer +log-writer +running +0 +\d+ +0/m);
  const some = await document(inspect('inspect', 'actors', '--kind', 'command-handler', '--limit', '5', '--json'));
  assert.equal(some.items.length, 5);
  assert.equal(some.total, 12);
  const one = await inspect('inspect', 'actor', '/features/identity/projectors/users');
  assert.match(one.stdout, /^path +\/features\/identity\/projectors\/users\nkind +projector\nstatus +running\n/);
  assert.match(one.stdout, /"checkpoint": 12/);
  const none = await inspect('inspect', 'actor', '/nowhere');
  assert.equal(none.code, 1);
  assert.match(none.stderr, /404.*troupe inspect actors lists them/);
  const projections = await inspect('inspect', 'projections');
  assert.match(projections.stdout, /^users +running +12 +12 +0 +0\.0 s +\d+/m);
  assert.equal((await inspect('inspect', 'dead-letters')).stdout, 'nothing is parked\n');
  const cluster = await document(inspect('inspect', 'cluster', '--json'));
  assert.equal(cluster.nodes.length, 1);
  assert.match((await inspect('inspect', 'cluster')).stdout, /^cluster troupe\nnode /);
});

test('a view is paused, resumed and rebuilt', async (t) => {
  const node = await startNode(t);
  const projection = (...words) => forNode(node)('projection', ...words);
  assert.equal((await projection('pause', 'users')).stdout, 'users is paused\n');
  ok(await node.post('/v1/identity/AddUser', profile('zoe')));
  assert.equal((await node.projection('users')).status, 'paused');
  const stuck = await projection('rebuild', 'users', '--wait');
  assert.equal(stuck.code, 1);
  assert.match(stuck.stderr, /users is paused: it is rebuilt after troupe projection resume users/);
  assert.equal((await projection('resume', 'users')).code, 0);
  await node.caughtUp('users');
  const rebuilt = await projection('rebuild', 'users', '--wait');
  assert.deepEqual([rebuilt.code, rebuilt.stdout], [0, 'users is rebuilt up to position 1\n']);
  assert.equal((await node.allRows('users')).length, 1);
  const unknown = await projection('pause', 'nothing');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /404.*troupe inspect projections lists them/);
});

test('a parked event is found, tried again and discarded', { skip: inMemory }, async (t) => {
  const node = await startNode(t, { program: tutorial });
  const ask = forNode(node);
  for (const grams of [1_000_000_000, 1_000_000_000, 1_000_000_000, 1]) ok(await node.post('/v1/parcels/PostParcel', { depot: 'oslo', grams }));
  await node.caughtUp('depots');
  const { items } = await document(ask('inspect', 'dead-letters', '--json'));
  assert.equal(items.length, 2);
  assert.match((await ask('inspect', 'dead-letters')).stdout, new RegExp(`^${items[0].id.replace('.', '\\.')} +ParcelPosted .*32 bits`, 'm'));
  const retry = await ask('dead-letter', 'retry', items[0].id);
  assert.equal(retry.code, 1);
  assert.match(retry.stderr, /refused with 409 .*32 bits/);
  assert.deepEqual((await ask('dead-letter', 'discard', items[0].id)).stdout, `${items[0].id} is discarded\n`);
  assert.match((await ask('dead-letter', 'retry', items[1].id)).stdout, /: 1 applied, 0 parked again, 0 of its key left\n/);
  assert.equal((await ask('inspect', 'dead-letters')).stdout, 'nothing is parked\n');
});

test('what cannot be asked, or is answered by nobody, says what to do', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const address = `http://127.0.0.1:${free.address().port}`;
  await new Promise((resolve) => free.close(resolve));
  const nobody = await run(['inspect', 'cluster', '--admin', address]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, new RegExp(`^troupe: no node answers at ${address} \\(.*\\): is 'troupe run' running\\? Choose another with --admin URL\\n$`));
  for (const words of [['inspect'], ['inspect', 'nothing'], ['inspect', 'entity'], ['inspect', 'entity', 'identity'], ['projection', 'pause'],
    ['command', 'identity', 'AddUser', '{'], ['dead-letter', 'keep', 'users.1'], ['inspect', 'actors', '--limit', '0'],
    ['inspect', 'cluster', '--admin', 'nowhere'], ['completion', 'tcsh'], ['inspect', 'cluster', '--admin-token', '/nowhere']]) {
    const { code, stdout, stderr } = await run(words);
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, /^troupe: .*; see 'troupe .*--help'\n$/, words.join(' '));
  }
});

test('the environment names the node where no flag does', async (t) => {
  const node = await startNode(t);
  const environment = { TROUPE_ADMIN: node.admin.replace('http://', ''), TROUPE_HTTP: node.http.replace('http://', '') };
  assert.equal((await run(['inspect', 'cluster'], environment)).code, 0);
  assert.equal((await run(['command', 'identity', 'AddUser', JSON.stringify(profile('zoe'))], environment)).code, 0);
  assert.equal((await run(['inspect', 'cluster', '--admin', '127.0.0.1:1'], environment)).code, 1);
});

/** A terminal of 60 columns that is `script`'s, on which a command runs. */
function onTerminal(t, command) {
  const child = spawn('script', ['-qfec', `stty cols 60 rows 20; ${command}`, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const seen = { child, text: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (seen.text += text));
  seen.ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  t.after(() => child.kill('SIGKILL'));
  return seen;
}

test('a table fits the terminal that it is shown on', async (t) => {
  const node = await startNode(t);
  ok(await node.post('/v1/users', profile('zoe', { lastName: '船長 '.repeat(30) })));
  const seen = onTerminal(t, `${binary} inspect actors --admin ${node.admin}`);
  assert.equal(await seen.ended, 0, seen.text);
  const lines = seen.text.trimEnd().split(/\r?\n/);
  assert.ok(lines.length > 5, seen.text);
  for (const line of lines) assert.ok([...line].length <= 60, line);
  assert.match(seen.text, /…/);
});

test('top shows a node once, and live on a terminal until q', async (t) => {
  const node = await startNode(t);
  ok(await node.post('/v1/users', profile('zoe')));
  await node.caughtUp('users');
  const once = await run(['top', '--once', '--admin', node.admin]);
  assert.equal(once.code, 0, once.stderr);
  assert.match(once.stdout, /^troupe \S+, node .*\nready\ncommands  1 in all, 0 in flight, 0 shed\n/);
  assert.match(once.stdout, /^users +running +0 /m);
  assert.match(once.stdout, /^\/log\/writer +running +0 /m);

  const live = onTerminal(t, `${binary} top --admin ${node.admin}; echo "ended with $?"`);
  await until('the live view', () => live.text.includes('commands  ') && live.text.includes('in flight'));
  await until('another look', () => (live.text.match(/ready/g) ?? []).length > 2);
  live.child.stdin.write('q');
  await until('its end', () => /ended with 0/.test(live.text));
  assert.ok(live.text.includes('\x1b[?1049h') && live.text.includes('\x1b[?1049l'), 'the screen of before comes back');
  const gone = await run(['top', '--once', '--admin', '127.0.0.1:1']);
  assert.equal(gone.code, 1);
});

/** What bash offers behind a line, with the completion that the program prints. */
function completed(t, line) {
  const script = `source <("$TROUPE" completion bash)
COMP_WORDS=(${line.split(' ').map((word) => `'${word}'`).join(' ')})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_troupe
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const done = spawnSync('bash', ['--norc', '-euc', script], { encoding: 'utf8', env: { ...process.env, TROUPE: binary }, cwd: temporaryDirectory(t) });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.split('\n').filter(Boolean);
}

test('bash completes commands, flags and values as the help has them', async (t) => {
  const { stdout } = await run(['--help']);
  const commands = [...stdout.split('Subcommands:')[1].matchAll(/^  ([a-z-]+) /gm)].map((one) => one[1]);
  assert.ok(commands.length > 8, stdout);
  assert.deepEqual(completed(t, 'troupe ').filter((word) => !word.startsWith('-')).sort(), commands.sort());
  for (const command of commands.filter((one) => one !== 'migrate')) {
    const help = (await run([command, '--help'])).stdout;
    const flags = [...help.matchAll(/^  (?:-h,)?(--[a-z-]+)/gm)].map((one) => one[1]);
    const words = [...(help.split('Subcommands:')[1] ?? '').matchAll(/^  ([a-z-]+) /gm)].map((one) => one[1]);
    const offered = completed(t, `troupe ${command} `);
    for (const word of [...flags, ...words]) assert.ok(offered.includes(word), `${command}: ${word} is not in ${offered}`);
    for (const word of offered) assert.ok(word === 'bash' || word === 'zsh' || word === 'fish' || help.includes(word), `${command}: ${word}`);
  }
  assert.deepEqual(completed(t, 'troupe inspect d'), ['dead-letters']);
  assert.deepEqual(completed(t, 'troupe projection pause --admin x --j'), ['--json']);
  assert.deepEqual(completed(t, 'troupe run --log-level w'), ['warn']);
  assert.deepEqual(completed(t, 'troupe run --http '), []);
  assert.deepEqual(completed(t, 'troupe completion '), ['bash', 'zsh', 'fish', '--help']);
});

test('the log level changes while the node runs, and is told of', async (t) => {
  const node = await startNode(t);
  const put = (level) => node.request('PUT', '/admin/log-level', { body: { level } });
  assert.equal((await put('loud')).status, 400);
  ok(await put('off'));
  await until('the line about it', () => /audit: log level info becomes off/.test(node.stderr));
  ok(await put('debug')); // of which a log that is off does not tell
  assert.equal(ok(await node.get('/admin/config')).logLevel, 'debug');
  assert.equal((await node.stop()).code, 0);
  assert.match(node.stderr, /stopped/);
  assert.doesNotMatch(node.stderr, /becomes debug/);
});

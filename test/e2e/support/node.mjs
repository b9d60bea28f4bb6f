// A node under test: the program itself, on free ports and a data directory of its own.
//
//   const node = await startNode(t);                  killed when the test ends, however it ends
//   await node.post('/v1/users', profile('zoe'));     → { status, headers, body, text }
//   const { code } = await node.stop('SIGTERM');
//
// TROUPE_BINARY names the program (the tutorial's is beside it); TROUPE_E2E_FLAGS adds flags to every start ("--log memory --views memory").
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const binary = process.env.TROUPE_BINARY ?? join(repository, 'build/troupe');
export const tutorial = join(dirname(binary), 'tutorial_parcels');
/** The tutorial's program with a view that takes what poisons the tutorial's own. */
export const mended = join(dirname(binary), 'tutorial_parcels_mended');
const extraFlags = (process.env.TROUPE_E2E_FLAGS ?? '').split(' ').filter(Boolean);
export const inMemory = extraFlags.includes('memory');

/** For everything that must come, milliseconds. Generous: slow machines and sanitizers run these tests too. */
export const patience = 60_000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

const cleanups = new WeakMap();

/** Calls `undo` after the test; what was asked for last is done first, and one that fails keeps no other from being done. */
export function afterwards(t, undo) {
  if (!cleanups.has(t)) {
    cleanups.set(t, []);
    t.after(async () => {
      const failures = [];
      for (const one of cleanups.get(t).reverse()) {
        try {
          await one();
        } catch (why) {
          failures.push(why);
        }
      }
      if (failures.length > 0) throw failures[0];
    });
  }
  cleanups.get(t).push(undo);
}

/** A fresh directory that is removed after the test. */
export function temporaryDirectory(t) {
  const path = mkdtempSync(join(tmpdir(), 'troupe-e2e-'));
  afterwards(t, () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What may be set in the environment of whoever runs the tests must not change them. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TROUPE_')));
}

/** Starts the program with any arguments; does not wait for anything. */
export function launch(args, environment = {}, program = binary) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...cleanEnvironment(), ...environment } });
  running.add(child);
  const launched = { child, stdout: '', stderr: '', ended: undefined, onOutput: () => {} };
  child.stdout.setEncoding('utf8').on('data', (text) => ((launched.stdout += text), launched.onOutput()));
  child.stderr.setEncoding('utf8').on('data', (text) => (launched.stderr += text));
  launched.ended = new Promise((resolve, reject) => {
    child.on('error', (why) => reject(new Error(`${program} cannot be started: ${why.message}`)));
    child.on('close', (code, signal) => (running.delete(child), resolve({ code, signal })));
  });
  return launched;
}

/** Runs the program to its end: { code, stdout, stderr }. */
export async function run(args, environment = {}) {
  const launched = launch(args, environment);
  const ended = within(launched.ended, `the end of troupe ${args.join(' ')}`, launched);
  const { code, signal } = await ended.finally(() => launched.child.kill('SIGKILL'));
  return { code, signal, stdout: launched.stdout, stderr: launched.stderr };
}

/** Starts a node and waits until it is ready. Options: data (directory), flags, environment, program and its first
 * arguments, and what is told of the process at once. */
export async function startNode(t, { data = temporaryDirectory(t), flags = [], environment = {}, program = binary, before = [], onLaunch = () => {} } = {}) {
  const args = [...before, 'run', '--http', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', data, ...extraFlags, ...flags];
  const launched = launch(args, environment, program);
  onLaunch(launched);
  afterwards(t, () => (launched.child.kill('SIGKILL'), launched.ended));
  const ready = new Promise((resolve) => {
    launched.onOutput = () => {
      const address = (name) => launched.stdout.match(new RegExp(`^  ${name}  (http://\\S+)\\n`, 'm'))?.[1];
      if (launched.stdout.includes(' is ready') && address('http') && address('admin')) {
        resolve({ http: address('http'), admin: address('admin') });
      }
    };
  });
  const early = launched.ended.then(({ code, signal }) => {
    throw new Error(`the node ended (${code ?? signal}) before it was ready:\n${launched.stderr}`);
  });
  early.catch(() => {});
  const addresses = await within(Promise.race([ready, early]), 'the node to be ready', launched);
  return new Node(launched, addresses, data);
}

class Node {
  constructor(launched, addresses, data) {
    this.launched = launched;
    this.http = addresses.http;
    this.admin = addresses.admin;
    this.data = data;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  }

  get stderr() { return this.launched.stderr; }
  get stdout() { return this.launched.stdout; }
  get pid() { return this.launched.child.pid; }

  /** One request to applications' address, or to the admin endpoint when the path says so. */
  request(method, path, options = {}) {
    const admin = /^\/(admin(\/|$|\?)|livez|readyz|startupz|metrics|console\/|$)/.test(path);
    return request(method, (admin ? this.admin : this.http) + path, { agent: this.agent, ...options });
  }
  get(path, headers = {}) { return this.request('GET', path, { headers }); }
  post(path, body, headers = {}) { return this.request('POST', path, { body, headers }); }

  /** Every item of a paged view. */
  async allRows(view, query = '') {
    const rows = [];
    for (let after = ''; after !== null; ) {
      const page = ok(await this.get(`/v1/views/${view}?limit=1000${query}${after && `&after=${encodeURIComponent(after)}`}`));
      rows.push(...page.items);
      after = page.next;
    }
    return rows;
  }

  /** Every recorded event of a category, in order. */
  async allEvents(category) {
    const events = [];
    for (let from = 1; ; ) {
      const page = ok(await this.get(`/v1/events/${category}?from=${from}&limit=1000`));
      if (page.items.length === 0) return events;
      events.push(...page.items);
      from = page.next;
    }
  }

  async projection(name) {
    const all = ok(await this.get('/admin/projections')).items;
    return all.find((one) => one.name === name);
  }

  /** Waits until a view shows everything that the log holds. */
  caughtUp(name) {
    return until(`the view ${name} to catch up`, async () => {
      const { position, head, status } = await this.projection(name);
      return position === head && status === 'running';
    });
  }

  /** Sends a signal and waits for the end: { code, signal }. */
  stop(signal = 'SIGTERM') {
    this.agent.destroy();
    this.launched.child.kill(signal);
    return within(this.launched.ended, `the node to end after ${signal}`, this.launched);
  }
}

/** One HTTP request. A body that is not a string is sent as JSON. Rejects when there is no whole answer. */
export function request(method, url, { body, headers = {}, agent } = {}) {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const all = { ...headers };
  if (text !== undefined) {
    all['Content-Type'] ??= 'application/json';
    all['Content-Length'] = Buffer.byteLength(text);
  }
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers: all, agent, timeout: patience }, (received) => {
      const chunks = [];
      received.on('data', (chunk) => chunks.push(chunk));
      received.on('error', reject);
      received.on('end', () => {
        if (!received.complete) return reject(new Error(`${method} ${url}: the answer was cut off`));
        const answer = { status: received.statusCode, headers: received.headers, text: Buffer.concat(chunks).toString() };
        if (/json/.test(received.headers['content-type'] ?? '') && answer.text) answer.body = JSON.parse(answer.text);
        resolve(answer);
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${url}: no answer within ${patience} ms`)));
    sent.on('error', reject);
    sent.end(text);
  });
}

/** The body of a 200; anything else fails the test with what came instead. */
export function ok(answer) {
  if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** Polls until `check` returns something truthy, which is returned. */
export async function until(what, check, milliseconds = patience) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${milliseconds} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Does it again until it does not throw, and returns what it returned; in the end tells why not. */
export async function insist(what, attempt, milliseconds = patience) {
  let last;
  try {
    const { value } = await until(what, async () => {
      try {
        return { value: await attempt() };
      } catch (why) {
        last = why;
        return undefined;
      }
    }, milliseconds);
    return value;
  } catch (why) {
    throw new Error(`${why.message}: ${last?.message}`);
  }
}

const taken = new Set();

/** A port that this process has not asked for yet, below those that a system gives to whoever wants any: it is free until its server listens. */
export function freePort() {
  return insist('a free port', () => new Promise((resolve, reject) => {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (taken.has(port)) throw new Error(`${port} is taken`);
    taken.add(port);
    const server = net.createServer().once('error', reject).listen(port, () => server.close(() => resolve(port)));
  }));
}

async function within(promise, what, launched) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms in vain for ${what}; stderr:\n${launched.stderr}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The body of POST /v1/users for one made-up person. */
export function profile(name, changes = {}) {
  return {
    auth0Id: `auth0|${name}`, email: `${name}@example.com`, emailVerified: true,
    firstName: name, lastName: 'Washburne', picture: '', locale: 'en', ...changes,
  };
}

/** Runs `work(i)` for i in 0..count-1, at most `width` at a time; results in order. */
export async function inFlight(count, width, work) {
  const results = new Array(count);
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(width, count) }, async () => {
    while (next < count) {
      const i = next++;
      results[i] = await work(i);
    }
  }));
  return results;
}

/** Random numbers in [0, 1) that are the same in every run. */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

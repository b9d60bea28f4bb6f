// What a user would pick instead, on a PostgreSQL server of its own with the distribution's settings.
//
//   node rivals.mjs emmett|message-db SECONDS IN_FLIGHT    prints {"name","perSecond"}
//
// The same work as one AddUser for Troupe: a new stream, decide, one event of the same size appended, durable.
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startPostgres } from './servers.mjs';

const [name, seconds, inFlight] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const person = (n) => ({
  id: randomUUID(), auth0Id: `auth0|p-${n}`, email: `p.${n}@example.com`, emailVerified: true, firstName: 'Zoë', lastName: 'Washburne',
  picture: 'https://example.com/faces/4711.png', locale: 'en',
});

async function emmett({ url }) {
  const { CommandHandler } = await import('@event-driven-io/emmett');
  const { getPostgreSQLEventStore } = await import('@event-driven-io/emmett-postgresql');
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  const handle = CommandHandler({ evolve: (state, event) => ({ ...state, ...event.data }), initialState: () => ({}) });
  return {
    one: (n) => {
      const data = person(n);
      return handle(store, `identity-${data.id}`, (state) => (state.id ? [] : { type: 'UserAdded', data }));
    },
    end: () => store.close(),
  };
}

async function messageDb({ url, pg }) {
  const database = join(dirname(createRequire(import.meta.url).resolve('@eventide/message-db/package.json')), 'database');
  const pool = new pg.Pool({ connectionString: url, max: inFlight, options: '-c search_path=message_store,public' });
  const run = (file) => pool.query(readFileSync(join(database, file), 'utf8'));
  await pool.query('CREATE ROLE message_store; CREATE SCHEMA message_store; CREATE EXTENSION pgcrypto SCHEMA message_store');
  await run('tables/messages.sql');
  for (const part of ['types', 'functions', 'indexes']) {
    // Functions refer to each other by name only when they run, so their order does not matter.
    for (const file of readdirSync(join(database, part))) await run(join(part, file));
  }
  return {
    one: (n) => {
      const data = person(n);
      return pool.query('SELECT write_message($1, $2, $3, $4, NULL, -1)', [randomUUID(), `identity-${data.id}`, 'UserAdded', data]);
    },
    end: () => pool.end(),
  };
}

const server = await startPostgres();
try {
  const rival = await (name === 'emmett' ? emmett : messageDb)(server);
  let count = 0;
  const until = (end) => Promise.all(Array.from({ length: inFlight }, async () => {
    while (Date.now() < end) {
      await rival.one(count);
      ++count;
    }
  }));
  await until(Date.now() + 1000);  // Warm.
  count = 0;
  const begun = Date.now();
  await until(begun + seconds * 1000);
  console.log(JSON.stringify({ name, perSecond: Math.round((count * 1000) / (Date.now() - begun)) }));
  await rival.end();
} finally {
  await server.stop();
}

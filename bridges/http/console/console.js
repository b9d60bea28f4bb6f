'use strict';

const every = 2000; // milliseconds

const element = (id) => document.getElementById(id);

/// The JSON at a path; the answer of a probe that says no is still an answer.
async function ask(path) {
  const response = await fetch(path, {headers: {Accept: 'application/json'}, cache: 'no-store'});
  const body = await response.json();
  if (!response.ok && body.error) throw new Error(body.error);
  return body;
}

/// Replaces a table's rows; text only, so nothing in the data is ever markup.
function fill(id, items, columns) {
  element(id).replaceChildren(...items.map((item) => {
    const row = document.createElement('tr');
    for (const column of columns) {
      const cell = document.createElement('td');
      const value = item[column];
      cell.textContent = value === undefined || value === null ? '' : String(value);
      if (column === 'lastError' && value) cell.className = 'bad';
      row.append(cell);
    }
    return row;
  }));
}

/// Sets a status only when it changes, so that it is read out once.
function say(text, bad) {
  const line = element('ready');
  if (line.textContent === text) return;
  line.textContent = text;
  line.className = bad ? 'bad' : '';
}

async function refresh() {
  try {
    const [ready, projections, actors] = await Promise.all(
        [ask('readyz?verbose'), ask('admin/projections'), ask('admin/actors?limit=200')]);
    const failing = (ready.checks || []).filter((check) => !check.ok);
    say(failing.length === 0 && ready.status === 'ok' ? 'Ready' :
        'Not ready: ' + failing.map((check) => check.name + ' ' + check.detail).join(', '),
        ready.status !== 'ok');
    fill('projections', projections.items,
         ['name', 'status', 'position', 'head', 'lagEvents', 'lastError']);
    fill('actors', actors.items,
         ['path', 'kind', 'status', 'mailbox', 'processed', 'restarts', 'lastError']);
    element('actors-total').textContent =
        actors.items.length + (actors.total > actors.items.length ? ' of ' + actors.total : '');
  } catch (problem) {
    say('No answer: ' + problem.message, true);
  } finally {
    setTimeout(refresh, document.hidden ? 5 * every : every);
  }
}

refresh();

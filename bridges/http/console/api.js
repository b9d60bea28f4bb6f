// Questions to the node behind this page, and what a person is told about them.

const kept = 'admin-token';
let signingIn; // One dialog for all who need it.
let declined = false;

async function request(path, options) {
  const token = sessionStorage.getItem(kept);
  const headers = {Accept: 'application/json', ...(token && {Authorization: `Bearer ${token}`}), ...options.headers};
  try {
    return await fetch(path, {cache: 'no-store', ...options, headers});
  } catch {
    throw new Error('the node does not answer');
  }
}

/** Asks for a token; false when there is none. What repeats by itself does not ask again once a person has declined. */
function signIn(byPerson) {
  if (declined && !byPerson) return false;
  const dialog = document.getElementById('sign-in');
  const input = document.getElementById('token');
  signingIn ??= new Promise((resolve) => {
    input.value = dialog.returnValue = '';
    dialog.onclose = () => {
      declined = dialog.returnValue !== 'yes';
      if (!declined) sessionStorage.setItem(kept, input.value.trim());
      input.value = '';
      signingIn = undefined;
      resolve(!declined);
    };
    dialog.showModal();
  });
  return signingIn;
}

/** The JSON at a path. An answer that is an error throws, with the node's own words. */
export async function ask(path, options = {}) {
  let response = await request(path, options);
  if (response.status === 401 && await signIn(options.method === 'POST')) response = await request(path, options);
  const body = await response.json().catch(() => ({}));
  // A probe that says no is an answer too.
  if (!response.ok && !body.checks) throw Object.assign(new Error(body.detail ?? `the node answered ${response.status}`), {status: response.status});
  return body;
}

export const post = (path, body) => ask(path, {
  method: 'POST',
  headers: body === undefined ? {} : {'Content-Type': 'application/json'},
  body: body === undefined ? undefined : JSON.stringify(body),
});

/** The answer, or null where there is none. */
export async function find(path) {
  try {
    return await ask(path);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

/** The samples of the node's Prometheus text: [{name, labels, value}]. */
export async function metrics() {
  const response = await fetch('metrics', {cache: 'no-store'});
  const text = await response.text();
  return [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, given, value]) => ({
    name, value: Number(value),
    labels: Object.fromEntries([...(given ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text])),
  }));
}

/** One path segment or query value. */
export const part = encodeURIComponent;

/** An actor's path, as part of an address. */
export const pathPart = (path) => path.split('/').map(part).join('/');

let silence;

/** Tells the outcome of something, aloud too. */
export function say(text, bad = false) {
  const line = document.getElementById('say');
  line.textContent = text;
  line.className = bad ? 'say bad' : 'say';
  clearTimeout(silence);
  silence = setTimeout(() => (line.textContent = ''), 15000);
}

/** Asks before something that cannot be undone. */
export function confirm(title, text, yes) {
  const dialog = document.getElementById('ask');
  document.getElementById('ask-title').textContent = title;
  document.getElementById('ask-text').textContent = text;
  document.getElementById('ask-yes').textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => (dialog.onclose = () => resolve(dialog.returnValue === 'yes')));
}

/** A change that a button makes: the button waits, and the outcome is told. */
export async function change(button, work) {
  button.disabled = true;
  try {
    say(await work());
  } catch (problem) {
    say(problem.message, true);
  } finally {
    button.disabled = false;
  }
}

// Makes elements, and brings what is shown up to date without losing focus, scroll or what has been typed.
// Text goes in as text nodes only: nothing that the node says can become markup.

/** h('a', {href: '#/log', class: 'x', onclick: f}, 'text', [more], null) */
export function h(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) made[key] = value;
    else if (key === 'value' && 'value' in made) made.value = value;
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    made.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return made;
}

const handlers = ['onclick', 'oninput', 'onchange', 'onsubmit', 'ontoggle'];

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute('data-key') : null);

const alike = (old, fresh) => old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

/** What belongs to the person in front of it: whether a fold is open, what a field holds. */
function isTheirs(node, attribute) {
  return (node.nodeName === 'DETAILS' && attribute === 'open') || (attribute === 'value' && node.nodeName !== 'PROGRESS' && node.nodeName !== 'METER');
}

/** Makes `old` look like `fresh`. Elements with data-keep stay as they are; data-key tells list items apart. */
function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.hasAttribute('data-keep')) return;
  for (const {name} of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isTheirs(old, name)) old.removeAttribute(name);
  }
  for (const {name, value} of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isTheirs(old, name)) old.setAttribute(name, value);
  }
  for (const name of handlers) old[name] = fresh[name];
  show(old, [...fresh.childNodes]);
}

/** Makes the children of `parent` look like these nodes, moving and reusing what is there. */
export function show(parent, nodes) {
  const keyed = new Map([...parent.childNodes].filter(keyOf).map((node) => [keyOf(node), node]));
  let at = parent.firstChild;
  for (const fresh of nodes.flat(Infinity).filter(Boolean)) {
    const key = keyOf(fresh);
    if (!key) while (at && keyOf(at) && !alike(at, fresh)) at = at.nextSibling;
    const old = key ? keyed.get(key) : at;
    if (old && alike(old, fresh)) {
      if (old === at) at = at.nextSibling;
      else parent.insertBefore(old, at);
      morph(old, fresh);
      keyed.delete(key);
      old.stays = true;
    } else {
      parent.insertBefore(fresh, at);
      fresh.stays = true;
    }
  }
  for (const node of [...parent.childNodes]) {
    if (!node.stays) node.remove();
    delete node.stays;
  }
}

/** A table that can be scrolled sideways, by keyboard too. `rows`: lists of cells, or rows made already. */
export function table(caption, heads, rows) {
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    h('table', {}, h('thead', {}, h('tr', {}, heads.map((head) => h('th', {scope: 'col'}, head)))),
      h('tbody', {}, rows.map((row) => (row instanceof Node ? row : h('tr', {}, row.map((cell) => h('td', {}, cell))))))));
}

/** Name and value, one below the other. */
export function facts(pairs) {
  return h('dl', {class: 'facts'}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

export const jsonText = (value) => JSON.stringify(value, null, 2);

/** A value as indented JSON. */
export function pretty(value, label) {
  return h('pre', {tabindex: 0, role: 'region', 'aria-label': label}, jsonText(value));
}

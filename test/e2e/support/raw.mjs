// Connections that send exactly the bytes they are told to, for what no honest client sends.
import net from 'node:net';
import { readFileSync } from 'node:fs';

/** A raw connection to "http://127.0.0.1:8080". Collects what comes back; never throws by itself. */
export class RawConnection {
  constructor(address, options = {}) {
    const { hostname, port } = new URL(address);
    this.input = Buffer.alloc(0);
    this.over = false;
    this.onChange = () => {};
    this.socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true, ...options });
    this.connected = new Promise((resolve) => this.socket.once('connect', resolve).once('close', resolve));
    this.socket.on('data', (chunk) => ((this.input = Buffer.concat([this.input, chunk])), this.onChange()));
    for (const end of ['end', 'close', 'error']) this.socket.on(end, () => ((this.over = true), this.onChange()));
  }

  send(bytes) {
    this.socket.write(bytes);
    return this;
  }

  /** Says that nothing more will be sent. */
  end() {
    this.socket.end();
    return this;
  }

  close() { this.socket.destroy(); }

  /** The next whole answer: { status, headers, text }; undefined when the connection ended before there was one. */
  async answer() {
    for (;;) {
      const taken = this.#take();
      if (taken) return taken;
      if (this.over) return undefined;
      await this.#change();
    }
  }

  /** Waits for the other side's end; returns what came before it. */
  async ended() {
    while (!this.over) await this.#change();
    return this.input.toString('latin1');
  }

  #change() { return new Promise((resolve) => (this.onChange = resolve)); }

  #take() {
    const end = this.input.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [line, ...fields] = this.input.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }));
    const length = Number(headers['content-length'] ?? 0);
    if (this.input.length < end + 4 + length) return undefined;
    const text = this.input.subarray(end + 4, end + 4 + length).toString();
    this.input = this.input.subarray(end + 4 + length);
    return { status: Number(line.split(' ')[1]), headers, text };
  }
}

/** The bytes of a sound request. */
export function requestBytes(method, path, body = '', headers = '') {
  const type = body && `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}${type}\r\n${body}`);
}

/** Memory that a process holds, in MiB. */
export function residentMemory(pid) {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m)[1]) / 1024;
}

/** Sanitizers keep freed memory for a while, so that its size says nothing there. */
export function isSanitized(pid) {
  return /lib[at]san/.test(readFileSync(`/proc/${pid}/maps`, 'utf8'));
}

/** The value of one sample on /metrics; 0 when there is none. */
export async function metric(node, name) {
  const { text } = await node.get('/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line ? Number(line.slice(name.length)) : 0;
}

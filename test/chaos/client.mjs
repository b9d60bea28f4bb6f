// One request, and exactly what became of it. What was sent and not answered may have been done; the difference between that and what
// never left this machine is what a history is made of.
import http from 'node:http';

/**
 * Resolves always: { status, headers, body } of a whole answer, or { lost, why }:
 *   unsent      no connection was made
 *   idle        the connection had been used before and was closed without a byte of an answer
 *   unanswered  anything else: a reset, an answer cut off, no answer within `timeout` milliseconds
 */
export function send(agent, method, url, { body, headers = {}, timeout }) {
  const text = body && JSON.stringify(body);
  const all = text ? { ...headers, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } : headers;
  return new Promise((resolve) => {
    const sent = http.request(url, { method, headers: all, agent });
    const clock = setTimeout(() => sent.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
    const done = (result) => (clearTimeout(clock), resolve(result));
    let connected = false;
    let answering = false;
    sent.on('socket', (socket) => {
      connected = !socket.connecting;
      if (!connected) socket.once('connect', () => (connected = true));
    });
    sent.on('error', ({ code, message }) => {
      const closed = sent.reusedSocket && !answering && (code === 'ECONNRESET' || code === 'EPIPE');
      done({ lost: closed ? 'idle' : connected ? 'unanswered' : 'unsent', why: code ?? message });
    });
    sent.on('response', (received) => {
      answering = true;
      const chunks = [];
      received.on('data', (chunk) => chunks.push(chunk));
      received.on('error', ({ message }) => done({ lost: 'unanswered', why: message }));
      received.on('end', () => {
        if (!received.complete) return done({ lost: 'unanswered', why: 'the answer was cut off' });
        try {
          done({ status: received.statusCode, headers: received.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
        } catch {
          done({ lost: 'unanswered', why: 'an answer that is not JSON' });
        }
      });
    });
    sent.end(text);
  });
}

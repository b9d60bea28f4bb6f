// An issuer of tokens under test: keys of its own, published by a server on this machine.
//
//   const issuer = await startIssuer(t);
//   const node = await startNode(t, { flags: issuer.flags });
//   await node.get('/v1/users/me', issuer.bearer('auth0|zoe'));
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { afterwards } from './node.mjs';

export const claimsNamespace = 'https://client.devpie.io/claims/';
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A key pair for one algorithm; `id` is its kid. */
export function makeKey(id, algorithm = 'RS256') {
  const pair = algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: algorithm };
  return { id, algorithm, jwk, privateKey: pair.privateKey };
}

/** Header and claims, signed. */
export function sealed(key, header, claims) {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Header and claims under a MAC, as who takes a public key for a secret would check it. */
export function maced(secret, header, claims) {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

class Issuer {
  domain = 'troupe.example';
  audience = 'https://api.troupe.example';
  key = makeKey('first');
  published = [this.key];
  /** When its keys were asked for, milliseconds. */
  fetches = [];

  get place() { return `${this.scheme}://127.0.0.1:${this.port}/jwks.json`; }
  get flags() { return ['--auth', 'jwt', '--jwt-domain', this.domain, '--jwt-audience', this.audience, '--jwks', this.place]; }
  get keySet() { return JSON.stringify({ keys: this.published.map(({ jwk }) => jwk) }); }

  async open(tls) {
    this.scheme = tls ? 'https' : 'http';
    const answer = (_, response) => {
      this.fetches.push(Date.now());
      response.setHeader('Connection', 'close').setHeader('Content-Type', 'application/json').end(this.keySet);
    };
    this.server = tls ? https.createServer(tls, answer) : http.createServer(answer);
    await new Promise((resolve) => this.server.listen(this.port ?? 0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
  }

  close() {
    this.server.closeAllConnections?.();
    return new Promise((resolve) => this.server.close(resolve));
  }

  claims(subject, changes = {}) {
    const now = Math.floor(Date.now() / 1000);
    return { iss: `https://${this.domain}/`, aud: [this.audience], sub: subject, iat: now, exp: now + 3600, [`${claimsNamespace}roles`]: ['user'], ...changes };
  }

  header(changes = {}, key = this.key) { return { alg: key.algorithm, typ: 'JWT', kid: key.id, ...changes }; }

  token(subject, changes = {}, key = this.key) { return sealed(key, this.header({}, key), this.claims(subject, changes)); }
  bearer(subject, changes, key) { return { Authorization: `Bearer ${this.token(subject, changes, key)}` }; }
  admin(subject = 'auth0|root') { return this.bearer(subject, { [`${claimsNamespace}roles`]: ['admin'] }); }
}

/** An issuer whose keys are there to be fetched. `tls` are the options of a TLS server. */
export async function startIssuer(t, { tls } = {}) {
  const issuer = new Issuer();
  await issuer.open(tls);
  afterwards(t, () => issuer.close());
  return issuer;
}

// A partner that signs with npm's http-message-signatures, and verifies our answers with it.
//
//   message_signatures.mjs MODULE ISSUER FOLDER CLIENT_ID KEY_FILE KEY_ID ALGORITHM
//
// FOLDER holds CLIENT_ID.pem, CLIENT_ID.key and ca.pem; KEY_FILE the private key (PEM) that is registered as KEY_ID.

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as https } from 'node:https';
import { createRequire } from 'node:module';

const [module, issuer, folder, client, keyFile, keyId, alg] = process.argv.slice(2);
const { httpbis, createSigner, createVerifier } = createRequire(import.meta.url)(module);
const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
const jwks = await (await fetch(metadata.jwks_uri)).json();
const gateway = new URL('/', metadata.token_endpoint);
const tls = { ca: readFileSync(`${folder}/ca.pem`), cert: readFileSync(`${folder}/${client}.pem`), key: readFileSync(`${folder}/${client}.key`) };
const digest = (body) => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

function call({ method, url, headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = https(url, { method, headers, ...tls }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const signer = { key: createSigner(createPrivateKey(readFileSync(keyFile)), alg, keyId), name: 'partner', params: ['created', 'keyid', 'alg', 'nonce'] };

async function signed(method, path, headers = {}, body = undefined, fields = ['@method', '@target-uri']) {
  const message = { method, url: new URL(path, gateway).href, headers: { ...headers } };
  if (body !== undefined) message.headers['content-digest'] = digest(body);
  const covered = [...fields, ...(body === undefined ? [] : ['content-digest'])];
  const made = await httpbis.signMessage({ ...signer, fields: covered, paramValues: { nonce: String(Math.random()) } }, message);
  return { ...made, body };
}

// RFC 9530 by hand, RFC 9421 by the library, with the key that the answer names.
async function isOurs(answer, asked) {
  const config = {
    keyLookup: async ({ keyid }) => {
      const jwk = jwks.keys.find((key) => key.kid === keyid);
      return jwk && { id: keyid, algs: ['ecdsa-p256-sha256'], verify: createVerifier(createPublicKey({ key: jwk, format: 'jwk' }), 'ecdsa-p256-sha256') };
    },
    requiredFields: ['@status', 'content-digest', 'content-type', '@method', '@authority', '@path', '@query'],
    requiredParams: ['created', 'keyid', 'alg', 'tag'],
    maxAge: 60,
    tolerance: 5,
  };
  if (answer.headers['content-digest'] !== digest(answer.body)) return false;
  try {
    return (await httpbis.verifyMessage(config, answer, asked)) === true;
  } catch {
    return false;
  }
}

async function good(asked, status) {
  const answer = await call(asked);
  assert.equal(answer.status, status, answer.body.toString());
  assert.ok(await isOurs(answer, asked), `the signature on ${status} ${asked.url}`);
  assert.ok(!(await isOurs({ ...answer, status: status + 1 }, asked)), 'another status');
  assert.ok(!(await isOurs({ ...answer, body: Buffer.from('{}') }, asked)), 'another body');
  assert.ok(!(await isOurs(answer, { ...asked, url: `${asked.url}&x=1` })), 'the answer to another question');
  return JSON.parse(answer.body);
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const api = '/gateway/core/rest/api';
const token = '/gateway/authenticate/rest/api/token';
const asked = `client_id=${client}`;
const pair = (await good(await signed('POST', token, form, asked), 200)).result;
const bearer = { authorization: `Bearer ${pair.access_token}` };
const order = JSON.stringify({ creditorName: 'Foișor Atelier SRL', creditorIban: 'RO66BACX0000001234567890', amount: '12.50', details: 'Comanda 1' });
const parts = ['@method', '@authority', '@path', '@query', 'authorization', 'content-type'];
await good(await signed('POST', `${api}/initPayment/${pair.paymentId}`, { ...bearer, ...json }, order, parts), 200);
await good(await signed('GET', `${api}/status/${pair.paymentId}?a=b%20c`, bearer), 200);
const grant = `grant_type=client_credentials&client_id=${client}`;
const access = (await good(await signed('POST', '/oauth2/token', form, grant), 200)).access_token;
const named = { ...json, authorization: `Bearer ${access}`, 'idempotency-key': '"comanda-1"' };
const covering = ['@method', '@target-uri', 'idempotency-key'];
const first = await good(await signed('POST', `${api}/payments`, named, order, covering), 200);
const again = await good(await signed('POST', `${api}/payments`, named, order, covering), 200);
assert.equal(again.paymentId, first.paymentId);
// What is not signed, or is not what was signed, is refused, by an answer that is signed all the same.
const unsigned = await good({ method: 'POST', url: new URL(token, gateway).href, headers: form, body: asked }, 401);
assert.equal(unsigned.messageStatus, 'SIGNATURE_REQUIRED');
const changed = { ...(await signed('POST', token, form, asked)), body: `${asked}&isHeadless=1` };
assert.equal((await good(changed, 401)).moreDetails[0].code, 'OTHER_BODY');
const moved = { ...(await signed('POST', token, form, asked)), url: new URL('/authenticate/rest/api/token', gateway).href };
assert.equal((await good(moved, 401)).moreDetails[0].code, 'NOT_VERIFIED');
console.log(`a partner that signs with ${alg} paid, and believed every answer`);

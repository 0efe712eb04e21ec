// An OpenID Connect provider made of npm's oidc-provider, with its own pages for signing in and consent.
//
//     node oidc_provider.mjs PATH_OF_OIDC_PROVIDER CLIENT_ID CLIENT_SECRET
//
// Prints its issuer, reads the client's redirect URI from a line of its standard input, prints "ready", and serves
// until that input ends. Whoever types a name there is that person, and the name is a verified e-mail address.

import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [path, clientId, clientSecret] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(path));

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
process.stdout.write(`${issuer}\n`);

const input = createInterface({ input: process.stdin });
input.once('line', (redirectUri) => {
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: true, preferred_username: id }),
    }),
    pkce: { required: () => true },
  });
  server.on('request', provider.callback());
  process.stdout.write('ready\n');
});
input.once('close', () => process.exit(0));

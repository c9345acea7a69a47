/** Identities of NATS users: nkeys, and credentials of an operator's account. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { temporaryDirectory } from './kept.ts';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export interface NkeyUser {
  /** For the server's configuration. */
  readonly publicKey: string;
  readonly seed: string;
  /** Holds the seed. */
  readonly file: string;
}

export function nkeyUser(): NkeyUser {
  const pair = nkeys.createUser();
  const seed = textOf(pair.getSeed());
  const file = join(temporaryDirectory(), 'user.nk');
  writeFileSync(file, `${seed}\n`);
  return { publicKey: pair.getPublicKey(), seed, file };
}

export interface CredsUser {
  readonly config: string;
  readonly seed: string;
  /** As `nsc` makes it. */
  readonly file: string;
}

/** A user of an account that may use JetStream, of an operator that the configuration names. */
export function credsUser(): CredsUser {
  const [operator, user] = [nkeys.createOperator(), nkeys.createUser()];
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const systemKey = system.getPublicKey();
  const unlimited = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorJwt = jwt(operator, operator, { type: 'operator', version: 2, system_account: systemKey });
  const systemJwt = jwt(operator, system, { type: 'account', version: 2, limits: unlimited });
  const accountJwt = jwt(operator, account, { type: 'account', version: 2, limits: { ...unlimited, ...storage } });
  const userJwt = jwt(account, user, { type: 'user', version: 2, subs: -1, data: -1, payload: -1 });
  const seed = textOf(user.getSeed());
  const file = join(temporaryDirectory(), 'user.creds');
  writeFileSync(
    file,
    `-----BEGIN NATS USER JWT-----
${userJwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`,
  );
  const config = `operator: ${operatorJwt}
resolver: MEMORY
system_account: ${systemKey}
resolver_preload: { ${systemKey}: ${systemJwt}, ${account.getPublicKey()}: ${accountJwt} }`;
  return { config, seed, file };
}

/** https://github.com/nats-io/jwt */
function jwt(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const claims = { iat: 1_700_000_000, iss: issuer.getPublicKey(), sub: subject.getPublicKey(), name: 'test', nats };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const encoded = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { ...claims, jti },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const text = encoded.join('.');
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}

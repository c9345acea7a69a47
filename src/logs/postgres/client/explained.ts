/** Why a connection can't be made, for operators: Node's and the client's reasons say what has happened, and not always what to do. */
import { messageOf } from '../../../core/model/logger.ts';

/** Another attempt would not help: no name, password, right or database, no TLS, or a certificate of somebody else. */
export class FinalError extends Error {}

const FINAL_CODES = /^(28|3D)|CERT|ISSUER|SIGNATURE|^ERR_(SSL|TLS|OSSL)/;

/** What the client says of the server, and what operators are told. */
const REWORDED: Readonly<Record<string, string>> = {
  'Connection terminated unexpectedly': 'the server has closed the connection',
  'The server does not support SSL connections':
    'the server offers no TLS: set it up there, or connect with sslmode=disable',
  'There was an error establishing an SSL connection': 'what answers there offers no TLS of PostgreSQL',
};

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ALTNAME/, 'connect by a name that is in the certificate, or with sslmode=verify-ca'],
  [
    /SELF_SIGNED|ISSUER|LEAF_SIGNATURE/,
    'name a file with the certificate of its authority (sslrootcert, --postgres-tls-ca)',
  ],
];

export function explained(error: unknown): Error {
  const code = codeIn(error);
  const reason = reasonOf(error);
  const advice = ADVICE.find(([codes]) => codes.test(code))?.[1];
  const message = `${REWORDED[reason] ?? reason}${advice === undefined ? '' : `: ${advice}`}`;
  return FINAL_CODES.test(code) ? new FinalError(message, { cause: error }) : new Error(message, { cause: error });
}

/** A name may have several addresses, with an error of each. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error);
}

const codeIn = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryDirectory } from './kept.ts';

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Of localhost, signed by an authority of its own; for servers and clients. */
export function certificates(): Certificates {
  const directory = temporaryDirectory();
  const [ca, caKey, cert, key] = ['ca.pem', 'ca.key', 'cert.pem', 'cert.key'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl(...make, '-keyout', caKey, '-out', ca, '-subj', '/CN=authority');
  const ofLeaf = ['-subj', '/CN=test', '-addext', 'subjectAltName=DNS:localhost'];
  const signed = ['-CA', ca, '-CAkey', caKey, '-addext', 'basicConstraints=critical,CA:FALSE'];
  openssl(...make, '-keyout', key, '-out', cert, ...ofLeaf, ...signed);
  return { ca, cert, key };
}

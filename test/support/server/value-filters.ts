/** Queries with filters on values over HTTP. */
import { expect } from 'vitest';
import type { Result } from '../clients/clients.ts';

export const KEYS_OF = `query ($where: ValueFilter, $first: Int = 1000) {
  items(first: $first, filter: { where: $where }) { edges { node { key } } }
}`;

export interface KeysAnswer {
  readonly items: { readonly edges: readonly { readonly node: { readonly key: string } }[] };
}

export const keysOf = ({ items }: KeysAnswer): string[] => items.edges.map(({ node }) => node.key);

/** A value as a GraphQL literal. Names of members must be GraphQL names. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, member]) => `${name}: ${literal(member)}`)
    .join(', ')} }`;
}

export interface PathIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The issues of the one error that a request ends with, which must be `BAD_USER_INPUT`. */
export function issuesOf({ data, errors }: Result<unknown>): readonly PathIssue[] {
  expect(data ?? null).toBeNull();
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  return (errors?.[0]?.extensions['issues'] ?? []) as readonly PathIssue[];
}

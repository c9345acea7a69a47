import type { Client } from 'graphql-ws';
import { expect, it } from 'vitest';
import type { Collection } from '../../../src/console/server/collections.ts';
import { changesClient } from '../../../src/console/server/typed-changes.ts';

const PEOPLE = {
  key: 'id',
  fields: ['id', 'key', 'value'].map((name) => ({ name })),
  documents: { changes: 'subscription PersonChanges' },
} as unknown as Collection;

it('the changes of a typed collection arrive as those of items, whatever the names of its fields', () => {
  const sent: unknown[] = [];
  const received: unknown[] = [];
  const client = {
    subscribe(payload: unknown, sink: { next: (result: unknown) => void }) {
      sent.push(payload);
      const envelope = { cursor: 'c-1', timestamp: 't', expiresAt: null };
      const person = { id: 7, key: 'a field', value: 'another', generated: 1, ...envelope };
      sink.next({ data: { itemChanges: { upserted: [person], removed: [], cursor: 'c-1' } }, extensions: { left: 1 } });
      sink.next({ errors: ['refused'] });
      return () => {};
    },
  } as unknown as Client;
  const extensions = { after: null };
  changesClient(client, PEOPLE).subscribe(
    { query: 'subscription ItemChanges', variables: { filter: null }, extensions },
    { next: (result) => received.push(result), error() {}, complete() {} },
  );
  expect(sent).toEqual([{ query: 'subscription PersonChanges', variables: { filter: null }, extensions }]);
  // A client that resumes changes this object in place.
  expect((sent[0] as { extensions: unknown }).extensions).toBe(extensions);
  const value = { id: 7, key: 'a field', value: 'another' };
  const item = { id: '7', key: '7', value, cursor: 'c-1', timestamp: 't', expiresAt: null };
  expect(received).toEqual([
    { data: { itemChanges: { upserted: [item], removed: [], cursor: 'c-1' } }, extensions: { left: 1 } },
    { errors: ['refused'] },
  ]);
});

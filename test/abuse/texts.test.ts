/** Texts that a server might remember: documents, filters, selections, names, headers, tokens. */
import { describe, it } from 'vitest';
import { expectUnharmed, underAttack } from '../support/abuse/abuse.ts';

const SECRET = 'a-secret-of-more-than-thirty-two-bytes';

describe('texts of clients', () => {
  it.each(['valid', 'invalid', 'unparsable', 'insertion'])(
    '300 documents of 1 MB that are all different (%s) harm nobody',
    async (kind) => {
      expectUnharmed(await underAttack({ name: 'documents', count: 300, kind }));
    },
  );

  it.each([
    [300, 'websocket'],
    // Node's allocator keeps much of what more of them take for a moment.
    [30, 'sse'],
  ])('%i open subscriptions with a document of 1 MB each over %s harm nobody', async (count, transport) => {
    expectUnharmed(await underAttack({ name: 'openDocuments', count, transport }));
  });

  it('400 filters with 1,000 keys each that are all different harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'filters', count: 400, aliased: true }));
  });

  it('operations whose ids have 1 MB are refused and harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'longIds', sockets: 10, each: 50 }));
  });

  it('500 connections with parameters of 1 MB each harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'longParameters', sockets: 500, bytes: 1_000_000 }));
  });

  it('2,000 connections with 15 KB of headers each harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'longParameters', sockets: 2000, headerBytes: 15_000 }));
  });

  it('3,000 tokens with long subjects, half of them forged, harm nobody', async () => {
    const flags = ['--jwt-secret', SECRET, '--insert-rate', '100'];
    expectUnharmed(await underAttack({ name: 'tokens', count: 3000, secret: SECRET }, { flags, secret: SECRET }));
  });
});

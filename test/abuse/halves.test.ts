/** Connections, requests and messages that are begun and not ended. */
import { describe, expect, it } from 'vitest';
import { expectUnharmed, underAttack } from '../support/abuse/abuse.ts';

describe('what is begun and not ended', () => {
  it.each([
    ['that send nothing', 'nothing'],
    ['that send headers byte by byte', 'headers'],
    ['that send an upgrade without an end', 'upgrade'],
    ['that send a body byte by byte', 'body'],
  ])('2,000 connections %s harm nobody', async (_what, beginning) => {
    expectUnharmed(await underAttack({ name: 'halfOpen', count: 2000, beginning, seconds: 2 }));
  });

  it('connections that send nothing, more than the server has room for, make room for honest ones', async () => {
    const flags = ['--max-connections', '100'];
    expectUnharmed(await underAttack({ name: 'halfOpen', count: 1500, beginning: 'nothing' }, { flags }));
  });

  it('WebSockets without connection_init, more than the server has room for, make room for honest ones', async () => {
    const flags = ['--max-connections', '100'];
    const attack = { name: 'halfOpen', count: 500, beginning: 'webSocket' };
    const outcome = await underAttack(attack, { flags });
    expectUnharmed(outcome);
    expect((outcome.report as { open: number }).open).toBeLessThan(110);
  });

  it('1,000 bodies of 1 MB that lack their end harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unfinishedBodies', count: 1000 }));
  });

  it('1,000 messages of 1 MB that lack their end harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unfinishedMessages', count: 1000 }));
  });

  it('messages of 16,000 fragments that lack their end harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'unfinishedMessages', count: 50, fragments: 16_000 }));
  });

  it('bodies in chunks of one byte harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'tinyChunks', count: 20, chunks: 1_000_000 }));
  });

  it('messages that come byte by byte harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'dribble', count: 50, seconds: 3 }));
  });
});

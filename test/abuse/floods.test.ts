/** Many messages, subscriptions, connections and requests. */
import { describe, it } from 'vitest';
import { expectUnharmed, underAttack } from '../support/abuse/abuse.ts';

describe('floods', () => {
  it.each([
    ['pings whose pongs are not read', 'pings', true],
    ['pings of WebSocket whose pongs are not read', 'frames', true],
    ['pongs', 'pongs', false],
    ['complete messages', 'completes', false],
    ['empty messages', 'empty', false],
    ['messages in fragments of one byte', 'fragments', false],
    ['subscriptions that are opened and completed', 'churn', false],
  ])('a flood of %s harms nobody', async (_what, kind, unread) => {
    expectUnharmed(await underAttack({ name: 'messageFlood', sockets: 4, kind, unread, seconds: 2 }));
  });

  it('200 WebSockets with 100 subscriptions each harm nobody', async () => {
    expectUnharmed(await underAttack({ name: 'subscriptionFlood', sockets: 200 }));
  });

  it.each([
    ['are upgraded and closed', 'webSocket'],
    ['send no HTTP', 'invalid'],
    ['are reset', 'reset'],
  ])('a flood of connections that %s harms nobody', async (_what, what) => {
    expectUnharmed(await underAttack({ name: 'connectionFlood', what, seconds: 2 }));
  });

  it('a flood of invalid frames harms nobody', async () => {
    expectUnharmed(await underAttack({ name: 'invalidFrames', seconds: 2 }));
  });

  it('a flood of requests that are refused, sent without waiting for answers, harms nobody', async () => {
    expectUnharmed(await underAttack({ name: 'refusedRequests', seconds: 2 }));
  });
});

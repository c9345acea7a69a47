import { expect, it } from 'vitest';
import { decodeCommand, frameOf, PoisonError } from '../../src/core/model/command.ts';
import { exportState, importState } from '../../src/core/replica/snapshot.ts';
import { applyEntry, emptyReplica, Feed } from '../support/model/feed.ts';
import { transactionBody } from '../support/model/transactions.ts';
import { Dice } from '../support/random/dice.ts';

const BODY = transactionBody([
  { key: 'a', value: { text: 'é' }, ttl: 3 },
  { key: 'b', removed: true },
  { key: 'a', value: [1, null] },
  { key: 'c', value: 'x' },
  { key: 'a', removed: true },
]);
const PIECES = [
  '"removed":true',
  ',',
  '{',
  '}',
  '[',
  ']',
  '\n',
  '\n1',
  'null',
  '""',
  '-1',
  '1e999',
  '"ttl":',
  '"__proto__":{}',
  '\\ud800',
];
const BODIES = 20_000;

/** Cuts, repeats, moves and inserts pieces. */
function damaged(dice: Dice): string {
  let body = BODY;
  for (let times = 1 + dice.below(3); times > 0; times--) {
    const at = dice.below(body.length);
    const end = at + dice.below(12);
    const piece = dice.pick([
      '',
      dice.pick(PIECES),
      body.slice(at, end).repeat(2),
      BODY.slice(dice.below(BODY.length)),
    ]);
    body = body.slice(0, at) + piece + body.slice(dice.once(2) ? at : end);
  }
  return body;
}

it(`a damaged transaction is poison, or is applied by every node alike: ${BODIES} bodies`, () => {
  const dice = new Dice(23);
  const feed = new Feed({ maxItems: 5, window: 20 });
  let [poisoned, applied] = [0, 0];
  for (let n = 0; n < BODIES; n++) {
    const frame = frameOf(`id-${n}`, damaged(dice));
    let isPoison = false;
    try {
      decodeCommand(frame);
    } catch (error) {
      expect(error).toBeInstanceOf(PoisonError);
      isPoison = true;
    }
    if (isPoison) {
      poisoned++;
      continue;
    }
    applied++;
    feed.now += dice.below(2000);
    feed.write(frame);
  }
  const other = emptyReplica({ maxItems: 5, window: 20 });
  const half = feed.entries.length / 2;
  for (const entry of feed.entries.slice(0, half)) applyEntry(other, entry);
  const late = importState<unknown>(exportState(other));
  for (const entry of feed.entries.slice(half)) for (const replica of [other, late]) applyEntry(replica, entry);
  for (const replica of [other, late]) expect([...exportState(replica)]).toEqual([...exportState(feed.replica)]);
  expect(Math.min(poisoned, applied)).toBeGreaterThan(BODIES / 50);
});

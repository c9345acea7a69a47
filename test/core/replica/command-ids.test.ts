import { describe, expect, it } from 'vitest';
import { CommandIds, MAX_COMMAND_IDS } from '../../../src/core/replica/command-ids.ts';

function filled(count: number): CommandIds {
  const ids = new CommandIds();
  for (let n = 1; n <= count; n++) ids.add(`id-${n}`);
  return ids;
}

describe('the ids of commands', () => {
  it('a command id is new once', () => {
    const ids = new CommandIds();
    expect([ids.add('a'), ids.add('b'), ids.add('a')]).toEqual([true, true, false]);
    expect(ids.size).toBe(2);
  });

  it('command ids are known up to the bound, and then each new id replaces the oldest', () => {
    const ids = filled(MAX_COMMAND_IDS);
    expect([ids.size, ids.has('id-1')]).toEqual([MAX_COMMAND_IDS, true]);
    for (const n of [1, 2, 3]) {
      ids.add(`more-${n}`);
      expect([ids.size, ids.has(`id-${n}`), ids.has(`id-${n + 1}`)]).toEqual([MAX_COMMAND_IDS, false, true]);
    }
  });

  it('a forgotten command id is new again', () => {
    const ids = filled(MAX_COMMAND_IDS + 1);
    expect([ids.add('id-2'), ids.add('id-1'), ids.add('id-2')]).toEqual([false, true, true]);
  });

  it('command ids keep the order in which they came, even when one is repeated', () => {
    const ids = filled(MAX_COMMAND_IDS * 2.5);
    const from = MAX_COMMAND_IDS * 1.5 + 1;
    ids.add(`id-${from}`);
    expect([...ids]).toEqual(Array.from({ length: MAX_COMMAND_IDS }, (_, n) => `id-${from + n}`));
  });
});

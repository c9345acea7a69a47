/** docs/command-line.md, compared with the tables of commands and flags. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Flags } from '../../../src/cli/process/arguments.ts';
import {
  BENCH_FLAGS,
  POSTGRES_SCHEMA_FLAGS,
  REMOVE_FLAGS,
  SERVER_FLAGS,
  TAIL_FLAGS,
  VERIFY_FLAGS,
} from '../../../src/cli/process/command-flags.ts';
import { COMMANDS } from '../../../src/cli/process/command-names.ts';
import { codesIn, rowsOf } from '../../support/tables.ts';

const PAGE = 'docs/command-line.md';
const page = readFileSync(PAGE, 'utf8');

const withValue = (flags: Flags): string[] =>
  Object.entries(flags).map(([name, { value }]) => (value === undefined ? `--${name}` : `--${name} ${value}`));

describe('docs/command-line.md', () => {
  it('each command has one row, and each row of a command names one', () => {
    const named = rowsOf(PAGE).flatMap(([cell]) => codesIn(cell).filter((code) => /^seamline [\w-]+$/.test(code)));
    expect(named.sort()).toEqual(
      Object.keys(COMMANDS)
        .map((name) => `seamline ${name}`)
        .sort(),
    );
  });

  it('the flags and variables that all clients share have a row each', () => {
    const rows = rowsOf(PAGE).map((row) => row.slice(0, 2).flatMap(codesIn));
    for (const flag of withValue(SERVER_FLAGS)) {
      const [name = ''] = flag.slice(2).split(' ');
      expect(rows).toContainEqual([flag, `SEAMLINE_${name.toUpperCase()}`]);
    }
  });

  it('each flag of tail, remove, verify, bench and postgres-schema is on the page as --help prints it', () => {
    const flags = [TAIL_FLAGS, REMOVE_FLAGS, VERIFY_FLAGS, BENCH_FLAGS, POSTGRES_SCHEMA_FLAGS].flatMap((table: Flags) =>
      withValue(table),
    );
    const missing = flags.filter(
      (flag) => !codesIn(page.replaceAll(/```[^]*?```/g, '')).some((code) => code.includes(flag)),
    );
    expect(missing).toEqual([]);
  });
});

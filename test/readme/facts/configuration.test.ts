/** docs/configuration.md, compared with the parser of the flags. */
import { describe, expect, it } from 'vitest';
import { flagsHelp, parseServeFlags } from '../../../src/cli/process/flags.ts';
import { codesIn, rowsOf } from '../../support/tables.ts';

interface Row {
  readonly flag: string;
  readonly variables: readonly string[];
  readonly defaultValue: string;
}

const PAGE = 'docs/configuration.md';

const rowOf = ([flag, variables, defaultValue = '']: readonly string[]): Row => ({
  flag: codesIn(flag)[0] ?? '',
  variables: codesIn(variables),
  defaultValue,
});

const rows = rowsOf(PAGE).map(rowOf);

/** As `--help` prints them: the flag with its value, and the text. */
const flags = flagsHelp()
  .split('\n')
  .map((line) => line.trim().split(/ {2,}/) as [flag: string, help: string]);

/** Whether the parser reads the variable: it changes an option, or the parser complains about its value by name. */
function isRead(variable: string): boolean {
  try {
    const given = parseServeFlags([], { [variable]: '?' });
    return JSON.stringify(given) !== JSON.stringify(parseServeFlags([], {}));
  } catch (error) {
    return error instanceof Error && error.message.startsWith(`${variable}: `);
  }
}

describe('docs/configuration.md', () => {
  it('each flag of the parser has one row, and each row names a flag of the parser', () => {
    expect(rows.map(({ flag }) => flag).sort()).toEqual(flags.map(([flag]) => flag).sort());
  });

  it.each(rows)('$flag: the server reads each variable of the row', ({ flag, variables }) => {
    const [name = ''] = flag.slice(2).split(' ');
    expect(variables[0]).toBe(`SEAMLINE_${name.toUpperCase().replaceAll('-', '_')}`);
    expect(variables.filter((variable) => !isRead(variable))).toEqual([]);
  });

  it('each default is the one that --help prints', () => {
    const printed = flags.flatMap(([flag, help]) => {
      const [, value] = /\(default:? ([^;)]+)/.exec(help) ?? [];
      return value === undefined || !/^[\w.]+$/.test(value) ? [] : [[flag, value]];
    });
    expect(printed.length).toBeGreaterThan(15);
    const written = new Map(rows.map(({ flag, defaultValue }) => [flag, defaultValue.replaceAll(',', '')]));
    expect(printed.filter(([flag = '', value]) => written.get(flag)?.split(' ')[0] !== value)).toEqual([]);
  });

  it('README.md names flags, variables and defaults as the page does', () => {
    const all = new Map(rows.map((row) => [row.flag, row]));
    const inReadme = rowsOf('README.md', 'Configuration').map(rowOf);
    const named = inReadme.filter(({ flag }) => flag !== '');
    expect(named).toHaveLength(6);
    expect(named).toEqual(named.map(({ flag }) => all.get(flag)));
  });
});

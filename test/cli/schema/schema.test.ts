/** `seamline schema` prints what clients see, and a wrong file ends it and `seamline serve` in one line. */
import { buildSchema } from 'graphql';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { runCli } from '../../support/processes/processes.ts';

const QUOTES = `"A price."
type Quote @collection(key: "symbol") {
  symbol: ID!
  price: Float! @deprecated(reason: "In euros.")
  venue: Venue
}
enum Venue { NYSE LSE }
`;

/** The path of a file with this text. */
function fileOf(text: string | Uint8Array, name = 'schema.graphql'): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, text);
  return path;
}

describe('seamline schema', () => {
  it('seamline schema without a file prints schema/schema.graphql', async () => {
    const sdl = readFileSync('schema/schema.graphql', 'utf8');
    expect(await runCli(['schema'])).toEqual({ code: 0, stdout: sdl, stderr: '' });
  });

  it('seamline schema --schema FILE prints the sorted schema of its collections', async () => {
    const { code, stdout, stderr } = await runCli(['schema', '--schema', fileOf(QUOTES)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const schema = buildSchema(stdout);
    const fieldsOf = (root: string): string[] => {
      const type = schema.getType(root);
      return type && 'getFields' in type ? Object.keys(type.getFields()) : [];
    };
    expect(['Query', 'Mutation', 'Subscription'].map(fieldsOf)).toEqual([
      ['quote', 'quoteStream', 'quotes'],
      ['insertQuote', 'insertQuotes', 'removeQuote'],
      ['quoteChanges', 'quotes'],
    ]);
    expect(fieldsOf('Quote')).toEqual(['cursor', 'expiresAt', 'id', 'price', 'symbol', 'timestamp', 'venue']);
    expect(stdout).toContain('"""A price."""\ntype Quote {');
    expect(stdout).toContain('price: Float! @deprecated(reason: "In euros.")');
    expect(schema.getType('Item')).toBeUndefined();
  });

  it('SEAMLINE_SCHEMA and SEAMLINE_FEDERATION stand for --schema and --federation', async () => {
    const path = fileOf(QUOTES);
    const env = { SEAMLINE_SCHEMA: path, SEAMLINE_FEDERATION: 'true', SEAMLINE_PORT: 'of no interest here' };
    const byEnvironment = await runCli(['schema'], env);
    expect(byEnvironment).toMatchObject({ code: 0, stderr: '' });
    expect(byEnvironment).toEqual(await runCli(['schema', '--schema', path, '--federation']));
    expect(byEnvironment.stdout).toContain('type Quote @key(fields: "symbol") {');
    expect(await runCli(['schema', '--schema', path], { SEAMLINE_SCHEMA: '/nowhere' })).toMatchObject({ code: 0 });
  });

  it('a flag of serve that says nothing about the schema is refused', async () => {
    expect(await runCli(['schema', '--port', '4100'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'seamline: unknown flag --port: --help lists all flags\n',
    });
  });
});

describe('an SDL file that the server cannot use', () => {
  /** By a name for the test: what makes the file, and what is said of it, with its path for `PATH`. */
  const WRONG: readonly (readonly [name: string, make: () => string, message: string])[] = [
    [
      'that is missing',
      () => join(temporaryDirectory(), 'none.graphql'),
      '--schema must name an SDL file that can be read, not "PATH" (ENOENT)',
    ],
    [
      'that is a directory',
      () => {
        const path = join(temporaryDirectory(), 'schema');
        mkdirSync(path);
        return path;
      },
      '--schema must name an SDL file that can be read, not "PATH" (EISDIR)',
    ],
    [
      'that is not UTF-8',
      () => fileOf(Buffer.from(`# caf\u00e9\n${QUOTES}`, 'latin1')),
      '--schema must name an SDL file that can be read, not "PATH" (it is not UTF-8)',
    ],
    [
      'without a collection',
      () => fileOf(''),
      'PATH: no type has @collection: add it to each type whose items the server keeps',
    ],
    ['with a syntax error', () => fileOf(`${QUOTES}type`), 'PATH:8: syntax error: Expected Name, found <EOF>'],
    [
      'with a key that names no field',
      () => fileOf(QUOTES.replace('"symbol"', '"isin"')),
      'PATH:2: key of Quote names no field: "isin"; its fields are symbol, price and venue',
    ],
  ];

  it.each(WRONG)('a file %s ends seamline schema with exit code 2 and one line', async (_, make, message) => {
    const path = make();
    const stderr = `seamline: ${message.replace('PATH', path)}\n`;
    expect(await runCli(['schema', '--schema', path])).toEqual({ code: 2, stdout: '', stderr });
  });

  it.each(WRONG)('a file %s ends seamline serve with exit code 2 and one line', async (_, make, message) => {
    const path = make();
    const { code, stdout, stderr } = await runCli(['--port', '0', '--schema', path]);
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(lines).toEqual([`seamline: ${message.replace('PATH', path)}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('the line names the variable that names the file', async () => {
    const { stderr } = await runCli(['schema'], { SEAMLINE_SCHEMA: '/nowhere' });
    expect(stderr).toBe('seamline: SEAMLINE_SCHEMA must name an SDL file that can be read, not "/nowhere" (ENOENT)\n');
  });
});

/** docs/errors.md, compared with the codes of the sources. */
import { CloseCode } from 'graphql-ws';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OWN_CODES } from '../../../src/transports/protocol/errors.ts';
import { codesIn, rowsOf } from '../../support/tables.ts';

const PAGE = 'docs/errors.md';

/** What the pattern's group finds in these sources, once each. */
function foundIn(files: string, pattern: RegExp): string[] {
  const texts = globSync(files).map((file) => readFileSync(file, 'utf8'));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, code = '']) => code)))].sort();
}

const firstCells = (title: string): string[] => rowsOf(PAGE, title).map(([cell = '']) => cell);

describe('docs/errors.md', () => {
  it('each code of a GraphQL error has one row, and no other code has', () => {
    const listed = rowsOf(PAGE, 'GraphQL errors').flatMap(([cell]) => codesIn(cell));
    expect(listed).toHaveLength(OWN_CODES.size);
    expect(new Set(listed)).toEqual(OWN_CODES);
  });

  it('each close code of the server has a row', () => {
    const own = foundIn('src/{server,transports}/**/*.ts', /\bclose\((\d{4})\b/g);
    expect(own.length).toBeGreaterThan(5);
    // Of graphql-ws, which closes with these by itself.
    const theirs = [
      CloseCode.BadRequest,
      CloseCode.Unauthorized,
      CloseCode.ConnectionInitialisationTimeout,
      CloseCode.SubscriberAlreadyExists,
      CloseCode.TooManyInitialisationRequests,
      CloseCode.InternalServerError,
    ].map(String);
    expect(firstCells('WebSocket close codes')).toEqual(expect.arrayContaining([...own, ...theirs]));
  });

  it('each HTTP status of the server has a row', () => {
    const answered = foundIn(
      'src/{server,transports}/**/*.ts',
      /\b(?:respond|refuse|refused|wrong|writeHead)\((?:[^;(]|\([^;()]*\))*?\b([2-5]\d\d)\b(?=[,)])/g,
    );
    const returned = foundIn('src/{server,transports}/**/*.ts', /(?:return|:|\?\?) \[?([45]\d\d)(?:, |;|\n)/g);
    const known = foundIn('src/{server,transports}/**/*.ts', /_\w+: ([45]\d\d)\b/g);
    expect(answered.length).toBeGreaterThan(8);
    const listed = firstCells('HTTP statuses');
    expect([...answered, ...returned, ...known].filter((status) => !listed.includes(status))).toEqual([]);
  });

  it('each exit code of a command has a row', () => {
    const listed = firstCells('Exit codes').join(', ').split(', ');
    const ended = foundIn('src/cli/**/*.ts', /\bSIG[A-Z]+: (\d+)/g);
    expect(ended).toHaveLength(3);
    expect(listed).toEqual(['0', '1', '2', ...ended]);
  });
});

/** Messages that docs/operations.md and docs/troubleshooting.md quote, compared with the sources. */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codesIn, rowsOf } from '../../support/tables.ts';

const sources = globSync(['src/**/*.ts', 'schema/**/*.ts']).map((file) => readFileSync(file, 'utf8'));
// As they are printed, whichever quotes the source is written in.
const printed = sources.join('\n').replaceAll("\\'", "'").replaceAll('’', "'");

/** The fixed parts of a message; `…` and `N` stand for values. */
const partsOf = (message: string): string[] =>
  message
    .split(/…|\bN\b/)
    .map((part) => part.replace(/[:\s]+$/, '').trim())
    .filter((part) => part.length > 2);

const missingIn = (messages: readonly string[]): string[] =>
  messages.filter((message) => partsOf(message).some((part) => !printed.includes(part)));

describe('messages in the documents', () => {
  it('docs/operations.md quotes log messages as the server writes them', () => {
    const messages = rowsOf('docs/operations.md', 'Logs').flatMap(([, message]) => codesIn(message));
    expect(messages.length).toBeGreaterThan(25);
    expect(missingIn(messages)).toEqual([]);
  });

  it('docs/troubleshooting.md quotes messages as the server writes them', () => {
    const cells = rowsOf('docs/troubleshooting.md').flat();
    // A flag, a setting or a header is no message.
    const isMessage = (code: string): boolean => /^[^-\d]\S* \S+ \S/.test(code) && !/^(?:npm|[A-Z][\w-]+:) /.test(code);
    const messages = cells.flatMap((cell) => codesIn(cell)).filter((code) => isMessage(code));
    expect(messages.length).toBeGreaterThan(4);
    // Of Node, GraphiQL, graphql-js, its HTTP handlers and zsh; and what to write.
    const others =
      /^(?:Unknown file extension|Syntax Error:|Cannot query field|Variable "|Could not determine|Must provide|Can only perform|no matches found|[{"]|value: |edges )/;
    expect(missingIn(messages.filter((message) => !others.test(message)))).toEqual([]);
  });
});

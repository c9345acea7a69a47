import { getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { selectedIn } from '../../src/transports/operations/selected-fields.ts';

const VALUES = new Set(['note', 'venue']);

function selected(text: string) {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  return selectedIn(document, operation, VALUES);
}

describe('what the selection of an insertion asks for', () => {
  it('different fields show different parts of what was sent, so the field that is selected most often counts', () => {
    expect(selected('mutation { insert { note venue } }')).toEqual({ values: 1, fields: 3 });
    expect(selected('mutation { insert { note a: note b: note venue } }')).toEqual({ values: 3, fields: 5 });
  });

  it('fields whose values are short count as fields only', () => {
    expect(selected('mutation { insert { cursor id } }')).toEqual({ values: 0, fields: 3 });
  });

  it('a fragment counts each time that it is spread', () => {
    const text = 'mutation { insert { a: line { ...F } b: line { ...F } } } fragment F on Line { note }';
    expect(selected(text)).toEqual({ values: 2, fields: 5 });
  });
});

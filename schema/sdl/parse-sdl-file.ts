import { type DocumentNode, GraphQLError, parse } from 'graphql';
import { checkNames } from './check-names.ts';
import { checkReferences } from './check-references.ts';
import type { SdlDefinition } from './definition.ts';
import { Flaw } from './flaw.ts';
import { readTypes } from './statements.ts';

/** An SDL file that makes no sense. The message is one line: `FILE:LINE: what`, or `FILE: what` where no line is to blame. */
export class SdlFileError extends Error {
  override readonly name = 'SdlFileError';
}

/**
 * Reads the collections of an SDL file, and the types that they use.
 * @param text the file
 * @param fileName names the file in errors
 * @throws {SdlFileError} at the first mistake
 * @example
 * parseSdlFile('type Quote @collection(key: "symbol") { symbol: ID! price: Float }', 'schema.graphql');
 */
export function parseSdlFile(text: string, fileName: string): SdlDefinition {
  try {
    return definitionIn(text);
  } catch (error) {
    if (!(error instanceof Flaw)) throw error;
    const place = error.line === undefined ? fileName : `${fileName}:${error.line}`;
    throw new SdlFileError(`${place}: ${error.message}`, { cause: error });
  }
}

function definitionIn(text: string): SdlDefinition {
  const document = isBlank(text) ? undefined : documentIn(text);
  const types = document && readTypes(document);
  if (types === undefined || types.definition.collections.length === 0)
    throw new Flaw('no type has @collection: add it to each type whose items the server keeps', undefined);
  checkNames(types);
  checkReferences(types);
  return types.definition;
}

/** Whether the text holds nothing but white space and comments, which GraphQL's grammar refuses as an unexpected end. */
const isBlank = (text: string): boolean => !/[^\uFEFF\s,]/.test(text.replaceAll(/#[^\n\r]*/g, ''));

function documentIn(text: string): DocumentNode {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const what = error.message.replace(/^Syntax Error: /, '').replace(/\.$/, '');
    throw new Flaw(`syntax error: ${what}`, error.locations?.[0]?.line);
  }
}

/** What the server and its transports know of a schema. */
import type { SdlDefinition } from '../../../schema/sdl/definition.ts';

/** A query that is valid in the schema, and reads a map. */
export function firstOperation(definition: SdlDefinition | undefined): string {
  const [first] = definition?.collections ?? [];
  return `{${first ? `${first.singular}Stream` : 'stream'}{epoch}}`;
}

/** The names of the fields whose values may be as long as what was sent. Keys are short. */
export function valueFields(definition: SdlDefinition | undefined): ReadonlySet<string> {
  if (!definition) return new Set(['value']);
  const { collections, objects } = definition;
  return new Set([...collections, ...objects].flatMap(({ fields }) => fields.map(({ name }) => name)));
}

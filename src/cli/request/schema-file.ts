/** The collections of a server that does not describe itself, by its SDL file. */
import { graphqlSync, type GraphQLSchema } from 'graphql';
import { createSchema } from '../../../schema/index.ts';
import { SdlFileError } from '../../../schema/sdl/parse-sdl-file.ts';
import { type DescribedCollection, describeCollections } from '../../described/described-collection.ts';
import { DESCRIBE, type Description } from '../../described/introspection.ts';
import { definitionIn } from '../../server/collections/definition.ts';
import { UsageError } from '../process/arguments.ts';

/** @throws UsageError when the file can't be read or makes no sense */
export function collectionsIn(file: string): readonly DescribedCollection[] {
  const schema = schemaOf(file);
  // The answer has the shape of the query, which needs no resolver.
  return describeCollections(graphqlSync({ schema, source: DESCRIBE }).data as unknown as Description);
}

function schemaOf(file: string): GraphQLSchema {
  try {
    return createSchema({ definition: definitionIn(file) });
  } catch (error) {
    if (!(error instanceof SdlFileError) && !(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^schema must/, '--schema must'), { cause: error });
  }
}

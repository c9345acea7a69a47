/** Types of collections in PostgreSQL, where SQL inserts items as well. */
import type { SdlDefinition } from '../../schema/sdl/definition.ts';
import { valueShape } from './collections/value-shape.ts';
import { postgresOptions, streamOf } from './open-log.ts';
import type { ServerOptions } from './options.ts';

/**
 * From now on `seamline.insert` refuses what does not fit the types. Until the stored items are known to fit them, those of the nodes that
 * run already hold.
 */
export async function setSqlTypes(options: ServerOptions, definition: SdlDefinition | undefined): Promise<void> {
  if (options.postgres === undefined || options.log !== undefined || !definition) return;
  const { setShapes } = await import('../logs/postgres/shapes.ts');
  const shapes = definition.collections.map(
    (collection) => [streamOf(options.stream, collection.plural), valueShape(definition, collection)] as const,
  );
  await setShapes(postgresOptions(options, options.postgres), new Map(shapes));
}

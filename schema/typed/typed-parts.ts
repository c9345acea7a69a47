import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { CollectionDefinition, SdlDefinition } from '../sdl/definition.ts';
import type { CollectionParts } from '../stream/collection-parts.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';

/** Adds the types of a collection. `mapOf`: finds the map of a collection by its plural name. */
export function typedParts(
  _builder: StreamBuilder,
  _sdl: SdlDefinition,
  { name }: CollectionDefinition,
  _mapOf: (plural: string) => StreamingMap,
): CollectionParts {
  throw new Error(`collections of an SDL file are not there yet: ${name}`);
}

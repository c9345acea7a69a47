export { addStream } from '../schema/stream/add-stream.ts';
export { itemFields } from '../schema/stream/item-fields.ts';
export type { StreamOptions, StreamScope } from '../schema/stream/options.ts';
export type { Change, Item, ItemChanges, RemovalReason, RemovedItem } from './core/model/change.ts';
export type { Bounds } from './core/model/command.ts';
export {
  BadInputError,
  ConflictError,
  CursorExpiredError,
  EngineUnavailableError,
  IndeterminateError,
  type Issue,
  LaggedError,
  PayloadTooLargeError,
  SeamlineError,
} from './core/model/errors.ts';
export { type ItemFilter, itemFilter, type ItemFilterInput } from './core/input/item-filter.ts';
export { type KeyFilter, keyFilter, type KeyFilterInput } from './core/input/key-filter.ts';
export type { ValueFilterInput } from './core/input/where/where-filter.ts';
export type { LogFields, Logger } from './core/model/logger.ts';
export type { InsertInput, RemoveOptions } from './core/input/insert-input.ts';
export type { LogEntry, LogListener, LogHealth, LogSnapshot, OrderedLog } from './core/replication/ordered-log.ts';
export type { Cursor, Epoch, Position, Sequence } from './core/model/position.ts';
export type { ItemsOptions, StreamingMapOptions, SubscribeOptions } from './core/map-options.ts';
export { StreamingMap } from './core/streaming-map.ts';
export type { KeyedInput, KeyedRules, Validate, ValueRules, ValueSchema } from './core/input/value-rules.ts';
export { fileLog } from './logs/file/file-log.ts';
export type { FileLogOptions } from './logs/file/options.ts';
export { memoryLog, type MemoryLogOptions } from './logs/memory/memory-log.ts';
export type { ServerOptions } from './server/options.ts';
export { createServer } from './server/create-server.ts';
export type { SeamlineServer } from './server/server.ts';
export { withFanOut } from './transports/adapters/graphql-ws-fan-out.ts';
export { type FanOutPluginOptions, useFanOut } from './transports/adapters/yoga-fan-out.ts';

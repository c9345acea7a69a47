export { addStream } from '../schema/stream.ts';
export type { StreamOptions } from '../schema/stream-options.ts';
export type { Change, Item, ItemChanges, RemovalReason, RemovedItem } from './core/change.ts';
export type { Bounds } from './core/command.ts';
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
} from './core/errors.ts';
export { type KeyFilter, keyFilter, type KeyFilterInput } from './core/filter.ts';
export type { LogFields, Logger } from './core/logger.ts';
export type { InsertInput, RemoveOptions } from './core/input.ts';
export type { LogEntry, LogFollower, LogHealth, LogSnapshot, OrderedLog } from './core/ordered-log.ts';
export type { Cursor, Epoch, Position, Sequence } from './core/position.ts';
export {
  type ItemsOptions,
  StreamingMap,
  type StreamingMapOptions,
  type SubscribeOptions,
} from './core/streaming-map.ts';
export type { KeyedInput, KeyedRules, Validate, ValueRules, ValueSchema } from './core/validation.ts';
export { fileLog, type FileLogOptions } from './logs/file-log.ts';
export { memoryLog, type MemoryLogOptions } from './logs/memory-log.ts';
export type { ServerOptions } from './server/options.ts';
export { createServer } from './server/create-server.ts';
export type { SeamlineServer } from './server/server.ts';
export { withFanOut } from './transports/graphql-ws-fan-out.ts';
export { type FanOutPluginOptions, useFanOut } from './transports/yoga-fan-out.ts';

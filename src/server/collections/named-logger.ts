import type { LogFields, Logger } from '../../core/model/logger.ts';

/** The same logger, whose lines name a collection. */
export function namedLogger(logger: Logger, collection: string | undefined): Logger {
  if (collection === undefined) return logger;
  const named = (fields: LogFields): LogFields => ({ collection, ...fields });
  return {
    debug: (fields, message) => logger.debug?.(named(fields), message),
    info: (fields, message) => logger.info(named(fields), message),
    warn: (fields, message) => logger.warn(named(fields), message),
    error: (fields, message) => logger.error(named(fields), message),
  };
}

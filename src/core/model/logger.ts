/** Named values of one log line. They never hold tokens, cookies, variables or item values: logs are stored, copied and searched. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The sink of log lines; silent by default. It has pino's shape, so a pino instance fits.
 *
 * @example
 * const map = await StreamingMap.open({ log: memoryLog(), logger: pino() });
 */
export interface Logger {
  /** One line per connection and operation. Optional. */
  debug?(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };

/** The longest chain of causes in one line. */
const MAX_CAUSES = 4;

/**
 * An error as fields of a log line: its type, messages and stacks. The error itself is not logged, because loggers print every property of
 * it, such as the document of a `GraphQLError` with all its literals.
 */
export function errorFields(error: unknown): LogFields {
  const stacks: string[] = [];
  let cause = error;
  while (cause instanceof Error && stacks.length < MAX_CAUSES) {
    stacks.push(stackOf(cause));
    ({ cause } = cause);
  }
  const type = error instanceof Error ? error.name : typeof error;
  return { err: { type, stack: stacks.join('\ncaused by ') } };
}

/** The error's message. A parser's message quotes its input, so a `SyntaxError` gets a fixed text. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  return error instanceof SyntaxError ? 'not valid JSON' : error.message;
}

function stackOf(error: Error): string {
  const frames = error.stack?.match(/^ {4}at .*$/gm) ?? [];
  return [`${error.name}: ${messageOf(error)}`, ...frames].join('\n');
}

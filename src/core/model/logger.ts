/** Named values of one line. Never tokens, cookies, variables or item values: logs are kept, copied and searched. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the library says to whoever runs it; silent by default. Its shape is pino's, so a pino instance will do. */
export interface Logger {
  /** Connections and operations, one by one. May be left out. */
  debug?(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };

/** Causes of causes that are told. */
const MAX_CAUSES = 4;

/**
 * An error as a field of a line: what it is and where it came from. Not the error itself: loggers print whatever hangs on it,
 * such as the document of a `GraphQLError` with all its literals.
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

/** What it says; of what can't be parsed nothing, as the parser quotes it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  return error instanceof SyntaxError ? 'not valid JSON' : error.message;
}

function stackOf(error: Error): string {
  const frames = error.stack?.match(/^ {4}at .*$/gm) ?? [];
  return [`${error.name}: ${messageOf(error)}`, ...frames].join('\n');
}

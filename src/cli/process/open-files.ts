/** The limit of open files, which counts sockets too. */

/** Reserved for the server's files and its connections to an engine. */
const RESERVED = 100;
/** Node 22 opens all modules of the server at the same time. */
const FOR_MODULES = 400;

/** A warning when the limit is too low for so many connections; otherwise undefined. */
export function tooFewFiles(connections: number, allowed = allowedFiles()): string | undefined {
  const needed = connections + RESERVED;
  if (allowed >= needed) return undefined;
  const possible = Math.max(1, allowed - RESERVED);
  return (
    `the limit of ${allowed} open files is too low for ${connections} connections (--max-connections): ` +
    `raise it to ${needed} or more (ulimit -n), or pass --max-connections ${possible}`
  );
}

/** Explains why the server's modules could not be loaded. When the limit is the cause, Node reports a missing package instead. */
export function whyNotLoaded(error: unknown): unknown {
  const allowed = allowedFiles();
  if (allowed >= FOR_MODULES) return error;
  const reason = `the limit of ${allowed} open files is too low to load the server: raise it (ulimit -n)`;
  return new Error(reason, { cause: error });
}

/** The soft limit, which Node raises to the hard one as it starts. Infinity on systems without a limit. A report takes 5 ms while nothing is open. */
function allowedFiles(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const limit = Number(userLimits?.open_files?.soft);
  return Number.isNaN(limit) ? Infinity : limit;
}

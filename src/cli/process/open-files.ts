/** How many files, sockets among them, the system lets this process open. */

/** Reserved for the server's own files and its connections to an engine. */
const RESERVED = 100;
/** Node 22 opens all modules of the server at once. */
const FOR_MODULES = 400;

/** What is wrong when the system lets us open too few for so many connections; undefined when nothing is. */
export function tooFewFiles(connections: number, allowed = allowedFiles()): string | undefined {
  const needed = connections + RESERVED;
  if (allowed >= needed) return undefined;
  const possible = Math.max(1, allowed - RESERVED);
  return (
    `the system lets this process open ${allowed} files, too few for ${connections} connections (--max-connections): ` +
    `raise the limit to ${needed} or more (ulimit -n), or pass --max-connections ${possible}`
  );
}

/** Why the server's modules couldn't be loaded: where the cause is the limit, Node's message speaks of a missing package. */
export function whyNotLoaded(error: unknown): unknown {
  const allowed = allowedFiles();
  if (allowed >= FOR_MODULES) return error;
  const reason = `the system lets this process open ${allowed} files, too few to load the server: raise the limit (ulimit -n)`;
  return new Error(reason, { cause: error });
}

/** Node raises the soft limit to the hard one as it starts. A report costs 5 ms as long as nothing is open. Infinite where there is none, as on Windows. */
function allowedFiles(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const limit = Number(userLimits?.open_files?.soft);
  return Number.isNaN(limit) ? Infinity : limit;
}

/**
 * A server on a directory, in a process that tests kill. It makes snapshots all the time, so that some kills happen during one. Prints
 * its URL, and with a third argument a line for each snapshot, with the sequence.
 */
import { type Logger, SILENT } from '../../../src/core/model/logger.ts';
import { createServer } from '../../../src/server/server.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';

const [directory = '', snapshotBytes = '', says] = process.argv.slice(2);
const logger: Logger = {
  ...SILENT,
  info: ({ sequence }, line) => {
    if (line === 'made a snapshot') process.stdout.write(`${String(sequence)}\n`);
  },
};
const log = fileLog({ directory, snapshotBytes: Number(snapshotBytes), ...(says !== undefined && { logger }) });
const server = await createServer({ port: 0, log, window: 100_000 });
process.stdout.write(`${server.url}\n`);

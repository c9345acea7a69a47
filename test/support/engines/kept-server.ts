/**
 * A server on a directory, in a process that tests kill. It makes snapshots all the time, so that some kills happen during one. Prints
 * its URL.
 */
import { createServer } from '../../../src/server/server.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';

const [directory = '', snapshotBytes = ''] = process.argv.slice(2);
const log = fileLog({ directory, snapshotBytes: Number(snapshotBytes) });
const server = await createServer({ port: 0, log, window: 100_000 });
process.stdout.write(`${server.url}\n`);

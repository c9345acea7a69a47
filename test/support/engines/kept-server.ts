/**
 * A server on a directory, in a process that is there to be killed. It makes snapshots all the time, so that it is killed in the
 * midst of some. Says its URL on stdout.
 */
import { createServer } from '../../../src/server/server.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';

const [directory = '', snapshotBytes = ''] = process.argv.slice(2);
const log = fileLog({ directory, snapshotBytes: Number(snapshotBytes) });
const server = await createServer({ port: 0, log, window: 100_000 });
process.stdout.write(`${server.url}\n`);

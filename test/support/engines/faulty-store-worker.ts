/**
 * The thread of a file log whose disk fails on demand. A file `fault` in its directory says how each flush fails:
 *
 * - `full`: there is no room
 * - `unflushed`: the flush fails, and nothing has reached the disk
 * - `flushed`: the flush reports a failure, but everything has reached the disk
 * - `unsealed`: as `flushed`, and no other file can be flushed either
 * - `dead`: everything has reached the disk, and the thread ends before it can say so
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from '../../../src/logs/file/serve.ts';
import { Store } from '../../../src/logs/file/store.ts';

const path = join(String(workerData), 'fault');

class FaultyDatabase extends DatabaseSync {
  override exec(sql: string): void {
    const fault = sql === 'COMMIT' && fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '';
    if (fault === 'full') throw failure('database or disk is full', 13);
    if (fault !== 'unflushed') super.exec(sql);
    if (fault === 'dead') process.exit();
    if (fault === 'unsealed') {
      fs.fsyncSync = () => {
        throw new Error('EIO: i/o error, fsync');
      };
      syncBuiltinESMExports();
    }
    // SQLITE_IOERR_FSYNC
    if (fault !== '') throw failure('disk I/O error', 1034);
  }
}

const failure = (text: string, errcode: number): Error => Object.assign(new Error(text), { errcode });

if (parentPort)
  serve(parentPort, new Store(String(workerData), (file, options = {}) => new FaultyDatabase(file, options)));

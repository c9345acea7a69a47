// One at a time: what is installed and what is built, for two commands may start together. Plain JavaScript without packages.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const lock = join(dirname(dirname(fileURLToPath(import.meta.url))), '.install.lock');

export async function underLock(work) {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isOwned()) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A process that died may have left the lock behind. */
function isOwned() {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // Just made, and not written yet.
    if (pid === 0) return Date.now() - statSync(lock).mtimeMs < 10_000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

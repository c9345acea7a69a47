/** Loads the package a second time in this process, as in an application whose dependencies need two versions. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as entry from '../../../src/index.ts';

type Package = typeof entry;

const ROOT = new URL('../../../', import.meta.url).pathname;

/** Both copies share graphql, which a process must have only once. `load` imports a file of the copy, named from its root. */
export async function loadSecondCopy(): Promise<{
  readonly copy: Package;
  readonly load: <Module>(file: string) => Promise<Module>;
  readonly remove: () => void;
}> {
  const directory = mkdtempSync(join(tmpdir(), 'seamline-copy-'));
  for (const name of ['src', 'schema', 'package.json'])
    cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const load = <Module>(file: string): Promise<Module> => import(/* @vite-ignore */ join(directory, file));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  return { copy: await load('src/index.ts'), load, remove };
}

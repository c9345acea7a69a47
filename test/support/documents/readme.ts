/** The snippets of README.md and docs/, as a reader copies them. */
import { build } from 'esbuild';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { codeOf } from './blocks.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The first code block below the heading, or the nth. */
export const snippet = (title: string, file = 'README.md', nth = 1): string => codeOf(file, title, nth);

/** The snippet with the host and port of `url` instead of the default ones. Nothing else is changed. */
export function snippetFor(title: string, url: string, file?: string): string {
  return snippet(title, file).replaceAll('127.0.0.1:4000', new URL(url).host);
}

/** The snippet and its imports, as one module. */
export async function bundle(code: string, platform: 'browser' | 'node'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT, loader: 'tsx', sourcefile: 'snippet.tsx' },
    jsx: 'automatic',
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform,
    // Node finds packages by itself.
    ...(platform === 'node' && { packages: 'external' }),
    logLevel: 'silent',
  });
  const [module] = outputFiles;
  if (!module) throw new Error('esbuild produced no output');
  return module.text;
}

/** The output of a strict type check of the snippets below these headings, with the library of a language level. */
export async function complaintsAbout(titles: readonly string[], file?: string, level?: Level): Promise<string> {
  return complaintsOf(Object.fromEntries(titles.map((title) => [title, snippet(title, file)])), level);
}

type Level = 'es2022' | 'es2024';

/** The output of a strict type check of any code, by name. */
export async function complaintsOf(codes: Readonly<Record<string, string>>, level: Level = 'es2022'): Promise<string> {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  // Inside the project, so that its imports are found.
  const directory = await mkdtemp(join(ROOT, '.cache', 'snippet-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const files = Object.entries(codes).map(([name, code]) => ({ name: `${name.replaceAll(/\W+/g, '-')}.tsx`, code }));
  for (const { name, code } of files) await writeFile(join(directory, name), code);
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: level,
    lib: [level, 'esnext.disposable', 'dom'],
    types: ['node'],
    jsx: 'react-jsx',
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const configuration = { compilerOptions, files: files.map(({ name }) => name) };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(configuration));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const { stdout } = await promisify(execFile)(tsc, ['-p', directory]).catch((error: { stdout: string }) => error);
  return stdout;
}

/** The lines that the module prints. If it ends, the next line throws with its stderr. */
export async function* linesOf(module: string): AsyncGenerator<string, void, void> {
  const child = spawn(process.execPath, ['--input-type=module', '-'], { cwd: ROOT });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const complaints = text(child.stderr);
  child.stdin.end(module);
  yield* createInterface({ input: child.stdout });
  throw new Error(`the snippet ended: ${await complaints}`);
}

/** The snippets of README.md and docs/, as a reader would copy them. */
import { build } from 'esbuild';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The first code block below the heading `<title>`. */
export function snippet(title: string, file = 'README.md'): string {
  const page = readFileSync(join(ROOT, file), 'utf8');
  const section = page.split(/^#{2,4} /m).find((part) => part.startsWith(`${title}\n`));
  const code = section?.match(/^```\w+\n(.*?)^```$/ms)?.[1];
  if (code === undefined) throw new Error(`${file} has no snippet below "${title}"`);
  return code;
}

/** The snippet with the host and port of `url` in the place of the default ones, and nothing else changed. */
export function snippetFor(title: string, url: string, file?: string): string {
  return snippet(title, file).replaceAll('127.0.0.1:4000', new URL(url).host);
}

/** The snippet and what it imports, as one module. */
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
  if (!module) throw new Error('esbuild made nothing');
  return module.text;
}

/** What a strict type check has to say of it, with what a language level brings. */
export async function complaintsOf(code: string, level: 'es2022' | 'es2024' = 'es2022'): Promise<string> {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  // Inside the project, so that its imports are found.
  const directory = await mkdtemp(join(ROOT, '.cache', 'snippet-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'snippet.tsx'), code);
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
  const inherited = { compilerOptions, files: ['snippet.tsx'] };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(inherited));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const { stdout } = await promisify(execFile)(tsc, ['-p', directory]).catch((error: { stdout: string }) => error);
  return stdout;
}

/** What the module prints, line by line; what it writes on stderr fails the one who waits for a line. */
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

/** Packs the tarball as npm would publish it, and makes projects that install it. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Tarball {
  readonly file: string;
  readonly bytes: Buffer;
  /** Paths inside the folder `package` that npm puts everything into. */
  readonly names: readonly string[];
  /** The console's part of `bytes`. Each of its files is in the package twice, plain and compressed; in the tarball both take the compressed size. */
  readonly consoleBytes: number;
}

/** Builds the package and that of the client, both into `dist`. */
export async function build(): Promise<void> {
  await run('npm', ['run', '--silent', 'package']);
}

/** Packs a built package into the directory. */
export async function pack(built: string, directory: string): Promise<Tarball> {
  const { stdout } = await run('npm', ['pack', built, '--json', '--pack-destination', directory]);
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: readonly { path: string; size: number }[] }];
  const file = join(directory, packed.filename);
  const compressed = packed.files.filter(({ path }) => /^dist\/console\/.*\.gz$/.test(path));
  const consoleBytes = 2 * compressed.reduce((sum, { size }) => sum + size, 0);
  return { file, bytes: readFileSync(file), names: packed.files.map(({ path }) => path), consoleBytes };
}

export function temporary(): { readonly directory: string; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'seamline-package-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Makes a project with the files of the folder `consumer`, and installs the tarball and these packages in it. */
export async function install(
  tarball: Tarball,
  consumer: string,
  directory: string,
  packages: readonly string[],
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  cpSync(new URL(`./${consumer}`, import.meta.url).pathname, directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const compilerOptions = {
    strict: true,
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    outDir: 'built',
    skipLibCheck: true,
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  await npm(directory, 'install', tarball.file, ...packages);
}

/** The packages that a project has, sorted by name. */
export function installed(directory: string): string[] {
  const lock = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')) as { packages: object };
  const paths = Object.keys(lock.packages).filter((path) => path !== '');
  return paths.map((path) => path.replace('node_modules/', '')).toSorted();
}

/** Installs a Node in a folder of its own and resolves with its path: a project can have one only. */
export async function installNode(directory: string, version: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true }));
  const name = `node-${process.platform}-${process.arch}`;
  await npm(directory, 'install', '--ignore-scripts', `${name}@${version}`);
  return join(directory, 'node_modules', name, 'bin/node');
}

/** Resolves with what a program prints when that Node runs it. */
export async function runOn(node: string, directory: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: [dirname(node), process.env['PATH']].join(delimiter) };
  const { stdout } = await run(node, [...args], { cwd: directory, env, timeout: 60_000 });
  return stdout;
}

async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
  await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, timeout: 240_000 });
}

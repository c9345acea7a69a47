import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVE_FLAGS } from '../../src/cli/process/flags.ts';
import { COMMANDS } from '../../src/cli/process/command-names.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { runCli } from '../support/processes/processes.ts';
import { findOnPath } from '../support/processes/programs.ts';

const COMMAND_NAMES = Object.keys(COMMANDS).sort();

/** A directory with a file, a file whose name has a space, and a directory. */
function directory(): string {
  const path = temporaryDirectory();
  writeFileSync(join(path, 'items.ndjson'), '');
  writeFileSync(join(path, 'it has spaces'), '');
  mkdirSync(join(path, 'its data'));
  return path;
}

interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  /** A script that prints what completes the words `$@`, of which the last may be empty, one per line. It reads the completion script from a file. */
  readonly driver: string;
}

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    // As bash calls it: `=` is a word of its own.
    driver: `source "$1"; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      $(complete -p seamline | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      (( \${#COMPREPLY[@]} == 0 )) || printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'fish',
    driver: `source $argv[1]; complete -C "$(string join ' ' -- $argv[2..] | string replace -a ' = ' '=')" | string replace -r '\\t.*' ''; true`,
  },
];

async function complete({ name, driver }: Shell, words: readonly string[], cwd = directory()): Promise<string[]> {
  const script = join(temporaryDirectory(), 'script');
  const { code, stdout, stderr } = await runCli(['completion', name]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  writeFileSync(script, stdout);
  const args = name === 'bash' ? ['-c', driver, 'driver'] : ['-c', driver];
  const ran = spawnSync(name, [...args, script, 'seamline', ...words], { cwd, encoding: 'utf8' });
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  return ran.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^--[\w-]+=/, '').replace(/\/$/, ''))
    .sort();
}

describe.each(SHELLS)('seamline completion $name', (shell) => {
  it.skipIf(findOnPath(shell.name) === undefined).each<[words: string[], expected: string[]]>([
    [[''], COMMAND_NAMES],
    [['ta'], ['tail']],
    [['--max-b'], ['--max-batch', '--max-batch-bytes', '--max-bytes']],
    [['serve', '--no-f'], ['--no-fan-out']],
    [['tail', '--l'], ['--limit']],
    [['tail', '--wh'], ['--where']],
    [['tail', '--where', ''], []],
    [['tail', '--max'], []],
    [['remove', '--if'], ['--if-cursor']],
    [
      ['verify', '--se'],
      ['--seconds', '--seed'],
    ],
    [['serve', '--log-level', 'w'], ['warn']],
    [
      ['--log-level', ''],
      ['debug', 'error', 'info', 'silent', 'warn'],
    ],
    [['--log-level', '=', 'e'], ['error']],
    [
      ['insert', 'it'],
      ['it has spaces', 'items.ndjson', 'its data'],
    ],
    [['--data', 'it'], ['its data']],
    [['--nats-creds', 'item'], ['items.ndjson']],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [['help', 'v'], ['verify']],
    [['get', ''], []],
  ])('%j is completed', async (words, expected) => {
    expect(await complete(shell, words)).toEqual(expected);
  });

  it.skipIf(findOnPath(shell.name) === undefined)('each flag of serve is completed', async () => {
    const flags = Object.keys(SERVE_FLAGS).map((name) => `--${name}`);
    expect(await complete(shell, ['serve', '--'])).toEqual([...flags, '--help'].sort());
  });
});

describe('seamline completion zsh', () => {
  it('the script has each command, and each flag of serve with its help', async () => {
    const { code, stdout } = await runCli(['completion', 'zsh']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^#compdef seamline\n/);
    for (const [name, summary] of Object.entries(COMMANDS)) expect(stdout).toContain(`'${name}:${summary}'`);
    for (const name of Object.keys(SERVE_FLAGS)) expect(stdout).toMatch(new RegExp(`'\\*?--${name}=?\\[`));
    expect(stdout).toContain(':LEVEL:(debug info warn error silent)');
    expect(stdout).toContain(':DIR:_files -/');
  });

  it.skipIf(findOnPath('zsh') === undefined)('zsh parses the script', async () => {
    const { stdout } = await runCli(['completion', 'zsh']);
    const { status, stderr } = spawnSync('zsh', ['-f', '-n'], { input: stdout, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

it.each([
  [[], 'completion takes one shell: seamline completion bash|zsh|fish'],
  [['bash', 'zsh'], 'completion takes one shell: seamline completion bash|zsh|fish'],
  [['tcsh'], 'unknown shell "tcsh": must be one of bash, zsh, fish'],
])('seamline completion %j exits with 2', async (args, message) => {
  expect(await runCli(['completion', ...args])).toEqual({ code: 2, stdout: '', stderr: `seamline: ${message}\n` });
});

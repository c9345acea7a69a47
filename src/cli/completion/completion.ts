/** `seamline completion`: prints a completion script. */
import { parseArguments, UsageError } from '../process/arguments.ts';
import { nearest } from '../process/suggestions.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { SHELLS, type Shell } from './tables.ts';
import { zshScript } from './zsh.ts';

export const HELP = `seamline completion: prints a script that completes commands and flags in a shell

  bash: echo 'eval "$(seamline completion bash)"' >> ~/.bashrc
  zsh:  echo 'eval "$(seamline completion zsh)"' >> ~/.zshrc      (below compinit)
  fish: seamline completion fish > ~/.config/fish/completions/seamline.fish
`;

const SCRIPTS: Readonly<Record<Shell, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Resolves with the exit code. Throws `UsageError`. */
export function run(args: readonly string[]): Promise<number> {
  const { positionals } = parseArguments(args, {}, { allowPositionals: true });
  process.stdout.write(SCRIPTS[shellIn(positionals)]());
  return Promise.resolve(0);
}

/** Throws `UsageError`. */
function shellIn([given, ...others]: readonly string[]): Shell {
  if (given === undefined || others.length > 0)
    throw new UsageError(`completion takes one shell: seamline completion ${SHELLS.join('|')}`);
  const shell = SHELLS.find((name) => name === given);
  if (shell) return shell;
  const suggestion = nearest(given, SHELLS);
  const advice = suggestion === undefined ? `must be one of ${SHELLS.join(', ')}` : `did you mean ${suggestion}?`;
  throw new UsageError(`unknown shell ${JSON.stringify(given)}: ${advice}`);
}

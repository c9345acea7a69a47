import { COMPLETED, type CompletedCommand, type CompletedFlag, type Completer } from './tables.ts';

export function fishScript(): string {
  return `# Completion of seamline for fish: ~/.config/fish/completions/seamline.fish
complete -c seamline -f
function __seamline_serves
  not __fish_seen_subcommand_from ${COMPLETED.flatMap(({ name }) => (name === 'serve' ? [] : [name])).join(' ')}
end
${COMPLETED.map(({ name, summary }) => `complete -c seamline -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`).join('\n')}
${COMPLETED.map(linesOf).join('\n')}
`;
}

function linesOf(command: CompletedCommand): string {
  const condition = quoted(conditionOf(command));
  const operands = command.operands === 'none' ? [] : [`complete -c seamline -n ${condition} ${by(command.operands)}`];
  return [...command.flags.map((flag) => `complete -c seamline -n ${condition} ${flagOf(flag)}`), ...operands].join(
    '\n',
  );
}

/** `serve` may be left out. */
const conditionOf = ({ name }: CompletedCommand): string =>
  name === 'serve' ? '__seamline_serves' : `__fish_seen_subcommand_from ${name}`;

function flagOf({ name, help, value }: CompletedFlag): string {
  const values = value ? ` ${value.completer === 'none' ? '-x' : `-r ${by(value.completer)}`}` : '';
  return `-l ${name} -d ${quoted(help)}${values}`;
}

function by(completer: Exclude<Completer, 'none'>): string {
  if (typeof completer !== 'string') return `-f -a ${quoted(completer.join(' '))}`;
  return completer === 'files' ? '-F' : `-f -a '(__fish_complete_directories)'`;
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

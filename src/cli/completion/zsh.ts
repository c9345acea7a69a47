import { COMPLETED, type CompletedCommand, type CompletedFlag, type Completer } from './tables.ts';

export function zshScript(): string {
  return `#compdef seamline
# Completion of seamline for zsh: eval "$(seamline completion zsh)", or a file _seamline in a directory of $fpath.
_seamline() {
  local command=serve
  local -a commands
  commands=(
${COMPLETED.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
    ${COMPLETED.map(({ name }) => name).join('|')})
      command=$words[2]
      shift words
      (( CURRENT-- ))
      ;;
  esac
  case $command in
${COMPLETED.map(caseOf).join('\n')}
  esac
}
if [[ $funcstack[1] == _seamline ]]; then
  _seamline "$@"
else
  compdef _seamline seamline
fi
`;
}

function caseOf({ name, flags, operands }: CompletedCommand): string {
  const specs = flags.map(specOf);
  if (operands !== 'none') specs.push(`*: :${actionOf(operands)}`);
  return `    ${name})
      _arguments \\
${specs.map((spec) => `        ${quoted(spec)}`).join(' \\\n')}
      ;;`;
}

function specOf({ name, help, isRepeatable, value }: CompletedFlag): string {
  const escaped = help.replaceAll(/[[\]\\:]/g, String.raw`\$&`);
  const of = value ? `:${value.placeholder.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}:${actionOf(value.completer)}` : '';
  return `${isRepeatable ? '*' : ''}--${name}${value ? '=' : ''}[${escaped}]${of}`;
}

function actionOf(completer: Completer): string {
  if (typeof completer !== 'string') return `(${completer.join(' ')})`;
  return { none: ' ', files: '_files', directories: '_files -/' }[completer];
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

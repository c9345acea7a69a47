import { COMPLETED, type CompletedCommand, type Completer } from './tables.ts';

/** Works with bash 3.2, the one of macOS, as well. */
export function bashScript(): string {
  const names = COMPLETED.map(({ name }) => name);
  return `# Completion of seamline for bash: eval "$(seamline completion bash)"
_seamline() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= word flags= operands=
  # bash splits --flag=value into three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if (( COMP_CWORD > 1 )); then
    case \${COMP_WORDS[1]} in
      ${names.join('|')}) command=\${COMP_WORDS[1]} ;;
      *) command=serve ;;
    esac
  elif [[ $cur != -* ]]; then
    COMPREPLY=( $(compgen -W '${names.join(' ')}' -- "$cur") )
    return
  else
    command=serve
  fi
  case $command in
${COMPLETED.map(caseOf).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=( $(compgen -W "$flags" -- "$cur") )
  else
    _seamline_values "$operands"
  fi
}
_seamline_values() {
  case $1 in
    @*)
      # Names may contain spaces.
      local IFS=$'\\n' kind=-f
      [[ $1 == @directories ]] && kind=-d
      compopt -o filenames 2> /dev/null
      COMPREPLY=( $(compgen $kind -- "$cur") )
      ;;
    *) COMPREPLY=( $(compgen -W "$1" -- "$cur") ) ;;
  esac
}
complete -F _seamline seamline
`;
}

function caseOf({ name, flags, operands }: CompletedCommand): string {
  const byWords = Map.groupBy(
    flags.filter(({ value }) => value !== undefined),
    ({ value }) => wordsOf(value?.completer ?? 'none'),
  );
  const values = [...byWords].map(([words, group]) => {
    const patterns = group.map((flag) => `--${flag.name}`).join('|');
    return `        ${patterns}) ${words === '' ? '' : `_seamline_values '${words}'; `}return ;;`;
  });
  const byPrevious = values.length === 0 ? '' : `\n      case $prev in\n${values.join('\n')}\n      esac`;
  return `    ${name})${byPrevious}
      flags='${flags.map((flag) => `--${flag.name}`).join(' ')}' operands='${wordsOf(operands)}' ;;`;
}

function wordsOf(completer: Completer): string {
  if (typeof completer !== 'string') return completer.join(' ');
  return completer === 'none' ? '' : `@${completer}`;
}

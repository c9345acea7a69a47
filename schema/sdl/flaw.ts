import { type ConstValueNode, Kind, type Location, print } from 'graphql';

/** A mistake in an SDL file. `parseSdlFile` adds the name of the file. */
export class Flaw extends Error {
  /** Undefined where no line is to blame. */
  readonly line: number | undefined;

  constructor(what: string, line: number | undefined) {
    super(what);
    this.line = line;
  }
}

/** A node of the document. A description comes before the definition that it describes, so a node with a name is where its name is. */
interface Located {
  readonly loc?: Location | undefined;
  readonly name?: { readonly loc?: Location | undefined } | undefined;
}

export const lineOf = ({ name, loc }: Located): number | undefined => (name?.loc ?? loc)?.startToken.line;

export const flawAt = (node: Located, what: string): Flaw => new Flaw(what, lineOf(node));

const LONGEST_SHOWN = 60;

/** A value as it is written in the file, in one line. */
export function shown(value: ConstValueNode): string {
  const text = value.kind === Kind.STRING ? JSON.stringify(value.value) : print(value).replaceAll(/\s+/g, ' ');
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

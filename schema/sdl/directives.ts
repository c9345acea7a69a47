import { type ConstDirectiveNode, type ConstValueNode, Kind } from 'graphql';
import { flawAt, listed, shown } from './flaw.ts';

/** The directives that a file may use, and where each of them belongs. */
const DIRECTIVES = {
  collection: 'on object types',
  deprecated: 'on fields and enum values',
  specifiedBy: 'on scalars',
} as const;

type DirectiveName = keyof typeof DIRECTIVES;

const isKnown = (name: string): name is DirectiveName => Object.hasOwn(DIRECTIVES, name);

export interface Directed {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/**
 * The directive `allowed` of a definition. `subject`: the definition, for messages.
 * @throws {Flaw} when there is another one, or the same one twice
 */
export function directiveOf(
  { directives = [] }: Directed,
  subject: string,
  allowed?: DirectiveName,
): ConstDirectiveNode | undefined {
  const [first, second] = directives;
  for (const directive of directives) {
    const name = directive.name.value;
    if (!isKnown(name)) {
      const known = listed(Object.keys(DIRECTIVES).map((known) => `@${known}`));
      throw flawAt(directive, `unknown directive @${name} on ${subject}: remove it; ${known} exist`);
    }
    if (name !== allowed)
      throw flawAt(directive, `@${name} is on ${subject}: remove it; it belongs ${DIRECTIVES[name]}`);
  }
  if (second) throw flawAt(second, `${subject} has @${second.name.value} twice: remove one of them`);
  return first;
}

/**
 * The values of a directive's arguments, by name.
 * @throws {Flaw} when an argument is unknown or comes twice
 */
export function argumentsOf(
  directive: ConstDirectiveNode,
  names: readonly string[],
): ReadonlyMap<string, ConstValueNode> {
  const values = new Map<string, ConstValueNode>();
  for (const argument of directive.arguments ?? []) {
    const name = argument.name.value;
    const of = `@${directive.name.value}`;
    if (!names.includes(name))
      throw flawAt(
        argument,
        `${of} has no argument "${name}": remove it; ${listed(names)} ${names.length === 1 ? 'exists' : 'exist'}`,
      );
    if (values.has(name)) throw flawAt(argument, `${of} has the argument ${name} twice: remove one of them`);
    values.set(name, argument.value);
  }
  return values;
}

const DEFAULT_REASON = 'No longer supported';

/**
 * The reason of `@deprecated`; undefined without the directive.
 * @throws {Flaw}
 */
export function deprecationReasonOf(node: Directed, subject: string): string | undefined {
  const directive = directiveOf(node, subject, 'deprecated');
  if (!directive) return undefined;
  const reason = argumentsOf(directive, ['reason']).get('reason');
  if (reason === undefined) return DEFAULT_REASON;
  if (reason.kind === Kind.STRING) return reason.value;
  throw flawAt(reason, `reason of @deprecated on ${subject} must be a string, not ${shown(reason)}`);
}

/** @throws {Flaw} when the scalar has more than a well-formed `@specifiedBy` */
export function assertSpecifiedBy(node: Directed, subject: string): void {
  const directive = directiveOf(node, subject, 'specifiedBy');
  if (!directive) return;
  const url = argumentsOf(directive, ['url']).get('url');
  if (url === undefined)
    throw flawAt(directive, `@specifiedBy on ${subject} needs its url: @specifiedBy(url: "https://…")`);
  if (url.kind !== Kind.STRING)
    throw flawAt(url, `url of @specifiedBy on ${subject} must be a string, not ${shown(url)}`);
}

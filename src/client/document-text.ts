/** The text of a document that is given as a syntax tree. graphql's `print` is larger than the rest of this client. */

/** The members of nodes in the order of GraphQL's syntax, with the text before and after each. */
const MEMBERS: readonly (readonly [name: string, before?: string, after?: string])[] = [
  ['definitions'],
  ['operation', '', ' '],
  ['variable', '', ': '],
  ['alias', '', ': '],
  ['name'],
  ['typeCondition', ' on '],
  ['type'],
  ['variableDefinitions', '(', ')'],
  ['arguments', '(', ')'],
  ['value', ': '],
  ['defaultValue', ' = '],
  ['values'],
  ['fields'],
  ['directives', ' '],
  ['selectionSet', ' '],
  ['selections'],
];

/** The text around the members of a kind of node. */
const AROUND: Readonly<Record<string, readonly [before: string, after?: string]>> = {
  FragmentDefinition: ['fragment '],
  FragmentSpread: ['...'],
  InlineFragment: ['...'],
  SelectionSet: ['{ ', ' }'],
  Directive: ['@'],
  Variable: ['$'],
  ListType: ['[', ']'],
  NonNullType: ['', '!'],
  ListValue: ['[', ']'],
  ObjectValue: ['{', '}'],
  NullValue: ['null'],
};

interface Node {
  readonly kind: string;
  readonly [member: string]: unknown;
}

export function textOf(node: Node): string {
  const { kind, value } = node;
  // The value of a text, or else of a name, a number, an enum or a boolean.
  if (typeof value === 'string' || typeof value === 'boolean')
    return kind === 'StringValue' ? JSON.stringify(value) : String(value);
  const [first, last = ''] = AROUND[kind] ?? [''];
  const members = MEMBERS.map(([name, before = '', after = '']) => {
    const children = [(node[name] ?? []) as Node | string | Node[]].flat();
    const text = children.map((child) => (typeof child === 'string' ? child : textOf(child))).join(' ');
    return text && before + text + after;
  });
  return first + members.join('') + last;
}

/** Random selections of typed objects, and what graphql-js makes of them for plain values. */
import { buildSchema, execute, type GraphQLSchema, parse } from 'graphql';
import type {
  CollectionDefinition,
  FieldType,
  ObjectDefinition,
  SdlDefinition,
} from '../../../schema/sdl/definition.ts';
import type { Dice } from '../random/dice.ts';
import { sdlOf } from '../sdl/sdl-of.ts';

export interface MadeSelection {
  readonly collection: CollectionDefinition;
  /** With its braces. */
  readonly selection: string;
  readonly fragments: string;
  /** As `($b0: Boolean!)`, or empty. */
  readonly defined: string;
  readonly variables: Readonly<Record<string, boolean>>;
}

const MAX_LEVELS = 5;
/** Below the server's limits of a document. */
const MAX_FIELDS = 40;
/** The server takes a hundred in a document, which may have the selection twice. */
const MAX_ALIASES = 40;
const CONDITIONS = ['true', 'false', '$b0', '$b1'];

interface Fragment {
  readonly name: string;
  readonly on: string;
  readonly levels: number;
  readonly body: string;
}

class Writer {
  readonly fragments: Fragment[] = [];
  readonly used = new Set<string>();
  readonly #dice: Dice;
  readonly #sdl: SdlDefinition;
  #fields = 0;

  constructor(dice: Dice, sdl: SdlDefinition) {
    this.#dice = dice;
    this.#sdl = sdl;
  }

  /** The text, and how many levels of objects it has. */
  selection(object: ObjectDefinition, level: number, isCollection = false): { text: string; levels: number } {
    const parts: string[] = [];
    let levels = 1;
    const add = (part: { text: string; levels: number }): void => {
      parts.push(part.text);
      levels = Math.max(levels, part.levels);
    };
    for (let left = 1 + this.#dice.below(isCollection ? 6 : 4); left > 0; left--)
      add(this.#part(object, level, isCollection));
    return { text: `{ ${parts.join(' ')} }`, levels };
  }

  #part(object: ObjectDefinition, level: number, isCollection: boolean): { text: string; levels: number } {
    const kind = this.#fields > MAX_FIELDS ? 0 : this.#dice.below(8);
    if (kind === 5 || kind === 6) {
      const { text, levels } = this.selection(object, level, isCollection);
      return { text: `... ${kind === 5 ? `on ${object.name}` : ''}${this.#directive()} ${text}`, levels };
    }
    if (kind === 7) {
      const { name, levels } = this.#fragment(object, level, isCollection);
      return { text: `...${name}${this.#directive()}`, levels };
    }
    return this.#field(object, level, isCollection);
  }

  #fragment(object: ObjectDefinition, level: number, isCollection: boolean): Fragment {
    const known = this.fragments.filter(({ on, levels }) => on === object.name && level + levels <= MAX_LEVELS);
    if (known.length > 0 && this.#dice.once(2)) return this.#dice.pick(known);
    const { text, levels } = this.selection(object, level, isCollection);
    const name = `${this.#dice.pick(['F', 'constructor', object.name])}_${this.fragments.length}`;
    const fragment = { name, on: object.name, levels, body: text };
    this.fragments.push(fragment);
    return fragment;
  }

  #field({ fields }: ObjectDefinition, level: number, isCollection: boolean): { text: string; levels: number } {
    this.#fields++;
    const usable = fields.filter(({ type }) => level < MAX_LEVELS - 1 || !this.#objectOf(type));
    const names = ['__typename', ...(isCollection ? ['id'] : []), ...usable.map(({ name }) => name)];
    const name = this.#dice.pick(names);
    const found = usable.find((field) => field.name === name);
    const object = found && this.#objectOf(found.type);
    if (!object) {
      // A list in a value, and the fields in it, may have two names.
      const isBounded = !isCollection || found?.type.kind === 'list';
      const second = name === 'id' ? '__proto__: ' : `${name}_1: `;
      const alias = this.#dice.pick(isBounded ? ['', second] : ['', '', `${name}_1: `, `${name}_2: `, second]);
      return { text: `${alias}${name}${this.#directive()}`, levels: 1 };
    }
    // All selections of an object under one name are merged, so it has only one.
    const { text, levels } = this.selection(object, level + 1);
    return { text: `${name}${this.#directive()} ${text}`, levels: levels + 1 };
  }

  #directive(): string {
    if (!this.#dice.once(6)) return '';
    const condition = this.#dice.pick(CONDITIONS);
    if (condition.startsWith('$')) this.used.add(condition.slice(1));
    return ` @${this.#dice.pick(['skip', 'include'])}(if: ${condition})`;
  }

  #objectOf(type: FieldType): ObjectDefinition | undefined {
    if (type.kind === 'list') return this.#objectOf(type.of);
    return this.#sdl.objects.find(({ name }) => name === type.name);
  }
}

/** Aliases, fragments, conditions and `__typename`, in random places. */
export function madeSelection(dice: Dice, sdl: SdlDefinition, collection: CollectionDefinition): MadeSelection {
  let writer: Writer;
  let text: string;
  do {
    writer = new Writer(dice, sdl);
    ({ text } = writer.selection(collection, 0, true));
  } while (aliasesIn(text, writer.fragments) > MAX_ALIASES);
  const used = [...writer.used];
  return {
    collection,
    selection: text,
    fragments: writer.fragments.map(({ name, on, body }) => `fragment ${name} on ${on} ${body}`).join('\n'),
    defined: used.length === 0 ? '' : `(${used.map((name) => `$${name}: Boolean!`).join(', ')})`,
    variables: Object.fromEntries(used.map((name) => [name, dice.once(2)])),
  };
}

/** Each fragment counts as often as it is spread. */
function aliasesIn(text: string, fragments: readonly Fragment[]): number {
  const own = text.match(/\w+: \w/g)?.filter((found) => !found.startsWith('if:')).length ?? 0;
  const spread = [...text.matchAll(/\.\.\.(\w+)/g)].map(([, name]) => fragments.find((one) => one.name === name));
  return spread.reduce((sum, fragment) => sum + (fragment ? aliasesIn(fragment.body, fragments) : 0), own);
}

/** Knows nothing of the server: graphql-js executes over the types of the file and plain objects. */
export class SelectionOracle {
  readonly #schema: GraphQLSchema;

  constructor(sdl: SdlDefinition) {
    const ids = sdl.collections
      .filter(({ fields }) => fields.every(({ name }) => name !== 'id'))
      .map(({ name }) => `extend type ${name} { id: ID! }`);
    const roots = sdl.collections.map(({ name }) => `of${name}: ${name}`);
    // Nothing in the file says what `@collection` is.
    this.#schema = buildSchema([sdlOf(sdl), ...ids, `type Query { ${roots.join(' ')} }`].join('\n'), {
      assumeValidSDL: true,
    });
  }

  /** The JSON of the selection of a stored value. */
  shown(made: MadeSelection, value: unknown): string {
    const { name, key, fields } = made.collection;
    const members = value as Readonly<Record<string, unknown>>;
    const id = fields.some((field) => field.name === 'id') ? {} : { id: String(members[key.name]) };
    const { data, errors } = execute({
      schema: this.#schema,
      document: parse(`query ${made.defined} { of${name} ${made.selection} } ${made.fragments}`),
      rootValue: { [`of${name}`]: { ...members, ...id } },
      variableValues: made.variables,
      fieldResolver: (source: object, _args, _context, { fieldName }) =>
        Object.hasOwn(source, fieldName) ? (source as Record<string, unknown>)[fieldName] : null,
    }) as { data?: Record<string, unknown>; errors?: readonly Error[] };
    if (errors?.[0]) throw errors[0];
    return JSON.stringify(data?.[`of${name}`]);
  }
}

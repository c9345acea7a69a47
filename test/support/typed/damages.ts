/** Inputs in which one thing is wrong, and where. */
import type { FieldType, ObjectDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import type { Dice } from '../random/dice.ts';

type Path = readonly (string | number)[];

/** As a literal and in JSON, because no JavaScript number is it. */
export const UNKEPT = '9007199254740993';
/** Stands for `UNKEPT` until the request is a text. */
export const UNKEPT_MARK = 'the-unkept-number';

export interface Damage {
  readonly what: string;
  readonly input: unknown;
  /** Of what the server must name, from the input down. */
  readonly path: Path;
  /** Whether the types of GraphQL refuse it already. Otherwise the server does, and `path` is that of its issue. */
  readonly isOfTypes: boolean;
  /** Whether the path names a member that the type doesn't have, in an object that it has. */
  readonly unknown?: string;
  /** Whether no literal of GraphQL can be it. */
  readonly isNoGraphQL?: boolean;
}

interface Place {
  readonly path: Path;
  readonly type: FieldType;
  readonly isKey: boolean;
}

const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  ID: [true, {}, 1.5],
  String: [1, false, {}],
  Int: ['1', 1.5, true, 2 ** 31, {}],
  Float: ['1', true, {}],
  Boolean: ['true', 0, {}],
  DateTime: ['yesterday', true, '2020-13-01T00:00:00Z'],
  Date: ['2020-02-30', 5],
  EmailAddress: ['nobody', 1],
  URL: ['no url', 1],
  UUID: ['no-uuid', 1],
  BigInt: ['1.5', true, 1.5],
  PositiveInt: [0, -1, 'many'],
  HexColorCode: ['red', 1],
};

export class Damager {
  readonly #sdl: SdlDefinition;
  readonly #dice: Dice;

  constructor(sdl: SdlDefinition, dice: Dice) {
    this.#sdl = sdl;
    this.#dice = dice;
  }

  /** Undefined where that kind of damage has no place in the input. */
  damage(object: ObjectDefinition, keyName: string, sent: unknown): Damage | undefined {
    const places = this.#places(object, keyName, sent);
    const kinds = [
      () => this.#wrongType(places, sent),
      () => this.#null(places, sent),
      () => this.#unknownMember(object, places, sent),
      () => this.#leftOut(places, sent),
      () => this.#unkept(places, sent),
      () => this.#surrogate(places, sent),
      () => this.#longKey(places, sent),
      () => this.#deep(places, sent),
    ];
    return this.#dice.pick(kinds)();
  }

  #wrongType(places: readonly Place[], sent: unknown): Damage | undefined {
    const usable = places.filter(({ type }) => this.#wrongOf(type).length > 0);
    if (usable.length === 0) return undefined;
    const { path, type } = this.#dice.pick(usable);
    const wrong = this.#dice.pick(this.#wrongOf(type));
    return { what: `wrongly ${JSON.stringify(wrong)}`, input: replaced(sent, path, wrong), path, isOfTypes: true };
  }

  /** A list takes a single element for a list of it, so that what is wrong for an element is wrong for the list. */
  #wrongOf(type: FieldType): readonly unknown[] {
    if (type.kind === 'list') return this.#wrongOf(type.of);
    if (this.#sdl.objects.some(({ name }) => name === type.name)) return [5, 'text', true];
    if (this.#sdl.enums.some(({ name }) => name === type.name)) return ['NO_SUCH_VALUE', 5, true];
    return WRONG[type.name] ?? [];
  }

  #null(places: readonly Place[], sent: unknown): Damage | undefined {
    const usable = places.filter(({ type }) => !type.isNullable);
    const { path } = this.#dice.pick(usable);
    return { what: 'null', input: replaced(sent, path, null), path, isOfTypes: true };
  }

  #unknownMember(root: ObjectDefinition, places: readonly Place[], sent: unknown): Damage {
    const inner = places.filter(
      ({ path, type }) => this.#objectOf(type) !== undefined && isObject(valueAt(sent, path)),
    );
    const { path } = this.#dice.pick<{ path: Path }>([{ path: [] }, ...inner]);
    const name = this.#dice.pick(['noSuchMember', 'Price', `${root.name}_`]);
    const holder = { ...(valueAt(sent, path) as object), [name]: 1 };
    return { what: `member ${name}`, input: replaced(sent, path, holder), path, isOfTypes: true, unknown: name };
  }

  #leftOut(places: readonly Place[], sent: unknown): Damage | undefined {
    // graphql-js takes an inherited `constructor` for a member that is there.
    const usable = places.filter(
      ({ type, path }) =>
        !type.isNullable && typeof path.at(-1) === 'string' && !(String(path.at(-1)) in Object.prototype),
    );
    if (usable.length === 0) return undefined;
    const { path } = this.#dice.pick(usable);
    const above = path.slice(0, -1);
    const { [String(path.at(-1))]: _, ...rest } = valueAt(sent, above) as Record<string, unknown>;
    return { what: `without ${String(path.at(-1))}`, input: replaced(sent, above, rest), path: above, isOfTypes: true };
  }

  #unkept(places: readonly Place[], sent: unknown): Damage | undefined {
    const usable = places.filter(({ type }) => ['Float', 'JSON', 'Int'].includes(nameOf(type)));
    if (usable.length === 0) return undefined;
    const { path, type } = this.#dice.pick(usable);
    const what = `number ${UNKEPT}`;
    if (nameOf(type) === 'JSON')
      return { what, input: replaced(sent, path, { a: [1, UNKEPT_MARK] }), path: [...path, 'a', 1], isOfTypes: false };
    return { what, input: replaced(sent, path, UNKEPT_MARK), path, isOfTypes: nameOf(type) === 'Int' };
  }

  #surrogate(places: readonly Place[], sent: unknown): Damage | undefined {
    const usable = places.filter(({ type }) => ['String', 'ID', 'JSON'].includes(nameOf(type)));
    if (usable.length === 0) return undefined;
    const { path } = this.#dice.pick(usable);
    return { what: 'surrogate', input: replaced(sent, path, 'a\ud800'), path, isOfTypes: false, isNoGraphQL: true };
  }

  #longKey(places: readonly Place[], sent: unknown): Damage | undefined {
    const key = places.find(({ isKey, type }) => isKey && nameOf(type) !== 'Int');
    if (!key) return undefined;
    const wrong = this.#dice.pick(['', 'x'.repeat(513), 'é'.repeat(257)]);
    return { what: `key ${wrong}`, input: replaced(sent, key.path, wrong), path: key.path, isOfTypes: false };
  }

  #deep(places: readonly Place[], sent: unknown): Damage | undefined {
    const usable = places.filter(({ type }) => nameOf(type) === 'JSON');
    if (usable.length === 0) return undefined;
    const { path } = this.#dice.pick(usable);
    let deep: unknown = 1;
    // The value is a level itself.
    for (let level = 0; level < 64; level++) deep = [deep];
    return { what: 'levels: 65', input: replaced(sent, path, deep), path: [], isOfTypes: false };
  }

  /** All members and elements that the input has, below lists that are lists. */
  #places(object: ObjectDefinition, keyName: string, sent: unknown, above: Path = []): Place[] {
    return object.fields.flatMap(({ name, type }) => {
      if (!Object.hasOwn(sent as object, name)) return [];
      const value = (sent as Record<string, unknown>)[name];
      return this.#below({ path: [...above, name], type, isKey: above.length === 0 && name === keyName }, value);
    });
  }

  #below(place: Place, value: unknown): Place[] {
    const { path, type } = place;
    if (value === null) return [place];
    if (type.kind === 'list')
      return [
        place,
        ...(value as unknown[]).flatMap((element, index) =>
          this.#below({ path: [...path, index], type: type.of, isKey: false }, element),
        ),
      ];
    const object = this.#objectOf(type);
    return object ? [place, ...this.#places(object, '', value, path)] : [place];
  }

  #objectOf(type: FieldType): ObjectDefinition | undefined {
    return type.kind === 'list' ? undefined : this.#sdl.objects.find(({ name }) => name === type.name);
  }
}

/** Of a scalar; empty for a list. */
const nameOf = (type: FieldType): string => (type.kind === 'named' ? type.name : '');

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((holder, name) => (holder as Record<string | number, unknown>)[name], value);
}

function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((element, index) => (index === first ? replaced(element, rest, by) : element));
  const members = value as Readonly<Record<string, unknown>>;
  return { ...members, [first]: replaced(members[first], rest, by) };
}

/** Typed filters, interpreted from what clients write and from the definition: nothing compiled, nothing shared with the code under test. */
import type { FieldType, ObjectDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';

type Members = Readonly<Record<string, unknown>>;

const memberOf = (value: unknown, name: string): unknown => new Map(Object.entries(value as object)).get(name) ?? null;

/** `value`: null where the object is null. `normal`: an operand as it is stored. */
export class TypedOracle {
  readonly #sdl: SdlDefinition;
  readonly #normal: (typeName: string, operand: unknown) => unknown;

  constructor(sdl: SdlDefinition, normal: (typeName: string, operand: unknown) => unknown) {
    this.#sdl = sdl;
    this.#normal = normal;
  }

  matches({ fields, ...definition }: ObjectDefinition, where: unknown, value: unknown, isRoot = true): boolean {
    return Object.entries(where as Members).every(([member, given]) => {
      const again = (one: unknown): boolean => this.matches({ fields, ...definition }, one, value, isRoot);
      if (member === 'and') return (given as unknown[]).map(again).every(Boolean);
      if (member === 'or') return (given as unknown[]).map(again).some(Boolean);
      if (member === 'isNull' && !isRoot) return (value === null) === given;
      // Nothing in an object that is null.
      if (value === null) return false;
      if (member === 'not') return !again(given);
      const field = fields.find(({ name }) => name === member);
      if (!field) throw new Error(`no field ${member}`);
      return this.#field(field.type, given as Members, memberOf(value, member));
    });
  }

  #field(type: FieldType, given: Members, found: unknown): boolean {
    const object = type.kind === 'named' ? this.#objectOf(type.name) : undefined;
    if (object) return this.matches(object, given, found, false);
    return Object.entries(given).every(([operator, operand]) => this.#holds(type, operator, operand, found));
  }

  #holds(type: FieldType, operator: string, operand: unknown, found: unknown): boolean {
    if (operator === 'isNull') return (found === null) === operand;
    if (operator === 'isEmpty') return (Array.isArray(found) && found.length === 0) === operand;
    if (operator === 'has')
      return Array.isArray(found) && found.some((element) => this.#isElement(type, operand, element));
    const name = type.kind === 'named' ? type.name : '';
    const same = (one: unknown): boolean => found !== null && textOf(found) === textOf(this.#normal(name, one));
    if (operator === 'eq') return same(operand);
    if (operator === 'ne') return !same(operand);
    if (operator === 'in') return (operand as unknown[]).some(same);
    if (operator === 'notIn') return !(operand as unknown[]).some(same);
    if (found === null) return false;
    if (operator === 'startsWith') return (found as string).indexOf(operand as string) === 0;
    if (operator === 'contains') return (found as string).split(operand as string).length > (operand === '' ? -1 : 1);
    const signs = { lt: [-1], lte: [-1, 0], gt: [1], gte: [0, 1] }[operator];
    if (!signs) throw new Error(`the oracle has no operator ${operator}`);
    return signs.includes(compare(found, operand));
  }

  #isElement(type: FieldType, operand: unknown, element: unknown): boolean {
    const of = type.kind === 'list' ? type.of : type;
    const name = of.kind === 'named' ? of.name : '';
    const object = this.#objectOf(name);
    if (object) return this.matches(object, operand, element, false);
    return element !== null && textOf(element) === textOf(this.#normal(name, operand));
  }

  #objectOf(typeName: string): ObjectDefinition | undefined {
    return this.#sdl.objects.find(({ name }) => name === typeName);
  }
}

function compare(found: unknown, operand: unknown): number {
  if (typeof found === 'number') return Math.sign(found - (operand as number));
  // UTF-8 keeps the order of code points.
  return Buffer.compare(Buffer.from(found as string), Buffer.from(operand as string));
}

/** The JSON of a value, the same for members in another order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

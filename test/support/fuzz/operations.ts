/** Requests around a document: variables, the operation's name and extensions, sound and odd. */
import type { Dice } from '../random/dice.ts';
import { DOCUMENTS } from './corpus.ts';
import { mutatedCursor, mutatedDocument, oddJson, oddString } from './mutations.ts';

const key = (dice: Dice): string =>
  dice.once(3) ? JSON.stringify(oddString(dice)) : JSON.stringify(`k${dice.below(40)}`);

const cursor = (dice: Dice, cursors: readonly string[]): string => JSON.stringify(mutatedCursor(dice, cursors));

const filter = (dice: Dice): string =>
  dice.pick([
    () => '{"keyPrefix":"k1"}',
    () => '{"keyPrefix":""}',
    () => 'null',
    () => '{}',
    () => `{"keyPrefix":${key(dice)}}`,
    () => `{"keys":[${key(dice)},${key(dice)}]}`,
    () => `{"keys":[${'"k3",'.repeat(dice.below(1100))}"a"]}`,
    () => `{"keys":${oddJson(dice)},"keyPrefix":"k"}`,
  ])();

function input(dice: Dice, cursors: readonly string[]): string {
  const optional: readonly [string, () => string][] = [
    ['ttl', () => dice.pick(['1000', '2147483647', '0', '-1', '1.5', '"1"', 'null', '1e999'])],
    ['idempotencyKey', () => key(dice)],
    ['ifAbsent', () => dice.pick(['true', 'false', 'null', '1'])],
    ['ifCursor', () => cursor(dice, cursors)],
    ['__proto__', () => oddJson(dice)],
  ];
  const fields = optional.filter(() => dice.once(5)).map(([name, value]) => `,"${name}":${value()}`);
  return `{"key":${key(dice)},"value":${oddJson(dice)}${fields.join('')}}`;
}

/** By name: the variables of the stock documents. */
const variables: Readonly<Record<string, (dice: Dice, cursors: readonly string[]) => string>> = {
  key,
  input,
  inputs: (dice, cursors) => {
    const length = dice.once(200) ? 1001 : dice.below(5);
    return `[${Array.from({ length }, () => (length > 5 ? '{"key":"k","value":1}' : input(dice, cursors))).join(',')}]`;
  },
  first: (dice) => dice.pick(['1', '2', '3', '7', '50', '1000', '1e3', '1001', '0', '-1', '1.5', '2147483648', 'null']),
  limit: (dice) => dice.pick(['0', '1', '3', '10', '2147483647', 'null', '-1', '1e999', 'true']),
  after: (dice, cursors) => (dice.once(6) ? 'null' : cursor(dice, cursors)),
  ifCursor: (dice, cursors) => (dice.once(2) ? 'null' : cursor(dice, cursors)),
  idempotencyKey: (dice) => key(dice),
  filter,
  onLag: (dice) => dice.pick(['"CONFLATE"', '"CONFLATE"', '"FAIL"', '"FAIL"', '"fail"', 'null']),
  v: (dice) => oddJson(dice),
};

function variablesFor(dice: Dice, document: string, cursors: readonly string[]): string {
  const members = [...document.matchAll(/\$(\w+):/g)]
    .filter(() => !dice.once(30))
    .map(([, name = '']) => {
      // The documents have variables of names such as `__proto__`, too.
      const sound = Object.hasOwn(variables, name) ? variables[name] : undefined;
      return `"${name}":${sound && !dice.once(20) ? sound(dice, cursors) : oddJson(dice)}`;
    });
  if (dice.once(10)) members.push(`"${dice.pick(['__proto__', 'constructor', 'toString', 'x'])}":${oddJson(dice)}`);
  return `{${members.join(',')}}`;
}

function extensionsFor(dice: Dice, cursors: readonly string[]): string {
  const after = dice.once(2) ? cursor(dice, cursors) : oddJson(dice);
  const cursored = dice.pick(['true', 'false', '1', 'null', '"true"']);
  const odd = `"persistedQuery":${oddJson(dice)},"__proto__":${oddJson(dice)}`;
  return dice.pick(['{}', `{"after":${after}}`, `{"cursors":${cursored}}`, `{${odd},"cursors":true}`]);
}

/** The members of a GraphQL request whose envelope is sound, each as JSON text. */
export function operationMembers(dice: Dice, cursors: readonly string[]): readonly [name: string, json: string][] {
  // Half of them must get past the parser and the rules.
  const document = dice.once(2) ? dice.pick(DOCUMENTS) : mutatedDocument(dice);
  const members: [string, string][] = [['query', JSON.stringify(document)]];
  const given = dice.once(20) ? dice.pick(['null', '{}']) : variablesFor(dice, document, cursors);
  members.push(['variables', given]);
  if (dice.once(20)) members.push(['operationName', dice.pick(['null', '""', '"A"', '"Item"', '"__proto__"'])]);
  if (dice.once(5)) members.push(['extensions', extensionsFor(dice, cursors)]);
  return members;
}

export function operationJson(dice: Dice, cursors: readonly string[]): string {
  return `{${operationMembers(dice, cursors)
    .map(([name, json]) => `"${name}":${json}`)
    .join(',')}}`;
}

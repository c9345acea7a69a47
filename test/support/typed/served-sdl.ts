/** Servers of random SDL files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseCursor } from '../../../src/core/model/cursor.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { CollectionDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import type { ServerOptions } from '../../../src/server/options.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';
import type { Reader } from '../clients/readers.ts';
import { post } from '../clients/requests.ts';
import { sdlDefinitions, type Varied } from '../sdl/definitions.ts';
import { sdlOf } from '../sdl/sdl-of.ts';
import { literalOf, type MadeValue, madeObject } from './made-values.ts';

/** Definitions whose collections have the bounds of the server. */
export const unboundedSdl = (varied?: Varied): fc.Arbitrary<SdlDefinition> =>
  sdlDefinitions(varied).map((sdl) => ({
    ...sdl,
    collections: sdl.collections.map((collection) => ({
      ...collection,
      ttl: undefined,
      maxItems: undefined,
      maxBytes: undefined,
      window: undefined,
    })),
  }));

/** A definition, one of its collections, and values of that. */
export function scenes(least: number, most: number): fc.Arbitrary<TypedScene> {
  return unboundedSdl().chain((sdl) => {
    const [collection] = sdl.collections;
    if (!collection) throw new Error('a definition has a collection');
    return fc.record({
      sdl: fc.constant(sdl),
      collection: fc.constant(collection),
      seed: fc.nat(),
      values: fc.array(keyedValue(sdl, collection), { minLength: least, maxLength: most }),
    });
  });
}

export interface TypedScene {
  readonly sdl: SdlDefinition;
  readonly collection: CollectionDefinition;
  readonly seed: number;
  readonly values: readonly MadeValue[];
}

/** A value whose key is not empty. */
export const keyedValue = (sdl: SdlDefinition, collection: CollectionDefinition): fc.Arbitrary<MadeValue> =>
  madeObject(sdl, collection).filter(({ stored }) => keyOf(collection, stored) !== '');

export const keyOf = ({ key }: CollectionDefinition, stored: unknown): string =>
  String((stored as Readonly<Record<string, unknown>>)[key.name]);

/** Runs with a server for each of the options. All of them have the SDL file. */
export async function withServers(
  sdl: SdlDefinition,
  options: readonly ServerOptions[],
  run: (servers: readonly SeamlineServer[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'random-sdl-'));
  const schema = join(folder, 'schema.graphql');
  writeFileSync(schema, sdlOf(sdl));
  const servers: SeamlineServer[] = [];
  try {
    for (const each of options) servers.push(await createServer({ port: 0, drainTimeoutMs: 100, schema, ...each }));
    await run(servers);
  } finally {
    await Promise.all(servers.map((server) => server.drain()));
    rmSync(folder, { recursive: true });
  }
}

export const WAYS = ['variables', 'literals', 'batch by variables', 'batch by literals'] as const;
export type Way = (typeof WAYS)[number];

/** The body of the request that inserts the inputs, which are JSON that may be no value of the type. */
export function insertion(sdl: SdlDefinition, collection: CollectionDefinition, way: Way, inputs: readonly unknown[]) {
  const { name, plural } = collection;
  const many = `insert${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
  switch (way) {
    case 'variables':
      return {
        query: `mutation ($input: ${name}Input!) { done: insert${name}(input: $input) { cursor } }`,
        variables: { input: inputs[0] },
      };
    case 'literals':
      return { query: `mutation { done: insert${name}(input: ${literalOf(sdl, collection, inputs[0])}) { cursor } }` };
    case 'batch by variables':
      return {
        query: `mutation ($inputs: [${name}Input!]!) { done: ${many}(inputs: $inputs) { cursor } }`,
        variables: { inputs },
      };
    case 'batch by literals':
      return {
        query: `mutation { done: ${many}(inputs: [${inputs.map((input) => literalOf(sdl, collection, input)).join(' ')}]) { cursor } }`,
      };
  }
}

export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly locations?: readonly { readonly line: number; readonly column: number }[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

export const answerTo = async (server: SeamlineServer, body: object | string): Promise<Answer> =>
  (await (await post(server, typeof body === 'string' ? body : exactJson(body))).json()) as Answer;

/** As `JSON.stringify`, which writes 2 ** 60 with other digits than it has. */
export const exactJson = (value: unknown): string => JSON.stringify(exactNumbers(value));

/** In a form of which `JSON.stringify` writes all digits. */
export function exactNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exactNumbers);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, exactNumbers(member)]));
  const isLong = Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value as number) < 1e21;
  return isLong ? rawJson(String(BigInt(value as number))) : value;
}

const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** Inserts what must be good. */
export async function insertAll(
  server: SeamlineServer,
  { sdl, collection }: Pick<TypedScene, 'sdl' | 'collection'>,
  way: Way,
  values: readonly MadeValue[],
): Promise<void> {
  const inputs = values.map(({ sent }) => sent);
  const bodies = way.startsWith('batch')
    ? [insertion(sdl, collection, way, inputs)]
    : inputs.map((input) => insertion(sdl, collection, way, [input]));
  for (const body of bodies) {
    const { errors } = await answerTo(server, body);
    if (errors) throw new Error(`${JSON.stringify(body)}: ${JSON.stringify(errors)}`);
  }
}

export function mapIn(server: SeamlineServer, { plural }: CollectionDefinition): StreamingMap {
  const map = server.maps.get(plural);
  if (!map) throw new Error(`no collection ${plural}`);
  return map;
}

export const positionOf = (cursor: string): number => parseCursor(cursor).place.position;

/** What was delivered, without an error. */
export function deliveredTo<T>(reader: Reader): T[] {
  for (const { errors } of reader.results) if (errors) throw new Error(JSON.stringify(errors));
  return reader.delivered<T>();
}

/** So that a failure says what is missing. */
const LATE_MS = 20_000;

/** Rejects when the condition does not hold in time. */
export async function soonIn(reader: Reader, holds: () => boolean, describe: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const last = reader.results.slice(-3).map((result) => JSON.stringify(result));
      reject(new Error(`${describe()}: ${reader.results.length} results, the last ones are ${last.join('\n')}`));
    }, LATE_MS);
  });
  await Promise.race([reader.until(holds), late]).finally(() => clearTimeout(timer));
}

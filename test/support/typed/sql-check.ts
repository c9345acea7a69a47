/** The check of values in SQL, on a database that has nothing but the schema. */
import type { Client } from 'pg';
import type { CollectionDefinition, SdlDefinition } from '../../../schema/sdl/definition.ts';
import { schemaScript } from '../../../src/logs/postgres/schema/schema-script.ts';
import { valueShape } from '../../../src/server/collections/value-shape.ts';

export interface Pair {
  readonly key: string;
  /** The value as JSON. */
  readonly json: string;
}

export class SqlCheck {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async on(client: Client): Promise<SqlCheck> {
    await client.query(schemaScript());
    return new SqlCheck(client);
  }

  /** What is wrong with each; undefined: nothing. */
  async misfits(
    sdl: SdlDefinition,
    collection: CollectionDefinition,
    pairs: readonly Pair[],
  ): Promise<readonly (string | undefined)[]> {
    const { rows } = await this.#client.query<{ misfit: string | null }>(
      `select seamline.misfit(key, value::jsonb, $1::jsonb) as misfit
       from unnest($2::text[], $3::text[]) with ordinality as given (key, value, number) order by number`,
      [JSON.stringify(valueShape(sdl, collection)), pairs.map(({ key }) => key), pairs.map(({ json }) => json)],
    );
    return rows.map(({ misfit }) => misfit ?? undefined);
  }
}

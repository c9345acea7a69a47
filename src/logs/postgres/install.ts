/** The schema `seamline` in the database: creates it, upgrades it, or says who has to. */
import { UnfitLogError } from '../remote/driver.ts';
import { codeOf, type Query } from './connection.ts';
import { byHand, isForbidden, lackingRights, roleOf } from './rights.ts';
import { schemaScript, type Step, STEPS } from './schema/schema-script.ts';

/** There is no such schema, or no such table. */
export const isMissing = (error: unknown): boolean => ['3F000', '42P01', '42883'].includes(codeOf(error));

/** Throws `UnfitLogError` when the schema can't be used. */
export async function ensureSchema(query: Query, steps: readonly Step[] = STEPS): Promise<void> {
  await assertTrusted(query);
  const found = await versionOf(query);
  if (found.version < steps.length) await upgrade(query, found.version, steps);
  else if (found.oldest > steps.length)
    throw new UnfitLogError(
      `the schema seamline in PostgreSQL has version ${found.version}, and this seamline only knows version ${steps.length}: upgrade seamline`,
    );
  const lack = await lackingRights(query);
  if (lack !== undefined) throw new UnfitLogError(lack);
}

/** The functions of a schema do what its owner has put into them, with the rights of the node: a stranger could become superuser. */
async function assertTrusted(query: Query): Promise<void> {
  const [row] = await query(
    `select owner.rolname::text, own.rolname::text from pg_namespace
     join pg_roles owner on owner.oid = nspowner join pg_roles own on own.rolname = current_user
     where nspname = 'seamline' and own.rolsuper and not owner.rolsuper`,
  );
  if (!row) return;
  const [owner, own] = row.map(String);
  throw new UnfitLogError(
    `the schema seamline in PostgreSQL belongs to ${owner}, whose functions would run as the superuser ${own}: connect as ${owner}, or as a role of its own for nodes`,
  );
}

async function versionOf(query: Query): Promise<{ readonly version: number; readonly oldest: number }> {
  try {
    const [[version, oldest] = [0, 0]] = await query('select version, oldest from seamline.schema_version');
    return { version: Number(version), oldest: Number(oldest) };
  } catch (error) {
    if (isMissing(error)) return { version: 0, oldest: 0 };
    const lack = isForbidden(error) ? await lackingRights(query) : undefined;
    throw lack === undefined ? error : new UnfitLogError(lack, { cause: error });
  }
}

async function upgrade(query: Query, version: number, steps: readonly Step[]): Promise<void> {
  try {
    await query(schemaScript({ steps }));
  } catch (error) {
    await query('rollback');
    if (!isForbidden(error)) throw error;
    const role = await roleOf(query);
    const what =
      version === 0
        ? `PostgreSQL has no schema seamline, and the role ${role} may not create it`
        : `the schema seamline in PostgreSQL has version ${version} instead of ${steps.length}, and the role ${role} may not upgrade it`;
    throw new UnfitLogError(`${what}: ${byHand(role)}`, { cause: error });
  }
}

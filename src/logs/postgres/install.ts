/** The schema `seamline` in the database: creates it, upgrades it, or says who has to. */
import { UnfitLogError } from '../remote/driver.ts';
import { codeOf, type Query } from './connection.ts';
import { MISSING_RIGHTS } from './schema/roles.ts';
import { schemaScript, type Step, STEPS } from './schema/schema-script.ts';

/** There is no such schema, or no such table. */
export const isMissing = (error: unknown): boolean => ['3F000', '42P01', '42883'].includes(codeOf(error));

const isForbidden = (error: unknown): boolean => codeOf(error) === '42501';

/** So many rights are named in a line. */
const SHOWN_RIGHTS = 3;

const byHand = (flags: string): string =>
  `run \`seamline postgres-schema${flags}\` and give its output to psql as a role that may`;

/** Throws `UnfitLogError` when the schema can't be used. */
export async function ensureSchema(query: Query, steps: readonly Step[] = STEPS): Promise<void> {
  const found = await versionOf(query);
  if (found.version < steps.length) await upgrade(query, found.version, steps);
  else if (found.oldest > steps.length)
    throw new UnfitLogError(
      `the schema seamline in PostgreSQL has version ${found.version}, and this seamline only knows version ${steps.length}: upgrade seamline`,
    );
  const lack = await lackOfRights(query);
  if (lack) throw lack;
}

async function versionOf(query: Query): Promise<{ readonly version: number; readonly oldest: number }> {
  try {
    const [[version, oldest] = [0, 0]] = await query('select version, oldest from seamline.schema_version');
    return { version: Number(version), oldest: Number(oldest) };
  } catch (error) {
    if (isMissing(error)) return { version: 0, oldest: 0 };
    throw (isForbidden(error) && (await lackOfRights(query))) || error;
  }
}

/** Says which rights of a node the role lacks, if any. */
async function lackOfRights(query: Query): Promise<UnfitLogError | undefined> {
  const [[isUsable] = []] = await query("select has_schema_privilege('seamline', 'usage')");
  const missing = isUsable === true ? (await query(MISSING_RIGHTS)).map(String) : ['usage on schema seamline'];
  if (missing.length === 0) return undefined;
  const role = await roleOf(query);
  const more = missing.length > SHOWN_RIGHTS ? `, and ${missing.length - SHOWN_RIGHTS} more` : '';
  const named = missing.slice(0, SHOWN_RIGHTS).join(', ');
  return new UnfitLogError(
    `the role ${role} lacks rights of a node in PostgreSQL (${named}${more}): ${byHand(` --node ${role}`)}`,
  );
}

async function roleOf(query: Query): Promise<string> {
  const [[role] = []] = await query('select current_user::text');
  return String(role);
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
    throw new UnfitLogError(`${what}: ${byHand(` --node ${role}`)}`, { cause: error });
  }
}

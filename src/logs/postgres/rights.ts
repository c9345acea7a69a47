import { isRefusal, type Query } from './connection.ts';
import { MISSING_RIGHTS } from './schema/roles.ts';

/** So many rights are named in a line. */
const SHOWN_RIGHTS = 3;

/** What to do about a schema or a right that is missing. */
export const byHand = (role: string): string =>
  `run \`seamline postgres-schema --node ${role}\` and give its output to psql as a role that may`;

/** The user lacks a right. */
export const isForbidden = (error: unknown): error is Error => isRefusal(error) && error.code === '42501';

export async function roleOf(query: Query): Promise<string> {
  const [[role] = []] = await query('select current_user::text');
  return String(role);
}

/** Says which rights of a node the role lacks, if any. */
export async function lackingRights(query: Query): Promise<string | undefined> {
  const [[isUsable] = []] = await query("select has_schema_privilege('seamline', 'usage')");
  const missing = isUsable === true ? (await query(MISSING_RIGHTS)).map(String) : ['usage on schema seamline'];
  if (missing.length === 0) return undefined;
  const role = await roleOf(query);
  const more = missing.length > SHOWN_RIGHTS ? `, and ${missing.length - SHOWN_RIGHTS} more` : '';
  const named = missing.slice(0, SHOWN_RIGHTS).join(', ');
  return `the role ${role} lacks rights of a node in PostgreSQL (${named}${more}): ${byHand(role)}`;
}

/** The flag `--where`: a filter on values, as JSON. */
import { parseJson, UnkeptNumber } from '../core/model/json.ts';
import { UsageError } from './process/arguments.ts';

const MAX_QUOTED = 60;

/** Checks only that it can be sent, because the server checks the filter itself. Throws `UsageError`. */
export function valueFilterIn(text: string): object {
  const filter = parsed(text);
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    const start = JSON.stringify(text.slice(0, MAX_QUOTED));
    const given = text.length > MAX_QUOTED ? `${start} …` : start;
    throw new UsageError(
      `must be a JSON object such as '{"path":"/status","eq":"open"}', in single quotes, not ${given}`,
    );
  }
  const number = unkeptIn(filter);
  // It would be sent as another value.
  if (number)
    throw new UsageError(`must not have the number ${number.source}: it can't be kept exactly, so no item has it`);
  return filter;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Numbers replaced by the parser have no members. It doesn't recur, because the text may be nested deeply. */
function unkeptIn(filter: object): UnkeptNumber | undefined {
  const rest: unknown[] = [filter];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (value instanceof UnkeptNumber) return value;
    if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) rest.push(member);
  }
  return undefined;
}

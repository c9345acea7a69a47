/** The flags of the commands that talk to a running server. */
import type { Flags } from './arguments.ts';

export const SERVER_FLAGS = {
  url: {
    value: 'URL',
    help: 'GraphQL endpoint of the server (default SEAMLINE_URL, else http://127.0.0.1:4000/graphql)',
  },
  token: { value: 'TOKEN', help: 'bearer token to send (default SEAMLINE_TOKEN, else none)' },
} as const satisfies Flags;

/** Of the commands that read or write one collection. */
export const COLLECTION_FLAGS = {
  collection: {
    value: 'NAME',
    help: 'collection of the server, by its plural name such as quotes (default the first one)',
  },
  schema: {
    value: 'FILE',
    help: 'SDL file of the server, if the server refuses introspection',
  },
  ...SERVER_FLAGS,
} as const satisfies Flags;

export const TAIL_FLAGS = {
  limit: { value: 'N', help: 'end after N items' },
  after: { value: 'CURSOR', help: 'start after the item with this cursor' },
  prefix: { value: 'P', help: 'only keys that start with P' },
  where: { value: 'JSON', help: 'only items whose value matches this filter; in single quotes for the shell' },
  changes: { help: 'print messages of itemChanges instead, which include removals' },
  ...COLLECTION_FLAGS,
} as const satisfies Flags;

export const REMOVE_FLAGS = {
  'if-cursor': { value: 'CURSOR', help: 'remove the item only if this is still its cursor; for one KEY' },
  ...COLLECTION_FLAGS,
} as const satisfies Flags;

export const VERIFY_FLAGS = {
  seconds: { value: 'S', help: 'duration (default 30)' },
  seed: { value: 'N', help: 'repeat the plan of the run that printed this seed' },
  ...COLLECTION_FLAGS,
} as const satisfies Flags;

export const BENCH_FLAGS = {
  subscribers: { value: 'N', help: 'number of WebSockets that subscribe (default 200)' },
  seconds: { value: 'S', help: 'duration of each row (default 5)' },
  ...SERVER_FLAGS,
} as const satisfies Flags;

export const POSTGRES_SCHEMA_FLAGS = {
  node: { value: 'ROLE', help: 'grants a role the rights of a node; may be repeated', multiple: true },
  writer: {
    value: 'ROLE',
    help: 'grants a role the right to call seamline.insert and seamline.remove; may be repeated',
    multiple: true,
  },
} as const satisfies Flags;

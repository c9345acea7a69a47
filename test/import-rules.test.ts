import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const CORE = ['model', 'input/where', 'input', 'interest', 'replica', 'replication', 'subscriptions'].map(
  (name) => `src/core/${name}`,
);
const WHOLE_CORE = ['src/core', ...CORE];
const FAN_OUT = ['src/fanout', 'src/fanout/selection'];
const TRANSPORTS = [
  'protocol',
  'incoming',
  'observability',
  'answers',
  'operations',
  'streaming',
  'http',
  'websocket',
  'adapters',
].map((name) => `src/transports/${name}`);

/** What the files of each folder may import, beside each other. A folder that isn't listed fails. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/core/model': [],
  'src/core/input': ['src/core/model', 'src/core/input/where'],
  'src/core/input/where': ['src/core/model'],
  'src/core/interest': ['src/core/model', 'src/core/input', 'src/core/input/where'],
  'src/core/replica': ['src/core/model', 'src/core/input/where', 'src/core/input'],
  'src/core/replication': ['src/core/model', 'src/core/replica'],
  'src/core/subscriptions': ['src/core/model', 'src/core/input', 'src/core/replica', 'src/core/interest'],
  'src/core': CORE,

  'src/logs': WHOLE_CORE,
  'src/logs/memory': WHOLE_CORE,
  'src/logs/process': WHOLE_CORE,
  'src/logs/file/disk': WHOLE_CORE,
  'src/logs/file': [...WHOLE_CORE, 'src/logs', 'src/logs/process', 'src/logs/file/disk'],
  'src/logs/remote': [...WHOLE_CORE, 'src/logs', 'src/logs/process'],
  'src/logs/nats': [...WHOLE_CORE, 'src/logs/remote'],
  'src/logs/redis': [...WHOLE_CORE, 'src/logs/remote'],

  // The conformance suite, which others run on logs of their own.
  'src/testing': WHOLE_CORE,

  'schema/documents': [],
  'schema/request': WHOLE_CORE,
  'schema/sdl': [],
  'schema/stream': [...WHOLE_CORE, 'schema/request', 'schema/sdl'],
  'schema/federation': [...WHOLE_CORE, 'schema/request', 'schema/sdl', 'schema/stream'],
  'schema/typed': [...WHOLE_CORE, 'schema/request', 'schema/sdl', 'schema/stream'],
  'schema/collections': [...WHOLE_CORE, 'schema/request', 'schema/sdl', 'schema/stream', 'schema/typed'],
  schema: [...WHOLE_CORE, 'schema/sdl', 'schema/typed', 'schema/federation', 'schema/collections'],
  schema: [...WHOLE_CORE, 'schema/sdl', 'schema/typed', 'schema/collections'],

  'src/fanout/selection': [...WHOLE_CORE, 'schema/request'],
  'src/fanout': [...WHOLE_CORE, 'schema/request', ...FAN_OUT],

  'src/transports/protocol': [...WHOLE_CORE, 'schema/request'],
  'src/transports/incoming': ['src/core/model', 'schema/request', 'src/transports/protocol'],
  'src/transports/observability': [...WHOLE_CORE, 'schema/request', 'src/transports/protocol'],
  'src/transports/answers': ['schema/request', 'src/transports/protocol'],
  'src/transports/operations': [...WHOLE_CORE, 'schema/request', ...FAN_OUT, ...TRANSPORTS.slice(0, 4)],
  'src/transports/streaming': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 5)],
  'src/transports/http': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 6)],
  'src/transports/websocket': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 7)],
  'src/transports/adapters': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 6)],

  'src/server/observability': WHOLE_CORE,
  'src/server/collections': [...WHOLE_CORE, 'schema/sdl', 'schema/typed', 'src/logs/file/disk'],
  'src/server': [
    ...WHOLE_CORE,
    'src/logs/memory',
    'schema',
    'schema/request',
    'schema/sdl',
    'src/fanout',
    ...TRANSPORTS,
    'src/server/observability',
    'src/server/collections',
  ],

  // These know the schema's documents, never the server.
  'src/http-client': [],
  'src/described': ['schema/documents', 'schema/sdl'],
  'src/client': ['schema/documents'],
  'src/client/apollo': ['src/client'],
  'src/client/urql': ['src/client'],
  'src/verify/check': [],
  'src/verify/client': ['schema/documents', 'src/http-client'],
  'src/verify/workload': [
    'schema/documents',
    'src/described',
    'src/http-client',
    'src/verify/check',
    'src/verify/client',
  ],
  // A filter on values is checked by the code of the server, which runs in a browser as well.
  'src/console/session': ['schema/documents', 'src/described', 'src/client', 'src/core/input/where', 'src/core/model'],
  'src/console/controls': ['src/console/session'],
  'src/console/table': ['src/client', 'src/console/session', 'src/console/controls'],
  'src/console/panels': ['schema/documents', 'src/described', 'src/console/session', 'src/console/controls'],
  'src/console': ['src/console/session', 'src/console/controls', 'src/console/table', 'src/console/panels'],

  'src/cli/process': [
    ...WHOLE_CORE,
    'src/server',
    'src/transports/protocol',
    'src/transports/incoming',
    'src/http-client',
  ],
  'src/cli/completion': ['src/cli/process'],
  'src/cli/request': ['src/described', 'src/cli/process', 'src/http-client'],
  'src/cli/insert': [...WHOLE_CORE, 'src/described', 'src/cli/process', 'src/cli/request', 'src/http-client'],
  'src/cli': [
    ...WHOLE_CORE,
    'src/cli/process',
    'src/cli/request',
    'src/cli/insert',
    'src/server',
    'src/server/collections',
    'src/logs/file/disk',
    'src/http-client',
    'src/client',
    'src/verify/check',
    'src/verify/workload',
    'src/described',

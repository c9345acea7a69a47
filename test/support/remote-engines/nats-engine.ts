import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { managerOf, startNats } from '../engines/nats-logs.ts';
import { flipped, type RemoteEngine } from './remote-engine.ts';

/** The subject of the pieces of the newest object in the object store. */
async function newestPieces(url: string): Promise<string> {
  const manager = await managerOf(url);
  const { state } = await manager.streams.info('OBJ_test-snapshots', { subjects_filter: '$O.test-snapshots.M.>' });
  const subjects = Object.keys(state.subjects ?? {});
  const objects = await Promise.all(
    subjects.map(async (subject) => {
      const message = await manager.streams.getMessage('OBJ_test-snapshots', { last_by_subj: subject });
      return message?.json<{ name: string; nuid: string }>() ?? { name: '', nuid: '' };
    }),
  );
  const [newest] = objects.toSorted((a, b) => (a.name < b.name ? 1 : -1));
  return `$O.test-snapshots.C.${newest?.nuid}`;
}

export const natsEngine: RemoteEngine = {
  name: 'nats',
  title: 'NATS',
  knowsIds: true,
  codesWhenPaused: /^INDETERMINATE$/,
  start: ({ tls } = {}) =>
    startNats(
      tls
        ? { config: `tls { cert_file: "${tls.cert}", key_file: "${tls.key}", ca_file: "${tls.ca}", verify: true }` }
        : {},
    ),
  log: (servers, options = {}) => natsLog({ servers, stream: 'test', ...options }),
  losses: {
    'was deleted and created again': async ({ url }) => {
      const manager = await managerOf(url);
      const { config } = await manager.streams.info('test');
      await manager.streams.delete('test');
      await manager.streams.add(config);
    },
  },
  async appendForeign({ url }) {
    await (await managerOf(url)).jetstream().publish('test.commands', 'foreign');
    return 'foreign';
  },
  async resources({ url }) {
    const manager = await managerOf(url);
    return async () => (await manager.consumers.list('test').next()).length;
  },
  first: async ({ url }) => (await (await managerOf(url)).streams.info('test')).state.first_seq,
  async snapshotCount({ url }) {
    const pieces = { subjects_filter: '$O.test-snapshots.C.>' };
    const { state } = await (await managerOf(url)).streams.info('OBJ_test-snapshots', pieces);
    return Object.keys(state.subjects ?? {}).length;
  },
  purge: async ({ url }) => (await managerOf(url)).streams.purge('test'),
  removals: {
    'purges the stream': async ({ url }) => {
      const { streams } = await managerOf(url);
      await streams.purge('OBJ_test-snapshots');
      await streams.purge('test');
    },
    'purges a part of the stream and deletes the bucket of the snapshots': async ({ url }) => {
      const { streams } = await managerOf(url);
      await streams.delete('OBJ_test-snapshots');
      await streams.purge('test', { seq: 9 });
    },
    'limits the size of the stream': async ({ url }) => {
      const { streams } = await managerOf(url);
      await streams.purge('OBJ_test-snapshots');
      const { config } = await streams.info('test');
      await streams.update('test', { ...config, max_bytes: 12_000 });
      await streams.update('test', { ...config, max_bytes: 10_000_000 });
    },
  },
  async refuseSnapshots({ url }) {
    const { streams } = await managerOf(url);
    await streams.delete('OBJ_test-snapshots').catch(() => {});
    await streams.add({ name: 'OBJ_test-snapshots', subjects: ['elsewhere'], allow_direct: true });
  },
  snapshotFaults: {
    'is damaged': async ({ url }) => {
      const manager = await managerOf(url);
      const pieces = await newestPieces(url);
      const piece = await manager.streams.getMessage('OBJ_test-snapshots', { last_by_subj: pieces });
      await manager.streams.purge('OBJ_test-snapshots', { filter: pieces });
      await manager.jetstream().publish(pieces, flipped(piece?.data));
    },
    'has lost its pieces': async ({ url }) =>
      (await managerOf(url)).streams.purge('OBJ_test-snapshots', { filter: await newestPieces(url) }),
  },
};

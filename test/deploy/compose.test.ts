/** The compose files in deploy/ are consistent, and the server knows the settings in them. No engine runs them here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { filled, flagsOf } from '../support/deploy/manifests.ts';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly networks: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
  readonly secrets?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
}

const read = (name: string): string => readFileSync(`deploy/${name}`, 'utf8');
const composeOf = (name: string): Compose => parse(read(name), { merge: true }) as Compose;
const FILES = ['compose.yaml', 'compose.redis.yaml', 'compose.postgres.yaml'];

const named = ({ services }: Compose, prefix: string): string[] =>
  Object.keys(services).filter((name) => name.startsWith(prefix));

describe.each(FILES)('%s', (file) => {
  const compose = composeOf(file);
  const { services, networks, volumes } = compose;
  const nodes = named(compose, 'seamline-');

  it(`${file}: the nodes have only variables that the server knows, with valid values`, () => {
    expect(nodes).toHaveLength(3);
    for (const node of nodes) {
      const { flags, unknown } = flagsOf(services[node]?.environment ?? {});
      expect(unknown).toEqual([]);
      expect(flags).toMatchObject({ trustProxy: true });
    }
  });

  it(`${file}: a node has the time to drain`, () => {
    for (const node of nodes) {
      const { environment = {}, stop_grace_period: grace } = services[node] ?? {};
      expect(parseInt(grace ?? '0', 10) * 1000).toBeGreaterThan(flagsOf(environment).flags.drainTimeoutMs ?? Infinity);
    }
  });

  it(`${file}: the balancer knows the nodes by their names`, () => {
    const backends = read('haproxy.cfg')
      .split(/^backend /m)
      .slice(1);
    expect(backends).toHaveLength(2);
    for (const backend of backends)
      expect([...backend.matchAll(/^ +server (\S+) (\S+)$/gm)].map(([, name, address]) => [name, address])).toEqual(
        nodes.map((name) => [name, `${name}:4000`]),
      );
    expect(services['balancer']?.depends_on).toEqual(nodes);
  });

  it(`${file}: everything that a service names exists, and only nodes are in both networks`, () => {
    expect(networks['engine']).toEqual({ internal: true });
    const used = new Set<string>();
    for (const [name, service] of Object.entries(services)) {
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(Object.keys(services)).toContain(
          Array.isArray(service.depends_on) ? service.depends_on[Number(other)] : other,
        );
      expect(service.networks.length).toBe(nodes.includes(name) ? 2 : 1);
      for (const network of service.networks) expect(Object.keys(networks)).toContain(network);
      for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
        used.add(source);
        expect(source.startsWith('./') ? existsSync(join('deploy', source)) : source in volumes).toBe(true);
      }
    }
    expect(Object.keys(volumes).filter((name) => !used.has(name))).toEqual([]);
  });
});

describe('the engines of the compose files', () => {
  it('compose.yaml has three nats-servers that find each other, and the nodes name each and keep a replica on it', () => {
    const compose = composeOf('compose.yaml');
    const servers = named(compose, 'nats-');
    expect(servers).toHaveLength(3);
    const [, routes = ''] = /routes: \[(.*)\]/.exec(read('nats.conf')) ?? [];
    expect([...routes.matchAll(/nats:\/\/([^:]+):6222/g)].map(([, host]) => host)).toEqual(servers);
    for (const node of named(compose, 'seamline-')) {
      const { environment = {} } = compose.services[node] ?? {};
      const urls = filled(environment['SEAMLINE_NATS'] ?? '').split(',');
      expect(urls.map((url) => new URL(url).hostname)).toEqual(servers);
      expect(new Set(urls.map((url) => new URL(url).password))).toEqual(new Set([filled('${NATS_PASSWORD}')]));
      expect(environment['SEAMLINE_NATS_REPLICAS']).toBe(String(servers.length));
    }
  });

  it('compose.redis.yaml has one Redis with the password and the settings that the nodes need', () => {
    const { services } = composeOf('compose.redis.yaml');
    const { command = [] } = services['redis'] ?? {};
    expect(command.join(' ')).toContain('--appendonly yes --appendfsync always');
    const url = new URL(filled(services['seamline-1']?.environment?.['SEAMLINE_REDIS'] ?? ''));
    expect([url.hostname, url.port]).toEqual(['redis', '6379']);
    expect(url.password).toBe(filled(command.at(-1) ?? ''));
  });

  it('compose.postgres.yaml has one PostgreSQL with the user, the database and the password that the nodes read from a file', () => {
    const { services, secrets = {} } = composeOf('compose.postgres.yaml');
    const { environment = {}, secrets: own } = services['postgres'] ?? {};
    const [secret = ''] = own ?? [];
    for (const node of ['seamline-1', 'seamline-2', 'seamline-3']) {
      const { environment: variables = {}, secrets: shown } = services[node] ?? {};
      const url = new URL(variables['SEAMLINE_POSTGRES'] ?? '');
      expect([url.hostname, url.port]).toEqual(['postgres', '5432']);
      expect([url.username, url.pathname.slice(1)]).toEqual([environment['POSTGRES_USER'], environment['POSTGRES_DB']]);
      expect(variables['SEAMLINE_POSTGRES_PASSWORD_FILE']).toBe(`/run/secrets/${secret}`);
      expect(shown).toEqual(own);
    }
    expect(environment['POSTGRES_PASSWORD_FILE']).toBe(`/run/secrets/${secret}`);
    // The file that the first lines say how to make, which git ignores.
    const file = join('deploy', secrets[secret]?.file ?? '');
    expect(read('compose.postgres.yaml')).toContain(`> ${file}`);
    expect(readFileSync('.gitignore', 'utf8').split('\n')).toContain(`/${file}`);
  });
});
